import type { PageNode, PageState } from '../page-data.ts'

const order: readonly PageState[] = [
  'failed',
  'running',
  'waiting',
  'blocked',
  'cancelled',
  'succeeded',
  'reused',
  'skipped',
  'not run',
]

/** How many nodes are in each state, what asks for attention first. */
export function countsOf(nodes: readonly PageNode[]): readonly (readonly [PageState, number])[] {
  const counts = new Map<PageState, number>()
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1)
  return order.flatMap((state) => {
    const count = counts.get(state)
    return count === undefined ? [] : [[state, count] as const]
  })
}
