import type { Plan, PlanNode } from '../plan/document.ts'
import { layoutPlan } from './graph-layout.ts'
import { patternOf } from '../plan/node-path.ts'
import type { PlanIndex } from './plan-index.ts'
import type { Schedule } from './schedule.ts'
import type { PageGraph, PageNode, PageState } from './page-data.ts'

type Counts = Partial<Record<PageState, number>>
type States = Map<string, Counts>

function summed(counts: readonly Counts[]): Counts {
  const [first = {}, ...more] = counts
  const sum = { ...first }
  for (const one of more)
    for (const [state, count] of Object.entries(one))
      sum[state as PageState] = (sum[state as PageState] ?? 0) + count
  return sum
}

/** Items of a map that goes on have no records until they begin: they wait. */
function addWaiting(states: States, map: PlanNode | undefined, path: string, items: number): void {
  if (map?.type !== 'map') return
  for (const { id, type } of map.body.nodes) {
    const pattern = `${path}[]/${id}`
    const counts = states.get(pattern) ?? {}
    const begun = Object.values(counts).reduce((sum, count) => sum + count, 0)
    if (type === 'step' && begun < items)
      states.set(pattern, { ...counts, waiting: (counts.waiting ?? 0) + items - begun })
  }
}

/** The plan with the states of what was executed of each node; the items of a map are counted together. */
export async function graphOf(
  plan: Pick<Plan, 'scope' | 'steps'>,
  index: PlanIndex,
  nodes: readonly Pick<PageNode, 'path' | 'state' | 'items'>[],
  { critical, criticalEdges }: Schedule,
): Promise<PageGraph> {
  const states: States = new Map()
  for (const { path, state } of nodes) {
    const pattern = patternOf(path)
    const counts = states.get(pattern) ?? {}
    counts[state] = (counts[state] ?? 0) + 1
    states.set(pattern, counts)
  }
  for (const { path, items } of nodes)
    if (items !== undefined) addWaiting(states, index.get(path)?.node, path, items)
  const criticalPatterns = new Set([...critical].map(patternOf))
  const { width, height, nodes: placed, edges, simplified } = await layoutPlan(plan)
  return {
    ...(simplified === undefined ? {} : { simplified }),
    width,
    height,
    nodes: placed.map(({ members, ...node }) => ({
      ...node,
      x: Math.round(node.x * 10) / 10,
      y: Math.round(node.y * 10) / 10,
      states: summed((members ?? [node.pattern]).map((pattern) => states.get(pattern) ?? {})),
      ...((members ?? [node.pattern]).some((pattern) => criticalPatterns.has(pattern))
        ? { critical: true }
        : {}),
    })),
    edges: edges.map((edge) => ({
      ...edge,
      ...(criticalEdges.has(`${edge.from}\n${edge.to}`) ? { critical: true } : {}),
    })),
  }
}
