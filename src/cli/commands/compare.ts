import type { Command } from 'commander'
import { runText, withJson } from './options.ts'

/** `pipewright compare`. */
export function registerCompare(program: Command): void {
  const compare = program
    .command('compare')
    .argument('<a>', runText)
    .argument('[b]', `${runText}; default: the latest`)
    .description('what differs between two runs: inputs, code, parameters, metrics, outputs, environment')
    .option('--all', 'also what is the same')
  withJson(compare).action(
    async (a: string, b: string | undefined, options: { readonly all?: boolean; readonly json?: boolean }) =>
      (await import('../actions/compare.ts')).compareCommand(a, b, options),
  )
}
