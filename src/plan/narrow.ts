import type { Plan, PlanNode, PlanScope } from './document.ts'
import { reach, select, type Selection } from './select.ts'
import { graphOfScope } from './graph.ts'

/** The part of a plan that a selection runs. */
export interface Narrowed {
  /** The selected nodes and what they need; outputs of others are gone. */
  readonly scope: PlanScope
  /** Root nodes that are needed but not selected: their outputs must be in the cache. */
  readonly reuse: ReadonlySet<string>
  /** Those of them that depend on no selected node: they can be looked up before anything runs. */
  readonly before: PlanScope
}

/**
 * Narrows a plan to a selection. What the selected nodes need comes from the cache; the nodes that start the
 * selection wait until all of it has been found, so that a gap is an error before anything runs.
 */
export function narrow(plan: Plan, selection: Selection): Narrowed {
  const graph = graphOfScope(plan.scope)
  const selected = new Set(select(plan, selection))
  const needed = reach(graph, selected, 'up')
  const following = reach(graph, selected, 'down')
  const reuse = new Set([...needed].filter((id) => !selected.has(id)))
  // A node between two selected ones cannot be looked up before the first of them has run.
  const first = [...reuse].filter((id) => !following.has(id))
  const nodes = plan.scope.nodes
    .filter(({ id, type }) => needed.has(id) || type === 'handler')
    .map((node): PlanNode =>
      selected.has(node.id) && first.length > 0
        ? { ...node, after: [...new Set([...(node.after ?? []), ...first])] }
        : node,
    )
  const outputs = Object.fromEntries(
    Object.entries(plan.scope.outputs).filter(
      ([, binding]) => !('node' in binding) || needed.has(binding.node),
    ),
  )
  const before = plan.scope.nodes.filter(({ id }) => first.includes(id))
  return { scope: { nodes, outputs }, reuse, before: { nodes: before, outputs: {} } }
}
