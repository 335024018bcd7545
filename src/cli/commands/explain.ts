import type { Command } from 'commander'
import { runText, withJson } from './options.ts'

/** `pipewright explain`. */
export function registerExplain(program: Command): void {
  const explain = program
    .command('explain')
    .argument('[run]', `${runText}; default: the latest`)
    .argument('[node]', 'default: all steps of the run')
    .description('why nodes were executed or reused: what has changed since when')
  withJson(explain).action(
    async (run: string | undefined, node: string | undefined, options: { readonly json?: boolean }) =>
      (await import('../actions/explain.ts')).explainCommand(run, node, options),
  )
}
