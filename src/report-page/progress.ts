import type { RunDetail } from '../record/records.ts'
import type { WaitingNode } from '../workspace/decisions.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { waitCommand } from '../ui/wait-command.ts'
import type { PageNode } from './page-data.ts'
import { shown } from './shown.ts'

/** What the events of a run that is not over tell beside its executions; times in milliseconds since the epoch. */
export interface Progress {
  /** By map: how many items it has. */
  readonly items: ReadonlyMap<string, number>
  /** By branch: the name of the body that was taken. */
  readonly taken: ReadonlyMap<string, string>
  /** By node: when it is to be tried again. */
  readonly retryAt: ReadonlyMap<string, number>
  /** By node: what it waits for from outside, in words, and the command that gives it. */
  readonly waits: ReadonlyMap<string, Required<Pick<PageNode, 'waitsOn'>> & Pick<PageNode, 'command'>>
}

/** Whether a run goes on. */
export function isGoingOn({ state }: Pick<RunDetail, 'state'>): boolean {
  return state === 'running' || state === 'waiting'
}

function waitText({ on, signal, by, until, message }: WaitingNode): string {
  const what =
    on === 'signal'
      ? `for the signal '${signal}'`
      : on === 'approval'
        ? `for a decision${by === undefined ? '' : ` by ${by.join(', ')}`}`
        : 'for its time'
  const end = until === null ? '' : `, until ${new Date(until).toISOString()}`
  return shown(`${what}${end}${message === undefined ? '' : `: ${message}`}`, 500)
}

/** Reads how far a run is; of one that is over its executions tell all. */
export async function progressOf(pw: Workspace, detail: RunDetail): Promise<Progress> {
  const items = new Map<string, number>()
  const taken = new Map<string, string>()
  const retryAt = new Map<string, number>()
  const waits = new Map<string, { waitsOn: string; command?: string }>()
  if (!isGoingOn(detail)) return { items, taken, retryAt, waits }
  for await (const { event, at } of pw.events(detail.id)) {
    if (event.type === 'map.expanded') items.set(event.node, event.count)
    else if (event.type === 'branch.decided') taken.set(event.node, event.taken)
    else if (event.type === 'attempt.failed' && event.retryIn !== undefined)
      retryAt.set(event.node, at + event.retryIn)
  }
  for (const wait of await pw.waits(detail.id)) {
    const command = waitCommand(detail.id, wait)
    waits.set(wait.node, {
      waitsOn: waitText(wait),
      ...(command === undefined ? {} : { command: shown(`npx ${command}`) }),
    })
  }
  return { items, taken, retryAt, waits }
}
