import type { Command } from 'commander'
import { runText, withJson } from './options.ts'

/** `pipewright show`. */
export function registerShow(program: Command): void {
  const show = program
    .command('show')
    .argument('[run]', `${runText}; default: the latest`)
    .argument('[node]', 'one node: its inputs and outputs, and all tries with their metrics and whole stacks')
    .description('show a run: its nodes, times, hits, metrics and outputs')
  withJson(show).action(
    async (run: string | undefined, node: string | undefined, options: { readonly json?: boolean }) =>
      (await import('../actions/show.ts')).showCommand(run, node, options),
  )
}
