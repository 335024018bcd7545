import type { LiveEvent } from '../execute/run-request.ts'
import type { RunEvent } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { goesOn } from './follow.ts'
import type { ActiveRun } from './handle.ts'

/**
 * Which events of a run are read.
 *
 * @example
 * ```ts
 * const closed = new AbortController()
 * for await (const { seq, event } of pw.events(run.id, { after: 17, follow: true, signal: closed.signal }))
 *   console.log(seq, event.type) // from 18 on
 * ```
 */
export interface EventOptions {
  /** The `seq` of the last event that is known: those after it are given. Default: all. */
  readonly after?: number
  /** Goes on until the run ends, whichever process drives it. Default false. */
  readonly follow?: boolean
  /** Ends following. */
  readonly signal?: AbortSignal
}

/** Something that happened in a run. */
export interface SeenEvent {
  /** The place in the log: rising, and a place to go on from. Progress and log lines are not recorded and have none. */
  readonly seq: number | undefined
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: RunEvent | LiveEvent
}

/** How often the record of a run is looked at, in milliseconds; what this process drives tells of itself. */
const poll = 250

/** A burst of events is read at once, this many milliseconds after its first. */
const settle = 20

/**
 * The events of a run from its record; with `follow` those to come too, among them the progress and the log lines of a
 * run that this process drives.
 */
export async function* runEvents(
  metadata: Pick<MetadataStore, 'events' | 'runsByPrefix'>,
  active: ActiveRun | undefined,
  run: string,
  { after = 0, follow = false, signal }: EventOptions,
): AsyncGenerator<SeenEvent> {
  let last = after
  let wake: () => void = () => undefined
  let live: SeenEvent[] = []
  const onAbort = (): void => wake()
  signal?.addEventListener('abort', onAbort)
  const stopListening = !follow
    ? undefined
    : active?.updates.tell(({ at, event }) => {
        if (event.type === 'attempt.progress' || event.type === 'attempt.log')
          live.push({ seq: undefined, at, event })
        wake()
      })
  try {
    for (;;) {
      signal?.throwIfAborted()
      // The state first: a run that has ended has recorded all of its events.
      const [record] = follow ? await metadata.runsByPrefix(run) : []
      for await (const { seq, at, event } of metadata.events(run, last)) {
        last = seq
        yield { seq, at, event }
      }
      const told = live
      live = []
      yield* told
      if (record === undefined || !goesOn(record.state)) return
      await new Promise<void>((resolve) => {
        let timer = setTimeout(resolve, poll)
        wake = () => {
          wake = () => undefined
          clearTimeout(timer)
          timer = setTimeout(resolve, settle)
        }
        if (live.length > 0) wake()
      })
    }
  } finally {
    stopListening?.()
    signal?.removeEventListener('abort', onAbort)
  }
}
