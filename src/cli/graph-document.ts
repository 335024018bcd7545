import type { Plan, PlanNode, PlanScope } from '../plan/document.ts'
import { graphOfScope } from '../plan/graph.ts'
import { bodiesOf } from '../plan/bodies.ts'

/** The graph of a pipeline for programs: every node with its path, and the edges between nodes of one scope. */
export interface GraphDocument {
  readonly pipeline: string
  readonly nodes: readonly {
    readonly path: string
    readonly type: PlanNode['type']
    /** The step's or the pipeline's name; null for a map or a branch. */
    readonly name: string | null
    /** The path of the node that holds it; null at the top. */
    readonly parent: string | null
  }[]
  readonly edges: readonly { readonly from: string; readonly to: string }[]
}

/** Lists the nodes and edges of a plan. */
export function graphDocument(plan: Plan): GraphDocument {
  const nodes: GraphDocument['nodes'][number][] = []
  const edges: GraphDocument['edges'][number][] = []
  const open: { scope: PlanScope; prefix: string; parent: string | null }[] = [
    { scope: plan.scope, prefix: '', parent: null },
  ]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { scope, prefix, parent } = next
    const graph = graphOfScope(scope)
    for (const [source, node] of graph.nodes.entries()) {
      const path = prefix + node.id
      const name =
        node.type === 'step' ? plan.steps[node.step]!.name : node.type === 'pipeline' ? node.pipeline : null
      nodes.push({ path, type: node.type, name, parent })
      for (let e = graph.offsets[source]!; e < graph.offsets[source + 1]!; e++)
        edges.push({ from: path, to: prefix + graph.nodes[graph.targets[e]!]!.id })
      for (const { name: branch, scope: inner } of bodiesOf(node))
        open.push({
          scope: inner,
          prefix: `${path}/${branch === undefined ? '' : `${branch}/`}`,
          parent: path,
        })
    }
  }
  return { pipeline: plan.pipeline, nodes, edges }
}
