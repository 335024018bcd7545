import type { Command } from 'commander'
import { withJson } from './options.ts'

/** `pipewright doctor`. */
export function registerDoctor(program: Command): void {
  const doctor = program
    .command('doctor')
    .description('check Node, settings, workspace, disk, locks, loading of TypeScript, optional packages')
  withJson(doctor).action(async (options: { readonly json?: boolean }) =>
    (await import('../actions/doctor.ts')).doctorCommand(options),
  )
}
