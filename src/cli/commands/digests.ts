import type { Command } from 'commander'
import { withJson } from './options.ts'

/** `pipewright digests`. */
export function registerDigests(program: Command): void {
  const digests = program
    .command('digests')
    .argument('<pipeline>', 'file, file#export, or a name of the settings: the sources')
    .description('record the code digests of steps for a module that was built of them')
    .requiredOption('--built <file>', 'the built module that defines the steps: a bundle, minified or not')
  withJson(digests).action(
    async (pipeline: string, options: { readonly built: string; readonly json?: boolean }) =>
      (await import('../actions/digests.ts')).digestsCommand(pipeline, options),
  )
}
