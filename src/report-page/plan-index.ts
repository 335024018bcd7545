import type { Plan, PlanHandler, PlanNode, PlanScope } from '../plan/document.ts'
import { graphOfScope } from '../plan/graph.ts'
import { patternOf } from '../plan/node-path.ts'
import { bodiesOf, hasBranches, repeats } from '../plan/bodies.ts'

/** A node of a plan with its place: patterns are paths with `[]` for the items of maps. */
export interface PlacedNode {
  readonly pattern: string
  readonly node: PlanNode
  /** What stands before its id in a pattern. */
  readonly prefix: string
  /** The ids of the nodes of its scope that it waits for: those it reads; of a handler all that run before it. */
  readonly sources: readonly string[]
  readonly parent: PlacedNode | undefined
  readonly inMap: boolean
}

/** Every node of a plan by its pattern, outer ones first. */
export type PlanIndex = ReadonlyMap<string, PlacedNode>

/** What stands before the ids of an inner scope. */
export function innerPrefix(pattern: string, node: PlanNode, name: string | undefined): string {
  if (repeats(node)) return `${pattern}[]/`
  return name === undefined ? `${pattern}/` : `${pattern}/${name}/`
}

/** The path of the node that a path lies in, as it was executed: `trials` of `trials[3]/train`. */
export function parentPath(path: string, { node, prefix, parent }: PlacedNode): string | undefined {
  if (parent === undefined) return undefined
  const scope = path.slice(0, path.length - node.id.length - 1)
  if (repeats(parent.node)) return scope.slice(0, scope.lastIndexOf('['))
  return hasBranches(parent.node) ? scope.slice(0, -prefix.slice(parent.pattern.length, -1).length) : scope
}

/** The paths of the nodes that a node waits for, in its own scope. */
export function sourcesOf(path: string, { node, sources }: PlacedNode): string[] {
  const scope = path.slice(0, path.length - node.id.length)
  return sources.map((id) => scope + id)
}

/** The path of the round of a loop that a node stands in: `rounds[2]` of `rounds[2]/improve`. */
export function roundOf(path: string, { node, parent }: PlacedNode): string | undefined {
  return parent?.node.type === 'loop' ? path.slice(0, path.length - node.id.length - 1) : undefined
}

/** The round before one, or undefined before the first. */
export function roundBefore(round: string): string | undefined {
  const open = round.lastIndexOf('[')
  const number = Number(round.slice(open + 1, -1))
  return number > 0 ? `${round.slice(0, open)}[${number - 1}]` : undefined
}

/**
 * Puts the nodes of a plan, inner ones too, into one index. A recursion is expanded as far as one of the executed paths
 * leads into it.
 */
export function indexPlan(
  plan: Pick<Plan, 'scope' | 'pipelines'>,
  executed: Iterable<string> = [],
): PlanIndex {
  const called = new Set<string>()
  if (plan.pipelines !== undefined)
    for (const path of executed) {
      const pattern = patternOf(path)
      for (let end = pattern.lastIndexOf('/'); end > 0; end = pattern.lastIndexOf('/', end - 1))
        called.add(pattern.slice(0, end))
    }
  const index = new Map<string, PlacedNode>()
  const add = (scope: PlanScope, prefix: string, parent: PlacedNode | undefined, inMap: boolean): void => {
    const graph = graphOfScope(scope)
    const sources = graph.nodes.map((): string[] => [])
    for (const [source, { id }] of graph.nodes.entries()) {
      for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++)
        sources[graph.targets[e]!]!.push(id)
    }
    // No edge leads to a handler: those of a failure begin when all else is over, those of the end when these are too.
    for (const number of graph.handlers) {
      const { on } = graph.nodes[number] as PlanHandler
      sources[number] = graph.nodes.flatMap((node) =>
        node.type !== 'handler' || (on === 'end' && node.on === 'failure') ? [node.id] : [],
      )
    }
    for (const [number, node] of graph.nodes.entries()) {
      const pattern = prefix + node.id
      const placed: PlacedNode = { pattern, node, prefix, sources: sources[number]!, parent, inMap }
      index.set(pattern, placed)
      for (const { name, scope: inner } of bodiesOf(node))
        add(inner, innerPrefix(pattern, node, name), placed, inMap || repeats(node))
      const call = node.type === 'recurse' ? plan.pipelines?.[node.pipeline] : undefined
      if (call !== undefined && called.has(pattern)) add(call.scope, `${pattern}/`, placed, inMap)
    }
  }
  add(plan.scope, '', undefined, false)
  return index
}
