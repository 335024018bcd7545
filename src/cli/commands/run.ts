import type { Command } from 'commander'
import type { RunArguments } from '../actions/run-arguments.ts'
import { collect, count, pipelineText, withInputs, withJson, withProgress, withSelection } from './options.ts'

/** What commander gives. */
interface Typed extends Omit<RunArguments, 'refresh'> {
  readonly help?: boolean
  readonly refresh?: true | readonly string[]
}

/** `pipewright run`. */
export function registerRun(program: Command): void {
  const run = program.command('run').argument('[pipeline]', pipelineText).description('run a pipeline')
  withInputs(run)
  withSelection(run)
    .option(
      '--refresh [node]',
      'execute again: all, or the nodes that match; may be given several times',
      collect,
    )
    .option('--cache <mode>', 'refresh, readonly (make no entries) or off')
    .option('--verify-cache <share>', 'recompute a share of the hits, such as 5%, and compare the outputs')
    .option('--like <run>', 'take what is not given as an input from this run, and its pipeline')
    .option('--tag <tag>', 'a label of the run; may be given several times', collect)
    .option('--key <key>', 'a name of yours: the same key and inputs attach to, or resume, that run')
    .option('--concurrency <n>', 'how many steps run at once', count)
    .option('--failure <policy>', 'stop (default) or continue')
    .option('--timeout <duration>', "the longest the run may take, such as '30m'")
    .option('--runner <runner>', 'where all steps run: inline, thread or process')
    .option('-w, --watch', 'run again whenever a source file or an input changes')
  withJson(withProgress(run), 'events as lines of JSON (schemas/events.json)')
    .helpOption(false)
    .option('-h, --help', 'this text; with a pipeline: its inputs')
    .action(async (pipeline: string | undefined, { help, refresh, ...options }: Typed) => {
      // Without a pattern all nodes are meant.
      const patterns = refresh === undefined ? {} : { refresh: refresh === true ? ['**'] : refresh }
      if (help !== true)
        return (await import('../actions/run.ts')).runCommand(pipeline, { ...options, ...patterns })
      if (pipeline === undefined) return run.outputHelp()
      return (await import('../actions/pipeline-help.ts')).pipelineHelpCommand(pipeline, options)
    })
}
