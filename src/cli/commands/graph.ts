import type { Command } from 'commander'
import { pipelineText, withJson } from './options.ts'

/** `pipewright graph`. */
export function registerGraph(program: Command): void {
  const graph = program
    .command('graph')
    .argument('[pipeline]', pipelineText)
    .description('draw the graph of a pipeline; no inputs are needed')
    .option('-f, --format <format>', 'tree, mermaid, dot or json', 'tree')
  withJson(graph).action(
    async (pipeline: string | undefined, options: { readonly format: string; readonly json?: boolean }) =>
      (await import('../actions/graph.ts')).graphCommand(pipeline, options),
  )
}
