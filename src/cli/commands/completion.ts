import type { Command } from 'commander'

/** `pipewright completion`, and the hidden command that its scripts ask. */
export function registerCompletion(program: Command): void {
  program
    .command('completion')
    .argument('<shell>', 'bash, zsh or fish')
    .description('print a script that completes commands, options, pipelines and runs')
    .action(async (shell: string) => (await import('../actions/completion.ts')).completionCommand(shell))
  program
    .command('complete', { hidden: true })
    .argument('[words...]')
    .allowUnknownOption()
    .helpOption(false)
    .action(async (words: readonly string[]) =>
      (await import('../actions/complete.ts')).completeCommand(program, words),
    )
}
