import type { PlanMap, PlanNode, PlanScope } from '../../plan/document.ts'
import { graphOfScope, type ScopeGraph } from '../../plan/graph.ts'

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

/** The state of one scope. The scope owns it and changes it in place. */
export interface ScopeState {
  readonly graph: ScopeGraph
  readonly status: Uint8Array
  /** How many sources of each node have not settled. */
  readonly waiting: Int32Array
  /** The first source of a node that did not end well. */
  readonly spoiltBy: Map<number, number>
  readonly children: Map<number, ChildState>
  /** Nodes that have not settled. */
  open: number
  running: number
  failed: number
  cancelled: number
  blocked: number
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
  readonly count: number
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

/** What runs inside a container. */
export type ChildState =
  | MapState
  | { readonly type: 'scope'; readonly branch: 'then' | 'else' | undefined; readonly scope: ScopeState }

/** The state of a whole run. */
export interface RunState {
  readonly root: ScopeState
  readonly policy: ReducePolicy
  /** Nothing new starts any more. */
  halted: boolean
  cancelling: boolean
  finished: boolean
}

/** What the reducer needs to know of a run's settings. */
export interface ReducePolicy {
  readonly failure: 'stop' | 'continue'
  readonly failFast: boolean
  /** Open items of a map that says nothing itself. */
  readonly window: number
}

/** A fresh scope. */
export function openScope(scope: PlanScope): ScopeState {
  const graph = graphOfScope(scope)
  return {
    graph,
    status: new Uint8Array(graph.nodes.length),
    waiting: graph.indegree.slice(),
    spoiltBy: new Map(),
    children: new Map(),
    open: graph.nodes.length,
    running: 0,
    failed: 0,
    cancelled: 0,
    blocked: 0,
  }
}

/** A fresh run. */
export function openRun(scope: PlanScope, policy: ReducePolicy): RunState {
  return { root: openScope(scope), policy, halted: false, cancelling: false, finished: false }
}

/** A fresh map of `count` items. */
export function openMap(node: PlanMap, count: number, policy: ReducePolicy): MapState {
  const window = node.concurrency ?? policy.window
  return {
    type: 'map',
    node,
    count,
    window,
    shards: [],
    next: 0,
    openItems: 0,
    settled: 0,
    failed: 0,
    cancelled: 0,
  }
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
