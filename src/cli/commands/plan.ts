import type { Command } from 'commander'
import type { PlanArguments } from '../actions/plan.ts'
import { pipelineText, withInputs, withJson, withSelection } from './options.ts'

/** `pipewright plan`. */
export function registerPlan(program: Command): void {
  const plan = program
    .command('plan')
    .argument('[pipeline]', pipelineText)
    .description('show what a run would do, without running it')
    .option('--explain', 'what would be executed, what reused, and why')
  withJson(withSelection(withInputs(plan))).action(
    async (pipeline: string | undefined, options: PlanArguments) =>
      (await import('../actions/plan.ts')).planCommand(pipeline, options),
  )
}
