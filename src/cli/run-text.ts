import type { RunDetail } from '../record/records.ts'
import { paletteFor } from '../ui/palette.ts'
import { runScreen } from '../ui/run-screen.ts'
import { verificationLines } from '../ui/verification-text.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { print, printNext } from './output.ts'
import { outputLines } from './value-text.ts'

/** The command that goes on with a run that has ended badly: what was taken back is not gone on from. */
export function goOnCommand({ id, undone }: Pick<RunDetail, 'id' | 'undone'>): string {
  return `pipewright ${undone.length > 0 ? 'rerun' : 'resume'} ${id}`
}

/** Prints a run as it stands: its tree, its outputs, and what to do next. */
export async function printRun(pw: Workspace, id: string): Promise<void> {
  const detail = await pw.show(id).catch(() => undefined)
  if (detail === undefined) return
  const { columns } = process.stdout
  const palette = await paletteFor(process.stdout)
  print(runScreen(detail, await pw.planOf(id), palette, columns))
  print(...(await outputLines(pw, detail)), ...verificationLines(detail.verification))
  switch (detail.state) {
    case 'succeeded':
      return printNext(`pipewright show ${id}`)
    case 'failed':
      return printNext(`mend the cause, then ${goOnCommand(detail)}`)
    default:
      return printNext(`pipewright resume ${id}`)
  }
}
