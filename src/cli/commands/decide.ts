import type { Command } from 'commander'
import type { DecisionArguments, SignalArguments } from '../actions/decide.ts'
import { collect, runText, withJson } from './options.ts'

function withDecision(command: Command): Command {
  return withJson(
    command
      .argument('<run>', runText)
      .argument('[node]', 'the approval; may be left out where the run waits for one alone')
      .option('--by <name>', 'who decides; default: the user of this machine')
      .option('--role <role>', 'a role of whoever decides; may be given several times', collect)
      .option('--reason <text>', 'why; recorded'),
  )
}

/** `pipewright approve` and `pipewright reject`. */
export function registerDecide(program: Command): void {
  withDecision(program.command('approve').description('approve what a run waits for'))
    .option('--payload <json>', 'what the decision carries: JSON, or @file')
    .action(async (run: string, node: string | undefined, options: DecisionArguments) =>
      (await import('../actions/decide.ts')).decideCommand(run, node, true, options),
    )
  withDecision(program.command('reject').description('reject what a run waits for')).action(
    async (run: string, node: string | undefined, options: DecisionArguments) =>
      (await import('../actions/decide.ts')).decideCommand(run, node, false, options),
  )
}

/** `pipewright signal`. */
export function registerSignal(program: Command): void {
  const signal = program
    .command('signal')
    .argument('<run>', runText)
    .argument('<name>', 'the signal that a node waits for')
    .argument('[payload]', 'what it carries: JSON, or @file')
    .description('send a signal to a run')
    .option('--by <name>', 'who sends it; default: the user of this machine')
  withJson(signal).action(
    async (run: string, name: string, payload: string | undefined, options: SignalArguments) =>
      (await import('../actions/decide.ts')).signalCommand(run, name, payload, options),
  )
}
