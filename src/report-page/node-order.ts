import { patternOf } from '../plan/node-path.ts'
import type { PlanIndex } from './plan-index.ts'
import type { PageNode } from './page-data.ts'

const byNumber = new Intl.Collator('en', { numeric: true })

/**
 * Nodes by their start, those that have not begun at the end. What began in the same millisecond stands as in the plan,
 * what contains others before them, items by their number.
 */
export function inOrder(nodes: readonly PageNode[], index: PlanIndex): PageNode[] {
  const places = new Map([...index.keys()].map((pattern, place) => [pattern, place]))
  return nodes
    .map((node) => ({
      node,
      start: node.start ?? Infinity,
      place: places.get(patternOf(node.path)) ?? Infinity,
    }))
    .sort((a, b) =>
      a.start !== b.start
        ? a.start - b.start
        : a.place !== b.place
          ? a.place - b.place
          : byNumber.compare(a.node.path, b.node.path),
    )
    .map(({ node }) => node)
}
