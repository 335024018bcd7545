import type { ErrorRecord, StoredEvent } from './event.ts'

/** An effect of a failed run that was to be taken back. */
export interface UndoneEffect {
  readonly node: string
  /** `running`: it was begun, and nothing is recorded of its end. */
  readonly state: 'running' | 'undone' | 'failed'
  /** When it was begun, in milliseconds since the epoch. */
  readonly startedAt: number
  readonly finishedAt: number | null
  /** Why it could not be taken back. */
  readonly error: ErrorRecord | null
}

/** Folds the effects that were taken back from the events of a run, in the order in which that was begun. */
export function undoneIn(events: Iterable<Pick<StoredEvent, 'at' | 'event'>>): readonly UndoneEffect[] {
  const effects = new Map<string, UndoneEffect>()
  for (const { at, event } of events) {
    if (event.type === 'undo.started') {
      const startedAt = effects.get(event.node)?.startedAt ?? at
      effects.set(event.node, {
        node: event.node,
        state: 'running',
        startedAt,
        finishedAt: null,
        error: null,
      })
    } else if (event.type === 'node.undone') {
      const begun = effects.get(event.node)
      if (begun === undefined) continue
      const { error } = event
      const state = error === undefined ? 'undone' : 'failed'
      effects.set(event.node, { ...begun, state, finishedAt: at, error: error ?? null })
    }
  }
  return [...effects.values()]
}
