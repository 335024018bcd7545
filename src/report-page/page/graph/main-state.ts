import type { PageGraphNode, PageState } from '../../page-data.ts'

const order: readonly PageState[] = [
  'failed',
  'running',
  'waiting',
  'blocked',
  'cancelled',
  'succeeded',
  'reused',
  'skipped',
]

/** The state that stands for all executions of a node: what asks for attention first. */
export function mainState({ states }: Pick<PageGraphNode, 'states'>): PageState {
  return order.find((state) => states[state] !== undefined) ?? 'not run'
}
