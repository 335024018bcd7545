import type { PlanLoop, PlanMap, PlanNode, PlanScope } from '../../plan/document.ts'
import { graphOfScope, type ScopeGraph } from '../../plan/graph.ts'
import type { PlanGraph } from '../../plan/locate.ts'
import { itemName } from '../../plan/node-path.ts'

/** The state of a node inside the reducer: one byte. */
export const status = {
  pending: 0,
  running: 1,
  succeeded: 2,
  skipped: 3,
  failed: 4,
  blocked: 5,
  cancelled: 6,
} as const

/** One of the values of {@link status}. */
export type Status = (typeof status)[keyof typeof status]

/** A settled node whose dependents may go on. */
export function isGood(value: Status): boolean {
  return value === status.succeeded || value === status.skipped
}

/** How many items of a map share a shard. */
export const shardSize = 1_000

/** What a scope inherits from where it is opened. */
export interface Surroundings {
  /** It is inside a handler: neither a failure elsewhere nor a cancel keeps its nodes from starting. */
  readonly cleanup: boolean
  /** How many calls of each pipeline that recurses it is inside of. */
  readonly depths: Readonly<Record<string, number>>
}

/** The state of one scope. The scope owns it and changes it in place. */
export interface ScopeState extends Surroundings {
  readonly graph: ScopeGraph
  readonly status: Uint8Array
  /** How many sources of each node have not settled; -1 for handlers, which wait for all of the scope. */
  readonly waiting: Int32Array
  /** The first source of a node that did not end well. */
  readonly spoiltBy: Map<number, number>
  readonly children: Map<number, ChildState>
  /** Nodes that have not settled; handlers are not counted. */
  open: number
  running: number
  failed: number
  cancelled: number
  blocked: number
  /** Which handlers are begun: none (0), those on failure (1), all (2). */
  handling: 0 | 1 | 2
}

/** The items of a map, at most {@link shardSize} of them. */
export interface ShardState {
  readonly status: Uint8Array
  /** The scopes of items that are being worked on. */
  readonly items: Map<number, ScopeState>
}

/** A map that knows its items: the parent sees nothing but counts. */
export interface MapState {
  readonly type: 'map'
  readonly node: PlanMap
  readonly surroundings: Surroundings
  readonly count: number
  /** What names the items, where the map has a key; undefined where their indices do. */
  readonly keys: readonly string[] | undefined
  readonly indices: ReadonlyMap<string, number> | undefined
  /** How many items may fail. */
  readonly maxFailed: number
  /** How many items may be open at once. */
  readonly window: number
  readonly shards: ShardState[]
  /** The first item that has never been opened. */
  next: number
  openItems: number
  settled: number
  failed: number
  cancelled: number
}

/** A loop in one of its rounds. */
export interface LoopState {
  readonly type: 'loop'
  readonly node: PlanLoop
  readonly round: number
  readonly scope: ScopeState
  /** The last round is over. */
  isLast?: true
}

/** What runs inside a container. */
export type ChildState =
  | MapState
  | LoopState
  | { readonly type: 'scope'; readonly branch: string | undefined; readonly scope: ScopeState }

/** The state of a whole run. */
export interface RunState {
  readonly root: ScopeState
  readonly plan: PlanGraph
  readonly policy: ReducePolicy
  /** Nothing new starts any more, outside of handlers. */
  halted: boolean
  cancelling: boolean
  finished: boolean
  /** Effects that have happened and can be taken back, in the order in which they did. */
  readonly undoable: string[]
  /** They are being taken back: the run can only fail. */
  undoing: boolean
}

/** What the reducer needs to know of a run's settings. */
export interface ReducePolicy {
  readonly failure: 'stop' | 'continue'
  readonly failFast: boolean
  /** Open items of a map that says nothing itself. */
  readonly window: number
}

const outside: Surroundings = { cleanup: false, depths: {} }

/** A fresh scope. */
export function openScope(scope: PlanScope, { cleanup, depths }: Surroundings): ScopeState {
  const graph = graphOfScope(scope)
  const waiting = graph.indegree.slice()
  for (const handler of graph.handlers) waiting[handler] = -1
  return {
    cleanup,
    depths,
    graph,
    status: new Uint8Array(graph.nodes.length),
    waiting,
    spoiltBy: new Map(),
    children: new Map(),
    open: graph.nodes.length - graph.handlers.length,
    running: 0,
    failed: 0,
    cancelled: 0,
    blocked: 0,
    handling: 0,
  }
}

/** A fresh run. */
export function openRun(plan: PlanGraph, policy: ReducePolicy): RunState {
  return {
    root: openScope(plan.scope, outside),
    plan,
    policy,
    halted: false,
    cancelling: false,
    finished: false,
    undoable: [],
    undoing: false,
  }
}

/** A fresh map of `count` items, with their keys where it has any. */
export function openMap(
  node: PlanMap,
  surroundings: Surroundings,
  count: number,
  keys: readonly string[] | undefined,
  policy: ReducePolicy,
): MapState {
  const { maxFailed = 0, concurrency } = node
  return {
    type: 'map',
    node,
    surroundings,
    count,
    keys,
    indices: keys === undefined ? undefined : new Map(keys.map((key, index) => [key, index])),
    maxFailed: typeof maxFailed === 'number' ? maxFailed : Math.floor(maxFailed.share * count),
    window: concurrency ?? policy.window,
    shards: [],
    next: 0,
    openItems: 0,
    settled: 0,
    failed: 0,
    cancelled: 0,
  }
}

/** What stands before the ids of the nodes of an item. */
export function itemPrefix(map: MapState, path: string, item: number): string {
  return `${path}[${itemName(map.keys?.[item] ?? item)}]/`
}

/** The shard of an item, made when it is first needed. */
export function shardOf(map: MapState, item: number): ShardState {
  const number = Math.floor(item / shardSize)
  let shard = map.shards[number]
  if (shard === undefined) {
    const size = Math.min(shardSize, map.count - number * shardSize)
    shard = { status: new Uint8Array(size), items: new Map() }
    map.shards[number] = shard
  }
  return shard
}

/** The plan node behind a number. */
export function nodeOf(scope: ScopeState, number: number): PlanNode {
  return scope.graph.nodes[number]!
}
