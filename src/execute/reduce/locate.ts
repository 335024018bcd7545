import { PipewrightError } from '../../internal/error.ts'
import { hasBranches } from '../../plan/bodies.ts'
import type { PlanScope } from '../../plan/document.ts'
import { graphOfScope } from '../../plan/graph.ts'
import { bodyAt } from '../../plan/locate.ts'
import { itemOfName, segmentsOf } from '../../plan/node-path.ts'
import type { Command } from './command.ts'
import { isHalted, startReady } from './opening.ts'
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
 * The scope of an item, undefined where it is over. One that has not been opened yet is begun: where a log is replayed,
 * items that failed, and are open again, may leave no room in the window for those that came after them.
 */
function itemScope(
  run: RunState,
  map: MapState,
  item: number,
  path: string,
  prefix: string,
  commands: Command[],
): ScopeState | undefined {
  if (!(item >= 0 && item < map.count)) unknown(path)
  const shard = shardOf(map, item)
  let scope = shard.items.get(item)
  if (scope === undefined) {
    const at = item % shardSize
    if (shard.status[at] !== status.pending || isHalted(run, map.surroundings)) return undefined
    scope = openScope(map.node.body, map.surroundings)
    shard.status[at] = status.running
    shard.items.set(item, scope)
    map.openItems++
    const begun: Command[] = []
    startReady(run, scope, prefix, begun)
    // What is being answered is not asked for again.
    for (const command of begun) if (!('node' in command && command.node === path)) commands.push(command)
  }
  return scope
}

/** The number of an item that a path names. */
function numberOf(name: string, child: ChildState | undefined): number | undefined {
  const item = itemOfName(name)
  if (typeof item === 'number') return item
  return child?.type === 'map' ? child.indices?.get(item) : undefined
}

/** Nothing inside a node is looked at any more: it has settled, or was held back when the run was halted. */
function isOver(run: RunState, scope: ScopeState, number: number): boolean {
  const current = scope.status[number]
  return current === status.pending ? isHalted(run, scope) : current !== status.running
}

/**
 * Finds a node by its path (`trials[3]/train`, `gate/then/deploy`): the frames from the root down. Undefined where what
 * it is inside of is over: answers that come late, or a second time, change nothing.
 */
export function locate(run: RunState, path: string, commands: Command[]): Frame[] | undefined {
  const frames: Frame[] = []
  const segments = segmentsOf(path)
  let scope = run.root
  let prefix = ''
  for (let at = 0; at < segments.length;) {
    const { id, item: name } = segments[at++]!
    const number = scope.graph.numbers.get(id) ?? unknown(path)
    const here = prefix + id
    if (at < segments.length && isOver(run, scope, number)) return undefined
    const child = scope.children.get(number)
    const item = name === undefined ? -1 : (numberOf(name, child) ?? unknown(path))
    frames.push({ scope, number, path: here, item })
    if (at === segments.length) {
      if (name !== undefined) unknown(path)
      return frames
    }
    if (child?.type === 'map' && name !== undefined) {
      prefix = `${here}[${name}]/`
      const inside = itemScope(run, child, item, path, prefix, commands)
      if (inside === undefined) return undefined
      scope = inside
    } else if (child?.type === 'loop' && item !== -1 && item <= child.round) {
      if (item < child.round) return undefined
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

/** What is open inside a node, where a path goes on by a name; undefined where nothing of it is. */
function openInside(child: ChildState | undefined, name: string | undefined): ScopeState | undefined {
  if (child?.type !== 'map') return child?.scope
  const item = name === undefined ? undefined : numberOf(name, child)
  return item === undefined ? undefined : child.shards[Math.floor(item / shardSize)]?.items.get(item)
}

/** Tells whether a path leads into a handler that is not begun: what was recorded of it is of an earlier end. */
export function isBeforeItsHandler(run: RunState, path: string): boolean {
  const segments = segmentsOf(path)
  let planned: PlanScope | undefined = run.plan.scope
  let scope: ScopeState | undefined = run.root
  for (let at = 0; at < segments.length && planned !== undefined;) {
    const { id, item } = segments[at++]!
    const { nodes, numbers } = graphOfScope(planned)
    const number = numbers.get(id)
    if (number === undefined) return false
    const node = nodes[number]!
    if (node.type === 'handler' && (scope?.status[number] ?? status.pending) === status.pending) return true
    scope = openInside(scope?.children.get(number), item)
    planned = bodyAt(run.plan, node, hasBranches(node) ? segments[at++]?.id : undefined)
  }
  return false
}
