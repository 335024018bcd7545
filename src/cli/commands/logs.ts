import type { Command } from 'commander'
import type { LogsArguments } from '../actions/logs.ts'
import { count, runText, withJson } from './options.ts'

/** `pipewright logs`. */
export function registerLogs(program: Command): void {
  const logs = program
    .command('logs')
    .argument('[run]', `${runText}; default: the latest`)
    .argument('[node]', "a node, or a pattern such as 'trials/**'; default: all")
    .description('what the steps of a run have logged')
    .option('-f, --follow', 'go on until the run ends')
    .option('--level <level>', 'the least important level: debug, info, warn or error')
    .option('-n, --tail <n>', 'only the last lines', count)
  withJson(logs, 'lines as lines of JSON (schemas/events.json)').action(
    async (run: string | undefined, node: string | undefined, options: LogsArguments) =>
      (await import('../actions/logs.ts')).logsCommand(run, node, options),
  )
}
