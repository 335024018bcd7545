import { printable } from '../ui/text.ts'
import { waitCommand } from '../ui/wait-command.ts'
import type { WaitingNode } from '../workspace/decisions.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { valueText } from './value-text.ts'

/** What a run waits for, a line for each node, with what whoever decides is to see below it. */
export async function waitLines(pw: Workspace, waits: readonly WaitingNode[]): Promise<string[]> {
  const lines: string[] = []
  for (const { node, on, until, message, by, show = {}, signal } of waits) {
    const what = on === 'approval' ? 'a decision' : on === 'signal' ? `the signal '${signal}'` : 'its time'
    const end = until === null ? '' : `, until ${new Date(until).toISOString()}`
    const who = by === undefined ? '' : ` by ${by.join(', ')}`
    lines.push(
      printable(`waits for ${what}${who}${end}: ${node}${message === undefined ? '' : `: ${message}`}`),
    )
    for (const [name, value] of Object.entries(show))
      lines.push(`  ${printable(name)}: ${await valueText(pw, value)}`)
  }
  return lines
}

/** The commands that say what a run waits for. */
export function decisionCommands(run: string, waits: readonly WaitingNode[]): string[] {
  return waits.flatMap((wait) => waitCommand(run, wait) ?? [])
}

/** The commands that end the waits of a run, or that go on with it when their time has come. */
export function waitCommands(run: string, waits: readonly WaitingNode[]): string[] {
  return [...decisionCommands(run, waits), `pipewright resume ${run}`]
}
