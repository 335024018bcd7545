import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { Binding } from '../define/graph.ts'
import { bodiesOf, isClosed, readsOf } from './bodies.ts'
import type { PlanHandler, PlanNode, PlanScope } from './document.ts'

/**
 * One scope as a compact graph: nodes by number, edges as two arrays (compressed sparse rows). A container
 * (map, branch, sub-pipeline) depends on every node of this scope that anything inside it reads.
 */
export interface ScopeGraph {
  readonly nodes: readonly PlanNode[]
  readonly numbers: ReadonlyMap<string, number>
  /** The dependents of node i are `targets[offsets[i]]` to `targets[offsets[i + 1] - 1]`. */
  readonly offsets: Int32Array
  readonly targets: Int32Array
  /** How many nodes each node depends on. */
  readonly indegree: Int32Array
  /** The nodes that run when all others have ended: first those on failure. */
  readonly handlers: readonly number[]
}

/** The inner scopes of a node that can read this scope: a sub-pipeline is closed, and a handler waits for no node. */
function innerScopes(node: PlanNode): readonly PlanScope[] {
  return isClosed(node) || node.type === 'handler' ? [] : bodiesOf(node).map(({ scope }) => scope)
}

function sourceOf(binding: Binding, level: number, visit: (id: string) => void): void {
  if ('list' in binding) for (const element of binding.list) sourceOf(element, level, visit)
  else if ('node' in binding && (binding.up ?? 0) === level) visit(binding.node)
}

