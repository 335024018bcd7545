import type { Command } from 'commander'
import { runText, withJson } from './options.ts'

/** `pipewright cancel`. */
export function registerCancel(program: Command): void {
  const cancel = program
    .command('cancel')
    .argument('<run>', runText)
    .description('stop a run, whichever process drives it; it can be resumed')
    .option('--reason <text>', 'recorded with the run', 'requested')
  withJson(cancel).action(
    async (run: string, options: { readonly reason: string; readonly json?: boolean }) =>
      (await import('../actions/cancel.ts')).cancelCommand(run, options),
  )
}
