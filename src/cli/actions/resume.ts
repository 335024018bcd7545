import { printable } from '../../ui/text.ts'
import type { ResumeOptions } from '../../workspace/run-options.ts'
import { openExisting } from '../project.ts'
import { drive, type DriveOptions } from './drive.ts'

/** What `pipewright resume` is given. */
export interface ResumeArguments extends DriveOptions, Pick<ResumeOptions, 'acceptCode' | 'takeOver'> {}

/** `pipewright resume`. */
export async function resumeCommand(run: string, options: ResumeArguments): Promise<void> {
  await using pw = await openExisting()
  const { id, pipeline } = await pw.show(run)
  if (options.json !== true)
    process.stderr.write(
      `workspace ${printable(pw.root)} · pipeline ${printable(pipeline)} · resuming ${id}\n`,
    )
  const { acceptCode = false, takeOver = false } = options
  await drive(
    pw,
    pipeline,
    options,
    (hooks) => Promise.resolve({ id, result: () => pw.resume(id, { ...hooks, acceptCode, takeOver }) }),
    id,
  )
}
