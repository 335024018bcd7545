import type { Command } from 'commander'
import type { CheckArguments } from '../actions/check.ts'
import { pipelineText, withInputs, withJson } from './options.ts'

/** `pipewright check`. */
export function registerCheck(program: Command): void {
  const check = program
    .command('check')
    .argument('[pipeline]', pipelineText)
    .description('what can be known before a run: what is not cached and why, resources, dead ends')
    .option('--hermetic', 'run each step in a process of its own, and report what it uses undeclared')
  withJson(withInputs(check)).action(async (pipeline: string | undefined, options: CheckArguments) =>
    (await import('../actions/check.ts')).checkCommand(pipeline, options),
  )
}
