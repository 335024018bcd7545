import { systemClock } from '../../internal/clock.ts'
import type { Digest } from '../../internal/digest.ts'
import type { AnyStep } from '../../define/step.ts'
import type { ArtifactStore } from '../../artifact/blob.ts'
import { attemptStep, type AttemptOutcome, type AttemptServices } from '../attempt.ts'
import { TieredReader } from '../blobs.ts'
import { startCapture } from '../capture.ts'
import { errorRecord } from '../error-record.ts'
import { JsonValues } from '../json-values.ts'
import { inlineRunner } from '../runner.ts'
import { send } from './channel.ts'
import { childExtension } from './extension.ts'
import { AskedMemory } from './memory-questions.ts'
import type { ChildAttempt, ChildOutcome } from './protocol.ts'
import { fromSmallBlobs, toSmallBlobs } from './small-blobs.ts'

/** What a child runs an attempt with. */
export interface ChildServices extends Pick<AttemptServices, 'predictorDigest' | 'project'> {
  /** The folder of the workspace. */
  readonly folder: string
  readonly store: ArtifactStore
}

/** Runs one attempt in this process, which was started for it, and tells its parent. */
export async function runAttempt(
  step: AnyStep,
  { small, step: _key, ...attempt }: ChildAttempt,
  { project, folder, store, predictorDigest }: ChildServices,
): Promise<void> {
  const given = new Map<Digest, Uint8Array>(fromSmallBlobs(small).map(({ digest, bytes }) => [digest, bytes]))
  const metadata = {
    blob: (digest: Digest) => Promise.resolve(given.get(digest)),
    dropBlob: () => Promise.resolve(),
  }
  const reader = new TieredReader(metadata, store)
  const extension = childExtension()
  const stop = new AbortController()
  process.once('SIGTERM', () => stop.abort(new Error('the run was cancelled')))
  startCapture()
  const outcome = await attemptStep(
    {
      ...attempt,
      step,
      memory: new AskedMemory((blobs) => {
        for (const { digest, bytes } of blobs) given.set(digest, bytes)
      }),
      signal: stop.signal,
      onProgress: (done, total) => send({ type: 'progress', done, total }),
      onLog: (level, message, fields) =>
        send({ type: 'log', level, message, ...(fields === undefined ? {} : { fields }) }),
      onMetric: (name, value, step) =>
        // JSON has no NaN.
        send({ type: 'metric', name, value: Number.isFinite(value) ? value : String(value), step }),
    },
    {
      project,
      root: folder,
      store,
      reader,
      json: new JsonValues(reader),
      runner: extension?.runner(inlineRunner) ?? inlineRunner,
      clock: systemClock,
      ports: {},
      predictorDigest,
    },
  )
  if (extension !== undefined) send({ type: 'extension', data: extension.ended() })
  send({ type: 'outcome', outcome: asData(outcome) })
}

function asData(outcome: AttemptOutcome): ChildOutcome {
  if (outcome.ok) {
    const { blobs, ...others } = outcome
    return { ...others, small: toSmallBlobs(blobs) }
  }
  const { abandoned: _abandoned, error, ...others } = outcome
  return { ...others, error: errorRecord(error) }
}
