import { PipewrightError } from '../../internal/error.ts'
import {
  nodeOf,
  openScope,
  shardOf,
  shardSize,
  status,
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
  /** The item that the way goes on through, where the node is a map. */
  readonly item: number
}

function unknown(path: string): never {
  throw new PipewrightError('PLAN_INVALID', `the run has no open node '${path}'`, {
    fix: 'the events do not belong to this plan; use a new run',
    details: { node: path },
  })
}

/** The scope of an item; one that has not been opened yet is opened (a resumed log may be out of order). */
function itemScope(map: MapState, item: number, path: string): ScopeState {
  if (!(item >= 0 && item < map.count)) unknown(path)
  const shard = shardOf(map, item)
  let scope = shard.items.get(item)
  if (scope === undefined) {
    const at = item % shardSize
    if (shard.status[at] !== status.pending) unknown(path)
    scope = openScope(map.node.body)
    shard.status[at] = status.running
    shard.items.set(item, scope)
    map.openItems++
  }
  return scope
}

/** Finds a node by its path (`trials[3]/train`, `gate/then/deploy`): the frames from the root down. */
export function locate(run: RunState, path: string): Frame[] {
  const frames: Frame[] = []
  const segments = path.split('/')
  let scope = run.root
  let prefix = ''
  for (let at = 0; at < segments.length;) {
    const segment = segments[at++]!
    const bracket = segment.indexOf('[')
    const id = bracket === -1 ? segment : segment.slice(0, bracket)
    const number = scope.graph.numbers.get(id) ?? unknown(path)
    const item = bracket === -1 ? -1 : Number(segment.slice(bracket + 1, -1))
    const here = prefix + id
    frames.push({ scope, number, path: here, item })
    if (at === segments.length) {
      if (bracket !== -1) unknown(path)
      return frames
    }
    const child = scope.children.get(number)
    if (child?.type === 'map' && item !== -1) {
      scope = itemScope(child, item, path)
      prefix = `${here}[${item}]/`
    } else if (child?.type === 'scope') {
      scope = child.scope
      prefix = `${here}/`
      if (nodeOf(frames.at(-1)!.scope, number).type === 'when') {
        const branch = segments[at++]
        if (branch !== child.branch) unknown(path)
        prefix += `${branch}/`
      }
    } else unknown(path)
  }
  return unknown(path)
}
