import type { Command } from 'commander'
import type { UpArguments } from '../actions/up.ts'
import { count, withJson } from './options.ts'

/** `pipewright up`. */
export function registerUp(program: Command): void {
  const up = program
    .command('up')
    .description('drive the workspace: schedules, triggers, runs that wait or were interrupted')
    .option('--runs <n>', 'how many runs at once; default 8', count)
    .option('--interval <duration>', "how often it looks for what is due; default '1s'")
    .option('--port <n>', 'take signed calls of triggers: POST http://<host>:<n>/<trigger>', count)
    .option('--host <host>', 'where calls are taken', '127.0.0.1')
  withJson(up, 'what happens as lines of JSON (schemas/cli.json, up)').action(async (options: UpArguments) =>
    (await import('../actions/up.ts')).upCommand(options),
  )
}
