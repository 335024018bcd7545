import { PipewrightError } from '../../internal/error.ts'
import { hasBranches } from '../../plan/bodies.ts'
import { itemOfName, segmentsOf } from '../../plan/node-path.ts'
import type { Command } from './command.ts'
import { startReady } from './opening.ts'
import {
  nodeOf,
  openScope,
  shardOf,
  shardSize,
  status,
  type ChildState,
  type MapState,
  type RunState,
  type ScopeState,
} from './state.ts'

/** One step on the way from the root to a node. */
export interface Frame {
  readonly scope: ScopeState
  readonly number: number
  /** The node's path. */
  readonly path: string
  /** The item that the way goes on through, where the node is a map; the round of a loop. */
  readonly item: number
}

function unknown(path: string): never {
  throw new PipewrightError('PLAN_INVALID', `the run has no open node '${path}'`, {
    fix: 'the events do not belong to this plan; use a new run',
    details: { node: path },
  })
}

/**
 * The scope of an item; one that has not been opened yet is begun: where a log is replayed, items that failed, and are
 * open again, may leave no room in the window for those that came after them.
 */
function itemScope(
  run: RunState,
  map: MapState,
  item: number,
  path: string,
  prefix: string,
  commands: Command[],
): ScopeState {
  if (!(item >= 0 && item < map.count)) unknown(path)
  const shard = shardOf(map, item)
  let scope = shard.items.get(item)
  if (scope === undefined) {
    const at = item % shardSize
    if (shard.status[at] !== status.pending) unknown(path)
    scope = openScope(map.node.body, map.surroundings)
    shard.status[at] = status.running
    shard.items.set(item, scope)
    map.openItems++
    startReady(run, scope, prefix, commands)
  }
  return scope
}

/** The number of an item that a path names. */
function numberOf(name: string, child: ChildState | undefined): number | undefined {
  const item = itemOfName(name)
  if (typeof item === 'number') return item
  return child?.type === 'map' ? child.indices?.get(item) : undefined
}

/** Finds a node by its path (`trials[3]/train`, `gate/then/deploy`): the frames from the root down. */
export function locate(run: RunState, path: string, commands: Command[]): Frame[] {
  const frames: Frame[] = []
  const segments = segmentsOf(path)
  let scope = run.root
  let prefix = ''
  for (let at = 0; at < segments.length;) {
    const { id, item: name } = segments[at++]!
    const number = scope.graph.numbers.get(id) ?? unknown(path)
    const child = scope.children.get(number)
    const item = name === undefined ? -1 : (numberOf(name, child) ?? unknown(path))
    const here = prefix + id
    frames.push({ scope, number, path: here, item })
    if (at === segments.length) {
      if (name !== undefined) unknown(path)
      return frames
    }
    if (child?.type === 'map' && name !== undefined) {
      prefix = `${here}[${name}]/`
      scope = itemScope(run, child, item, path, prefix, commands)
    } else if (child?.type === 'loop' && item === child.round) {
      scope = child.scope
      prefix = `${here}[${name}]/`
    } else if (child?.type === 'scope') {
      const { branch } = child
      scope = child.scope
      prefix = `${here}/`
      if (hasBranches(nodeOf(frames.at(-1)!.scope, number))) {
        if (segments[at++]!.id !== branch) unknown(path)
        prefix += `${branch}/`
      }
    } else unknown(path)
  }
  return unknown(path)
}

/** Tells whether a path leads into a handler that is not begun: what was recorded of it is of an earlier end. */
export function isBeforeItsHandler(run: RunState, path: string): boolean {
  const { handlers, numbers } = run.root.graph
  // Handlers of sub-pipelines come with their pipeline: where that is not open, nothing of it is.
  if (handlers.length === 0) return false
  const [{ id } = { id: '' }] = segmentsOf(path)
  const number = numbers.get(id)
  return number !== undefined && handlers.includes(number) && run.root.status[number] === status.pending
}
