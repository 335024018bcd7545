import type { Plan } from '../plan/document.ts'
import { layoutPlan } from './graph-layout.ts'
import { patternOf } from './pattern.ts'
import type { Schedule } from './schedule.ts'
import type { PageGraph, PageNode, PageState } from './page-data.ts'

/** The plan with the states of what was executed of each node; the items of a map are counted together. */
export async function graphOf(
  plan: Pick<Plan, 'scope' | 'steps'>,
  nodes: readonly PageNode[],
  { critical, criticalEdges }: Schedule,
): Promise<PageGraph> {
  const states = new Map<string, Partial<Record<PageState, number>>>()
  for (const { path, state } of nodes) {
    const pattern = patternOf(path)
    const counts = states.get(pattern) ?? {}
    counts[state] = (counts[state] ?? 0) + 1
    states.set(pattern, counts)
  }
  const criticalPatterns = new Set([...critical].map(patternOf))
  const { width, height, nodes: placed, edges } = await layoutPlan(plan)
  return {
    width,
    height,
    nodes: placed.map((node) => ({
      ...node,
      x: Math.round(node.x * 10) / 10,
      y: Math.round(node.y * 10) / 10,
      states: states.get(node.pattern) ?? {},
      ...(criticalPatterns.has(node.pattern) ? { critical: true } : {}),
    })),
    edges: edges.map((edge) => ({
      ...edge,
      ...(criticalEdges.has(`${edge.from}\n${edge.to}`) ? { critical: true } : {}),
    })),
  }
}
