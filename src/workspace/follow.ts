import { setTimeout as sleep } from 'node:timers/promises'
import { revivedError } from '../execute/error-record.ts'
import type { RunOutcome, RunUpdate } from '../execute/run-request.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail, RunRecord, RunState } from '../record/records.ts'

/** How often the record of a run is looked at that somebody else drives, in milliseconds. */
const poll = 250

/** The place in the log up to which a run was followed. */
export interface Followed {
  seq: number
}

/** Whether a run could go on if somebody drove it. */
export function isOrphan({ state, owner }: Pick<RunRecord, 'state' | 'owner'>): boolean {
  return state === 'interrupted' || (state === 'waiting' && owner === null)
}

/** Whether somebody drives a run in this state, or it waits for something. */
export function goesOn(state: RunState): boolean {
  return state === 'running' || state === 'waiting'
}

/** How a run ended, as far as its record tells. */
export function recordedOutcome(detail: RunDetail): RunOutcome {
  const failures = detail.executions.flatMap(({ node, step, state, error }) =>
    state === 'failed' && step !== null && error !== null
      ? [{ node, error, cause: revivedError(error) }]
      : [],
  )
  const ownEnd = detail.error !== null && failures.length === 0 ? { error: revivedError(detail.error) } : {}
  return {
    state: detail.state === 'succeeded' || detail.state === 'cancelled' ? detail.state : 'failed',
    outputs: detail.outputs,
    failures,
    ...(detail.verification === null ? {} : { verification: detail.verification }),
    ...ownEnd,
  }
}

/**
 * Follows a run that somebody else drives: tells of its events after a place. Resolves with its end, or with
 * undefined when nobody drives it any more (or it is gone); rejects with the signal's reason.
 */
export async function follow(
  metadata: MetadataStore,
  run: string,
  followed: Followed,
  onUpdate: (update: RunUpdate) => void,
  signal: AbortSignal,
): Promise<RunOutcome | undefined> {
  for (;;) {
    signal.throwIfAborted()
    // The state first: a run that has ended has recorded all of its events.
    const [record] = await metadata.runsByPrefix(run)
    for await (const { seq, at, event } of metadata.events(run, followed.seq)) {
      followed.seq = seq
      onUpdate({ at, event })
    }
    if (record === undefined || isOrphan(record)) return undefined
    if (!goesOn(record.state)) {
      const detail = await metadata.detail(run)
      if (detail === undefined || isOrphan(detail)) return undefined
      // Else somebody has resumed it between the two reads.
      if (!goesOn(detail.state)) return recordedOutcome(detail)
    }
    await sleep(poll, undefined, { signal }).catch(() => undefined)
  }
}
