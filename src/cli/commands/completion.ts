import type { Command } from 'commander'
import { withJson } from './options.ts'

/** `pipewright completion`, and the hidden command that its scripts ask. */
export function registerCompletion(program: Command): void {
  const completion = program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print a script that completes commands, options, pipelines and runs')
  withJson(completion).action(async (shell: string, options: { readonly json?: boolean }) =>
    (await import('../actions/completion.ts')).completionCommand(shell, options),
  )
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) =>
      (await import('../actions/complete.ts')).completeCommand(program, words),
    )
}