/** Calls `visit` with each binding of a node, of its own or inside, and how many scopes lie between it and the node's. */
function visitReads(node: PlanNode, visit: (binding: Binding, level: number) => void): void {
  for (const binding of readsOf(node)) visit(binding, 0)
  if (node.type === 'loop') visit(node.again, 1)
  const open: { scope: PlanScope; level: number }[] = innerScopes(node).map((scope) => ({ scope, level: 1 }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { scope, level } = next
    for (const name in scope.outputs) visit(scope.outputs[name]!, level)
    for (const inner of scope.nodes) {
      for (const binding of readsOf(inner)) visit(binding, level)
      if (inner.type === 'loop') visit(inner.again, level + 1)
      for (const nested of innerScopes(inner)) open.push({ scope: nested, level: level + 1 })
    }
  }
}

/** Calls `visit` with the id of each node of the scope that a node reads, itself or inside. */
function visitSources(node: PlanNode, visit: (id: string) => void): void {
  visitReads(node, (binding, level) => sourceOf(binding, level, visit))
  for (const id of node.after ?? []) visit(id)
}

/** Tells whether a node reads one of these inputs of its scope, itself or inside. */
export function readsInput(node: PlanNode, inputs: ReadonlySet<string>): boolean {
  let found = false
  const look = (binding: Binding, level: number): void => {
    if ('list' in binding) for (const element of binding.list) look(element, level)
    else if ('input' in binding && (binding.up ?? 0) === level && inputs.has(binding.input)) found = true
  }
  visitReads(node, look)
  return found
}

const graphs = new WeakMap<PlanScope, ScopeGraph>()

/** The graph of a scope, built once; an edge from a node that is not there is `PLAN_INVALID`. */
export function graphOfScope(scope: PlanScope): ScopeGraph {
  const known = graphs.get(scope)
  if (known !== undefined) return known
  const { nodes } = scope
  const numbers = new Map<string, number>()
  for (const [number, node] of nodes.entries()) {
    if (numbers.has(node.id))
      throw new PipewrightError('PLAN_INVALID', `the plan has two nodes '${node.id}' in one scope`, {
        fix: 'give one of them another id',
      })
    numbers.set(node.id, number)
  }
  const indegree = new Int32Array(nodes.length)
  const counts = new Int32Array(nodes.length + 1)
  const sources: number[] = []
  const readers: number[] = []
  const lastReader = new Int32Array(nodes.length).fill(-1)
  for (const [reader, node] of nodes.entries()) {
    visitSources(node, (id) => {
      const source = numbers.get(id)
      if (source === undefined) {
        throw new PipewrightError(
          'PLAN_INVALID',
          `node '${node.id}' reads node '${id}', which is not in the plan`,
          { fix: didYouMean(id, [...numbers.keys()]) },
        )
      }
      if (lastReader[source] === reader) return
      lastReader[source] = reader
      sources.push(source)
      readers.push(reader)
      counts[source + 1]!++
      indegree[reader]!++
    })
  }
  for (let i = 1; i < counts.length; i++) counts[i]! += counts[i - 1]!
  const targets = new Int32Array(sources.length)
  const place = counts.slice()
  for (let e = 0; e < sources.length; e++) targets[place[sources[e]!]!++] = readers[e]!
  const handlers = nodes.flatMap((node, number) => (node.type === 'handler' ? [number] : []))
  const isAtEnd = (number: number): number => Number((nodes[number] as PlanHandler).on === 'end')
  handlers.sort((a, b) => isAtEnd(a) - isAtEnd(b))
  const graph: ScopeGraph = { nodes, numbers, offsets: counts, targets, indegree, handlers }
  graphs.set(scope, graph)
  return graph
}

/** The numbers of a scope's nodes, sources first (Kahn's algorithm); a cycle is `PLAN_CYCLE` with its path. */
export function sortScope(scope: PlanScope): Int32Array {
  const graph = graphOfScope(scope)
  const { offsets, targets, nodes } = graph
  const waiting = graph.indegree.slice()
  const order = new Int32Array(nodes.length)
  let end = 0
  for (let i = 0; i < nodes.length; i++) if (waiting[i] === 0) order[end++] = i
  for (let at = 0; at < end; at++) {
    const node = order[at]!
    for (let e = offsets[node]!; e < offsets[node + 1]!; e++) {
      const target = targets[e]!
      if (--waiting[target]! === 0) order[end++] = target
    }
  }
  if (end < nodes.length) {
    const cycle = findCycle(graph, waiting).map((number) => nodes[number]!.id)
    throw new PipewrightError('PLAN_CYCLE', `the plan has a cycle: ${cycle.join(' -> ')} -> ${cycle[0]}`, {
      fix: 'take one of these edges out',
      details: { cycle },
    })
  }
  return order
}

/** Among nodes that still wait, walking from reader to a waiting source must come back to where it was. */
function findCycle(graph: ScopeGraph, waiting: Int32Array): number[] {
  const sourceOfNode = new Int32Array(graph.nodes.length).fill(-1)
  for (let source = 0; source < graph.nodes.length; source++) {
    if (waiting[source] === 0) continue
    for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++)
      sourceOfNode[graph.targets[e]!] = source
  }
  const seenAt = new Map<number, number>()
  const path: number[] = []
  let node = waiting.findIndex((count, number) => count > 0 && sourceOfNode[number] !== -1)
  while (!seenAt.has(node)) {
    seenAt.set(node, path.length)
    path.push(node)
    node = sourceOfNode[node]!
  }
  return path.slice(seenAt.get(node)).reverse()
}

/** Sorts every scope of a plan, inner ones too: throws `PLAN_CYCLE` or `PLAN_INVALID`. */
export function sortPlan(scope: PlanScope): void {
  const seen = new Set<PlanScope>()
  const open = [scope]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (seen.has(next)) continue
    seen.add(next)
    sortScope(next)
    const { numbers } = graphOfScope(next)
    for (const [output, binding] of Object.entries(next.outputs)) {
      sourceOf(binding, 0, (id) => {
        if (numbers.has(id)) return
        throw new PipewrightError(
          'PLAN_INVALID',
          `output '${output}' reads node '${id}', which is not in the plan`,
          {
            fix: didYouMean(id, [...numbers.keys()]),
          },
        )
      })
    }
    for (const node of next.nodes) for (const body of bodiesOf(node)) open.push(body.scope)
  }
}
