import type { Command } from 'commander'
import { runText, withJson } from './options.ts'

/** `pipewright report`. */
export function registerReport(program: Command): void {
  const report = program
    .command('report')
    .argument('[run]', `${runText}; default: the latest`)
    .description('write the page of a run: one HTML file with all that is known of it')
    .option('-o, --output <file>', 'default: <pipeline>-<run>.html in the current folder')
    .option('--compare <run>', 'another run: what differs from it is shown too')
  withJson(report).action(async (run: string | undefined, options: object) =>
    (await import('../actions/report.ts')).reportCommand(run, options),
  )
}
