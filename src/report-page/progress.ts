import type { RunDetail } from '../record/records.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** What the events of a run that is not over tell beside its executions; times in milliseconds since the epoch. */
export interface Progress {
  /** By map: how many items it has. */
  readonly items: ReadonlyMap<string, number>
  /** By branch: the name of the body that was taken. */
  readonly taken: ReadonlyMap<string, string>
  /** By node: when it is to be tried again. */
  readonly retryAt: ReadonlyMap<string, number>
}

/** Whether a run goes on. */
export function isGoingOn({ state }: Pick<RunDetail, 'state'>): boolean {
  return state === 'running' || state === 'waiting'
}

/** Reads how far a run is; of one that is over its executions tell all. */
export async function progressOf(pw: Workspace, detail: RunDetail): Promise<Progress> {
  const items = new Map<string, number>()
  const taken = new Map<string, string>()
  const retryAt = new Map<string, number>()
  if (!isGoingOn(detail)) return { items, taken, retryAt }
  for await (const { event, at } of pw.events(detail.id)) {
    if (event.type === 'map.expanded') items.set(event.node, event.count)
    else if (event.type === 'branch.decided') taken.set(event.node, event.taken)
    else if (event.type === 'attempt.failed' && event.retryIn !== undefined)
      retryAt.set(event.node, at + event.retryIn)
  }
  return { items, taken, retryAt }
}
