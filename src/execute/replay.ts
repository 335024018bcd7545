import type { StoredEvent } from '../record/event.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import type { RunState } from './reduce/state.ts'
import { countTry, type Tries } from './tries.ts'
import type { ValueScopes } from './value-scopes.ts'

/** Starts a run, folds what is recorded of it, and returns what is still to be done; `reading` reads lists of maps. */
export async function replay(
  state: RunState,
  scopes: ValueScopes,
  tries: Map<string, Tries>,
  history: readonly StoredEvent[],
  reading: <T>(node: string, read: () => Promise<T>) => Promise<T>,
): Promise<Command[]> {
  const outstanding = new Map<string, Command>()
  const feed = (event: ReduceEvent): void => {
    if ('node' in event) outstanding.delete(event.node)
    for (const command of reduce(state, event)) {
      if (command.type === 'collect') scopes.collect(command.node, command.item)
      else outstanding.set('node' in command ? command.node : command.type, command)
    }
  }
  feed({ type: 'start' })
  for (const stored of history) {
    const { event } = stored
    countTry(tries, stored)
    if (event.type === 'map.expanded') {
      await reading(event.node, () => scopes.expand(event.node))
      feed(event)
    } else if (event.type === 'branch.decided') feed(event)
    else if (event.type === 'node.succeeded') {
      scopes.record(event.node, event.outputs)
      feed(event)
    }
  }
  return [...outstanding.values()]
}
