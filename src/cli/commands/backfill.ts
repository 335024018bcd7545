import type { Command } from 'commander'
import type { BackfillArguments } from '../actions/backfill.ts'
import { count, withInputs, withJson } from './options.ts'

/** `pipewright backfill`. */
export function registerBackfill(program: Command): void {
  const backfill = program
    .command('backfill')
    .argument('<schedule-or-pipeline>', 'name of a schedule; or file, file#export, or a name of the settings')
    .description('run it for each time of a range; again, it goes on where it was')
    .requiredOption('--from <time>', "the first time: a day, or ISO 8601, such as '2026-01-01'")
    .requiredOption('--to <time>', 'the last time, included; a day means its end')
    .option('--cron <expression>', "the times, such as '0 0 * * *'; default: those of the schedule")
    .option('--timezone <zone>', 'of the times; default: that of the schedule, else UTC')
    .option('--concurrency <n>', 'how many runs at once; default 2', count)
  withInputs(backfill).addHelpText(
    'after',
    "\nIn values of -i, {date} and {time} stand for the time: -i day={date} -i 'since={time}'",
  )
  withJson(backfill).action(async (subject: string, options: BackfillArguments) =>
    (await import('../actions/backfill.ts')).backfillCommand(subject, options),
  )
}
