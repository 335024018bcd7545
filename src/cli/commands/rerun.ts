import type { Command } from 'commander'
import type { RerunArguments } from '../actions/rerun.ts'
import { collect, count, runText, withInputs, withJson, withProgress } from './options.ts'

/** `pipewright rerun`. */
export function registerRerun(program: Command): void {
  const rerun = program
    .command('rerun')
    .argument('<run>', runText)
    .description('repeat a part of a run in a new one; the rest is taken from its record, effects included')
    .option('--from <node>', 'this node and all that follows from it; several: give it again', collect)
    .option('--only <node>', 'this node, and nothing that follows; several: give it again', collect)
    .option('--failed', 'what failed, was blocked or cancelled, and all that follows')
  withInputs(rerun)
    .option(
      '--tag <tag>',
      'a label of the new run; may be given several times; default: those of the run',
      collect,
    )
    .option('--concurrency <n>', 'how many steps run at once; default: as the run', count)
    .option('--failure <policy>', 'stop or continue; default: as the run')
    .option('--timeout <duration>', "the longest the run may take, such as '30m'")
  withJson(withProgress(rerun), 'events as lines of JSON (schemas/events.json)').action(
    async (run: string, options: RerunArguments) =>
      (await import('../actions/rerun.ts')).rerunCommand(run, options),
  )
}
