import type { Values } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'
import type { PlanIndex } from './plan-index.ts'

/** What whoever decides is shown, by node; of one that was asked again, the last time. */
export async function shownToDeciders(
  pw: Workspace,
  { id }: Pick<RunDetail, 'id'>,
  index: PlanIndex,
): Promise<ReadonlyMap<string, Values>> {
  const shown = new Map<string, Values>()
  // The events of a large run are not read for nothing.
  if (![...index.values()].some(({ node }) => node.type === 'approve')) return shown
  for await (const { event } of pw.events(id))
    if (event.type === 'wait.opened' && event.show !== undefined) shown.set(event.node, event.show)
  return shown
}
