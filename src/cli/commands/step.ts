import type { Command } from 'commander'
import type { StepArguments } from '../actions/step.ts'
import { runText, withJson } from './options.ts'

/** `pipewright step`. */
export function registerStep(program: Command): void {
  const step = program
    .command('step')
    .argument('<run>', runText)
    .argument('<node>', "path of a step in the run, such as 'trials[1]/train'")
    .description('repeat one step of a run on its recorded inputs, in this process; nothing is recorded')
    .option('--inspect', "under a debugger, which is waited for: it stops before the step's function")
    .option('--effect', 'although it is an effect: it is carried out again')
  withJson(step).action(async (run: string, node: string, options: StepArguments) =>
    (await import('../actions/step.ts')).stepCommand(run, node, options),
  )
}
