import { randomUUID } from 'node:crypto'
import { systemClock } from '../internal/clock.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import type { AnyPredictor } from '../artifact/predictor.ts'
import { stepCode, type CodeSettings } from '../code/step-digest.ts'
import { TieredReader } from '../execute/blobs.ts'
import { CacheLookup } from '../execute/cache-lookup.ts'
import { JsonValues } from '../execute/json-values.ts'
import { ResourcePool } from '../execute/resource-pool.ts'
import type { RunServices } from '../execute/run-request.ts'
import { inlineRunner } from '../execute/runner.ts'
import { SharedCache } from '../execute/shared-cache.ts'
import type { WorkspaceParts } from './parts.ts'

const unread = new WeakMap<AnyPredictor, Digest>()

/** Code that cannot be read equals itself within a process, and nothing else. */
function digestHere(predictor: AnyPredictor): Digest {
  const known = unread.get(predictor) ?? sha256(`unread predictor ${randomUUID()}`)
  unread.set(predictor, known)
  return known
}

/** Gives the code digests of predictors of a project. */
export function predictorDigestIn(settings: CodeSettings): (predictor: AnyPredictor) => Promise<Digest> {
  return async (predictor) => {
    const { name, module, version, predict } = predictor
    const code = await stepCode({ name, module, version, run: predict }, settings)
    return code.cacheable ? code.digest : digestHere(predictor)
  }
}

/** What runs of a workspace are driven with, composed of its parts. */
export function servicesOf({
  root,
  opaque,
  folder,
  store,
  metadata,
  resources,
  telemetry,
  engine = {},
}: WorkspaceParts): RunServices {
  const reader = new TieredReader(metadata, store)
  const json = new JsonValues(reader)
  const shared = store.entries && new SharedCache(store.entries, metadata, reader)
  return {
    project: root,
    root: folder,
    store,
    metadata,
    reader,
    json,
    runner: inlineRunner,
    clock: engine.clock ?? systemClock,
    random: engine.random ?? Math.random,
    ...(engine.attempt === undefined ? {} : { attempt: engine.attempt }),
    ports: { registry: metadata },
    predictorDigest: predictorDigestIn({ root, opaque }),
    resources: new ResourcePool(resources),
    lookup: new CacheLookup(metadata, store, reader, json, shared),
    ...(shared === undefined ? {} : { shared }),
    ...(telemetry === undefined ? {} : { telemetry }),
  }
}
