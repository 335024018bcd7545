import type { Plan, PlanNode, PlanScope } from '../plan/document.ts'
import { graphOfScope } from '../plan/graph.ts'

/** Nodes of one scope that do the same. */
export interface NodeGroup {
  /** The step's name, or that of the pipeline, or the type. */
  readonly name: string
  readonly type: PlanNode['type']
  readonly members: readonly string[]
}

function nameOf(plan: Pick<Plan, 'steps'>, node: PlanNode): string {
  if (node.type === 'step') return plan.steps[node.step]!.name
  return node.type === 'pipeline' ? node.pipeline : node.type
}

/** Puts nodes of the same step together, in the order of the first of each, and their edges, each once. */
export function groupsOf(
  plan: Pick<Plan, 'steps'>,
  scope: PlanScope,
): {
  readonly groups: readonly NodeGroup[]
  readonly edges: readonly { readonly source: number; readonly target: number }[]
} {
  const { nodes, offsets, targets } = graphOfScope(scope)
  const groups: (NodeGroup & { readonly members: string[] })[] = []
  const numbers = new Map<string, number>()
  const groupAt = nodes.map((node) => {
    const name = nameOf(plan, node)
    const key = `${node.type} ${name}`
    const number = numbers.get(key) ?? groups.push({ name, type: node.type, members: [] }) - 1
    numbers.set(key, number)
    groups[number]!.members.push(node.id)
    return number
  })
  const edges = new Map<string, { source: number; target: number }>()
  for (const [at, source] of groupAt.entries()) {
    for (let e = offsets[at]!; e < offsets[at + 1]!; e++) {
      const target = groupAt[targets[e]!]!
      if (source !== target) edges.set(`${source} ${target}`, { source, target })
    }
  }
  return { groups, edges: [...edges.values()] }
}
