import type { Command } from 'commander'
import type { GcArguments } from '../actions/gc.ts'
import { withJson } from './options.ts'

/** `pipewright gc`. */
export function registerGc(program: Command): void {
  const gc = program
    .command('gc')
    .description('remove old runs, stored values and Python environments that nothing needs any more')
    .option('--older-than <duration>', 'runs that ended longer ago', '30d')
    .option('--resumable-older-than <duration>', 'of those, runs that could be resumed; default: the same')
    .option('--spare <duration>', 'values that were used more lately are kept; default 1h')
    .option('--shared-older-than <duration>', 'of a shared store too: what was used longer ago')
    .option(
      '--environments-older-than <duration>',
      'Python environments that were used longer ago; default: as --older-than',
    )
    .option('-n, --dry-run', 'only tell what would be removed')
  withJson(gc).action(async (options: GcArguments) => (await import('../actions/gc.ts')).gcCommand(options))
}
