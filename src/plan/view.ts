import { Graph } from '@dagrejs/graphlib'
import type { Plan, PlanNode } from './document.ts'
import { graphOfScope } from './graph.ts'

/** The label of a node in {@link graphView}. */
export interface ViewNode {
  readonly type: PlanNode['type']
  /** The step's or pipeline's name. */
  readonly name: string
}

/**
 * The root scope of a plan as a graphlib graph, for its algorithms and for layout. Graphlib's own sorts are
 * recursive and overflow on chains of some thousand nodes; the planner does not use them.
 *
 * @example
 * ```ts
 * const graph = graphView(plan(tumours, { csv: 'tumours.csv' }))
 * graph.predecessors('pick-best') // ['trials']
 * ```
 */
export function graphView(plan: Plan): Graph<object, ViewNode> {
  const view = new Graph<object, ViewNode>({ directed: true })
  const graph = graphOfScope(plan.scope)
  for (const node of graph.nodes) {
    const name =
      node.type === 'step' ? plan.steps[node.step]!.name : node.type === 'pipeline' ? node.pipeline : node.id
    view.setNode(node.id, { type: node.type, name })
  }
  for (const [source, node] of graph.nodes.entries()) {
    for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++)
      view.setEdge(node.id, graph.nodes[graph.targets[e]!]!.id)
  }
  return view
}
