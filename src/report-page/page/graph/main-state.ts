import type { PageGraphNode, PageState } from '../../page-data.ts'
import { stateOrder } from '../counts.ts'

/** The state that stands for all executions of a node: what asks for attention first. */
export function mainState({ states }: Pick<PageGraphNode, 'states'>): PageState {
  return stateOrder.find((state) => states[state] !== undefined) ?? 'not run'
}
