import type { PageNode, PageState } from '../page-data.ts'

/** All states, what asks for attention first. */
export const stateOrder: readonly PageState[] = [
  'failed',
  'interrupted',
  'running',
  'waiting',
  'blocked',
  'cancelled',
  'succeeded',
  'reused',
  'skipped',
  'not run',
]

/** How many nodes are in each state, in this order; `more` of them stand in no list. */
export function countsOf(
  nodes: readonly PageNode[],
  more: Readonly<Partial<Record<PageState, number>>> = {},
): readonly (readonly [PageState, number])[] {
  const counts = new Map(Object.entries(more) as [PageState, number][])
  for (const { state } of nodes) counts.set(state, (counts.get(state) ?? 0) + 1)
  return stateOrder.flatMap((state) => {
    const count = counts.get(state)
    return count === undefined ? [] : [[state, count] as const]
  })
}
