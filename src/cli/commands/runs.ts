import type { Command } from 'commander'
import type { RunsArguments } from '../actions/runs.ts'
import { count, withJson } from './options.ts'

/** `pipewright runs`. */
export function registerRuns(program: Command): void {
  const runs = program
    .command('runs')
    .description('list runs, the latest first')
    .option('--pipeline <name>', 'of this pipeline')
    .option('--state <state>', 'running, waiting, succeeded, failed, cancelled or interrupted')
    .option('--tag <tag>', 'with this label')
    .option('--limit <n>', 'how many; default 20', count)
    .option('--after <cursor>', 'the cursor that the page before has printed')
  withJson(runs).action(async (options: RunsArguments) =>
    (await import('../actions/runs.ts')).runsCommand(options),
  )
}
