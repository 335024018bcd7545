import { randomUUID } from 'node:crypto'
import { systemClock } from '../internal/clock.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import type { AnyPredictor } from '../artifact/predictor.ts'
import type { AnyService } from '../define/service.ts'
import { stepCode, type CodeSettings } from '../code/step-digest.ts'
import { TieredReader } from '../execute/blobs.ts'
import { CacheLookup } from '../execute/cache-lookup.ts'
import { JsonValues } from '../execute/json-values.ts'
import type { ChildBoot } from '../execute/child/protocol.ts'
import { machineResources } from '../execute/machine-resources.ts'
import { ResourcePool } from '../execute/resource-pool.ts'
import type { RunServices } from '../execute/run-request.ts'
import { inlineRunner } from '../execute/runner.ts'
import { Runners } from '../execute/runners.ts'
import { ServiceHost } from '../execute/service-host.ts'
import { SharedCache } from '../execute/shared-cache.ts'
import { childEntries, loaderArguments } from './child-start.ts'
import { declaredSources, openSecretProviders } from '../secret/open-sources.ts'
import { WorkspaceSecrets } from '../secret/workspace-secrets.ts'
import { PythonWorkers } from '../python/python-workers.ts'
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

/** Where children find what the settings declare. */
export function serviceAddresses(services: readonly AnyService[]): ChildBoot['services'] {
  return services.map(({ name, module }) => ({ name, module }))
}

/** What runs are driven with, and what ends with the workspace. */
export interface WorkspaceServices extends RunServices {
  readonly python: PythonWorkers
}

/** What runs of a workspace are driven with, composed of its parts. */
export function servicesOf({
  root,
  opaque,
  folder,
  store,
  metadata,
  resources,
  services = [],
  runners = {},
  telemetry,
  secrets,
  python,
  onEnvironment,
  engine = {},
}: WorkspaceParts): WorkspaceServices {
  const host = new ServiceHost(services)
  const elsewhere = new Runners({
    settings: runners,
    boot:
      store.place === undefined
        ? undefined
        : {
            project: root,
            opaque,
            secrets: declaredSources(secrets, root),
            folder,
            store: store.place,
            services: serviceAddresses(services),
          },
    entries: childEntries,
    nodeArguments: loaderArguments(),
    metadata,
  })
  const reader = new TieredReader(metadata, store)
  const json = new JsonValues(reader)
  const workers = new PythonWorkers({ root, python, onEnvironment })
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
    attempt: engine.attempt ?? elsewhere.attempt,
    services: host,
    serviceOf: (name) => host.get(name),
    closeRunners: () => elsewhere.close(),
    ports: { registry: metadata, python: workers },
    python: workers,
    predictorDigest: predictorDigestIn({ root, opaque }),
    resources: new ResourcePool({ ...machineResources(), ...resources }),
    secrets: new WorkspaceSecrets(openSecretProviders(secrets, root)),
    lookup: new CacheLookup(metadata, store, reader, json, shared),
    ...(shared === undefined ? {} : { shared }),
    ...(telemetry === undefined ? {} : { telemetry }),
  }
}
