import { setTimeout as sleep } from 'node:timers/promises'
import type { RunOutcome, RunUpdate } from '../execute/run-request.ts'
import type { ErrorRecord } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail } from '../record/records.ts'

/** How often the record of a run is looked at that somebody else drives, in milliseconds. */
const poll = 250

function asError({ name, message, stack, code, cause }: ErrorRecord): Error {
  const error = new Error(message, cause === undefined ? {} : { cause: asError(cause) })
  return Object.assign(error, {
    name,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
  })
}

/** How a run ended, as far as its record tells. */
export function recordedOutcome(detail: RunDetail): RunOutcome {
  const failures = detail.executions.flatMap(({ node, step, state, error }) =>
    state === 'failed' && step !== null && error !== null ? [{ node, error, cause: asError(error) }] : [],
  )
  const ownEnd = detail.error !== null && failures.length === 0 ? { error: asError(detail.error) } : {}
  return {
    state: detail.state === 'succeeded' || detail.state === 'cancelled' ? detail.state : 'failed',
    outputs: detail.outputs,
    failures,
    ...ownEnd,
  }
}

/**
 * Follows a run that somebody else drives: tells of its events from now on. Resolves with its end, or with
 * undefined when nobody drives it any more; rejects with the signal's reason.
 */
export async function follow(
  metadata: MetadataStore,
  run: string,
  onUpdate: (update: RunUpdate) => void,
  signal: AbortSignal,
): Promise<RunOutcome | undefined> {
  let place = 0
  for await (const { seq } of metadata.events(run)) place = seq
  for (;;) {
    // The state first: a run that has ended has recorded all of its events.
    const [record] = await metadata.runsByPrefix(run)
    for await (const { seq, at, event } of metadata.events(run, place)) {
      place = seq
      onUpdate({ at, event })
    }
    if (record === undefined || record.state === 'interrupted') return undefined
    if (record.state !== 'running' && record.state !== 'waiting')
      return recordedOutcome((await metadata.detail(run))!)
    await sleep(poll, undefined, { signal }).catch(() => undefined)
    if (signal.aborted) throw signal.reason
  }
}
