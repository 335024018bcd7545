import type { StoredEvent, Value } from '../record/event.ts'
import { openRun } from './reduce/state.ts'
import { replay } from './replay.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { ValueScopes } from './value-scopes.ts'

/** How values are read while a record is replayed: both may have lost ones made again. */
export interface ReplayReading {
  readonly reading: <T>(node: string, read: () => Promise<T>) => Promise<T>
  readonly current: (value: Value) => Value
}

/** The values of a run as they were at a place of its record, in scopes of their own. */
export async function replayedScopes(
  { plan, program, settings, inputs }: Pick<RunRequest, 'plan' | 'program' | 'settings' | 'inputs'>,
  { json, reader }: Pick<RunServices, 'json' | 'reader'>,
  history: readonly StoredEvent[],
  { reading, current }: ReplayReading,
): Promise<ValueScopes> {
  const scopes = new ValueScopes(plan, program.pipelines, inputs, json, reader, current)
  // Nothing starts here: an item is opened when the log comes to it.
  const state = openRun(plan, { failure: settings.failure, failFast: false, window: 1 })
  await replay(state, scopes, new Map(), history, reading, {
    isUndoable: () => false,
    onHandle: ({ node: handler }) => scopes.handle(handler, {}),
  })
  return scopes
}
