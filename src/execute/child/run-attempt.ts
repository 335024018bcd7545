import { systemClock } from '../../internal/clock.ts'
import type { Digest } from '../../internal/digest.ts'
import type { AnyStep } from '../../define/step.ts'
import type { ArtifactStore } from '../../artifact/blob.ts'
import { attemptStep, type AttemptOutcome, type AttemptServices } from '../attempt.ts'
import { TieredReader } from '../blobs.ts'
import { errorRecord, revivedError } from '../error-record.ts'
import { JsonValues } from '../json-values.ts'
import { inlineRunner } from '../runner.ts'
import type { ChildChannel } from './channel.ts'
import { childExtension } from './extension.ts'
import { AskedMemory } from './memory-questions.ts'
import type { ChildAttempt, ChildOutcome, ToChild } from './protocol.ts'
import { fromSmallBlobs, toSmallBlobs } from './small-blobs.ts'

/** What a child runs an attempt with. */
export interface ChildServices extends Pick<
  AttemptServices,
  'predictorDigest' | 'project' | 'serviceOf' | 'secrets'
> {
  /** The folder of the workspace. */
  readonly folder: string
  readonly store: ArtifactStore
}

/** An attempt of this child that goes on. */
export interface RunningAttempt {
  /** Takes what the parent says to it. */
  take(message: ToChild): void
  readonly outcome: Promise<ChildOutcome>
}

/** Starts an attempt in this child, and tells its parent what it reports. */
export function startAttempt(
  step: AnyStep,
  { small, step: _key, address: _address, code: _code, ...attempt }: ChildAttempt,
  { project, folder, store, predictorDigest, serviceOf, secrets }: ChildServices,
  channel: ChildChannel,
): RunningAttempt {
  const given = new Map<Digest, Uint8Array>(fromSmallBlobs(small).map(({ digest, bytes }) => [digest, bytes]))
  const metadata = {
    blob: (digest: Digest) => Promise.resolve(given.get(digest)),
    dropBlob: () => Promise.resolve(),
  }
  const asked = new Map<Digest, { resolve: (bytes: Uint8Array) => void; reject: (error: Error) => void }>()
  const ask = (blob: Digest): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      asked.set(blob, { resolve, reject })
      channel.send({ type: 'blob', blob })
    })
  const reader = new TieredReader(metadata, store, ...(channel.sharesMemory ? [ask] : []))
  const extension = childExtension()
  const stop = new AbortController()
  const memory = new AskedMemory(channel, (blobs) => {
    for (const { digest, bytes } of blobs) given.set(digest, bytes)
  })
  const outcome = attemptStep(
    {
      ...attempt,
      step,
      memory,
      signal: stop.signal,
      onProgress: (done, total) => channel.send({ type: 'progress', done, total }),
      onLog: (level, message, fields) =>
        channel.send({ type: 'log', level, message, ...(fields === undefined ? {} : { fields }) }),
      onMetric: (name, value, step) =>
        // JSON has no NaN.
        channel.send({ type: 'metric', name, value: Number.isFinite(value) ? value : String(value), step }),
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
      serviceOf,
      secrets,
    },
  )
  return {
    take: (message) => {
      if (message.type === 'cancel') stop.abort(revivedError(message.reason))
      else if (message.type === 'memory') memory.answer(message)
      else if (message.type === 'blob') {
        const waiting = asked.get(message.blob)
        asked.delete(message.blob)
        if ('error' in message) waiting?.reject(revivedError(message.error))
        else waiting?.resolve(message.bytes)
      }
    },
    outcome: outcome.then((ended) => {
      if (extension !== undefined) channel.send({ type: 'extension', data: extension.ended() })
      return asData(ended)
    }),
  }
}

function asData(outcome: AttemptOutcome): ChildOutcome {
  if (outcome.ok) {
    const { blobs, ...others } = outcome
    return { ...others, small: toSmallBlobs(blobs) }
  }
  const { abandoned, error, blobs = [], ...others } = outcome
  return {
    ...others,
    small: toSmallBlobs(blobs),
    error: errorRecord(error),
    ...(abandoned === undefined ? {} : { abandoned: true }),
  }
}
