import type { StoredEvent } from '../record/event.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import { isBeforeItsHandler, locate } from './reduce/locate.ts'
import type { RunState } from './reduce/state.ts'
import { countTry, noTries, type Tries } from './tries.ts'
import type { ValueScopes } from './value-scopes.ts'

/** What replaying asks of whoever drives the run. */
export interface ReplayHost {
  /** Tells whether a node is an effect that can be taken back. */
  readonly isUndoable: (node: string) => boolean
  /** A handler begins. */
  readonly onHandle: (command: Command & { readonly type: 'handle' }) => void
}

/** Starts a run, folds what is recorded of it, and returns what is still to be done; `reading` reads lists of maps. */
export async function replay(
  state: RunState,
  scopes: ValueScopes,
  tries: Map<string, Tries>,
  history: readonly StoredEvent[],
  reading: <T>(node: string, read: () => Promise<T>) => Promise<T>,
  { isUndoable, onHandle }: ReplayHost,
): Promise<Command[]> {
  const outstanding = new Map<string, Command>()
  const feed = (event: ReduceEvent): void => {
    if ('node' in event) outstanding.delete(event.node)
    for (const command of reduce(state, event)) {
      if (command.type === 'collect') scopes.collect(command.node, command.item)
      else if (command.type === 'handle') onHandle(command)
      else outstanding.set('node' in command ? command.node : command.type, command)
    }
  }
  feed({ type: 'start' })
  for (const stored of history) {
    const { event } = stored
    countTry(tries, stored)
    // What handlers did when the run ended before is no part of how it ends now.
    if ('node' in event && isBeforeItsHandler(state, event.node)) {
      // The numbers of its attempts go on.
      if (event.type === 'node.succeeded') tries.set(event.node, { ...noTries(), started: event.attempt })
      continue
    }
    if (event.type === 'map.expanded') {
      const { node } = event
      const { count, keys } = await reading(node, () => scopes.expand(node))
      feed({ type: 'map.expanded', node, count, keys })
    } else if (event.type === 'branch.decided') feed(event)
    else if (event.type === 'loop.turned') {
      const { node, round } = event
      await reading(node, () => scopes.turn(node, round))
      feed(event)
    } else if (event.type === 'node.succeeded') {
      const { node, outputs } = event
      scopes.record(node, outputs)
      // Items that have failed, and were let go, are not to be begun again.
      if (event.step === null)
        for (const open of outstanding.keys())
          if (open.startsWith(`${node}[`) || open.startsWith(`${node}/`)) outstanding.delete(open)
      // What is taken from another run is that one's to take back.
      feed({ type: 'node.succeeded', node, undoable: event.reused === undefined && isUndoable(node) })
    } else if (event.type === 'node.undone') feed({ type: 'node.undone', node: event.node })
  }
  // Items that had failed are open again; their map may have succeeded without them. What has settled is still told: its
  // process may have died before it was recorded.
  return [...outstanding.values()].filter(
    (command) =>
      !('node' in command) || command.type === 'settled' || locate(state, command.node, []) !== undefined,
  )
}
