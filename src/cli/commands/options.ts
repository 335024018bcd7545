import { InvalidArgumentError, type Command } from 'commander'

/** For options that may be given several times: a variadic one would take the arguments after it. */
export function collect(value: string, before: readonly string[] = []): string[] {
  return [...before, value]
}

/** A whole number from 1. */
export function count(value: string): number {
  const number = Number(value)
  if (Number.isInteger(number) && number >= 1) return number
  throw new InvalidArgumentError('give a whole number from 1')
}

/** The form of what is printed. */
export function withJson(command: Command, what = 'one JSON document (schemas/cli.json)'): Command {
  return command.option('--json', `print ${what}`)
}

/** The inputs of a pipeline. */
export function withInputs(command: Command): Command {
  return command
    .option(
      '-i, --input <name=value>',
      'an input: JSON, a text, or @file; may be given several times',
      collect,
    )
    .option('--inputs <file>', 'a JSON file with inputs, or - for standard input')
}

/** The part of a pipeline that is meant. */
export function withSelection(command: Command): Command {
  return command
    .option('--from <node>', 'this node and all that follows from it; several: give it again', collect)
    .option('--to <node>', 'this node and all that it needs', collect)
    .option('--only <node>', 'this node alone', collect)
    .option('--tags <tag>', 'nodes, or steps, with this tag', collect)
}

/** How progress is shown. */
export function withProgress(command: Command): Command {
  return command
    .option('--progress <way>', 'auto, live (a tree), plain (lines) or none', 'auto')
    .option('--logs', 'show all that steps log, not only warnings and errors')
    .option('--wait', 'stay while the run waits for a decision, a signal or its time')
    .option('--no-wait', 'leave it then (exit code 4), which is what happens without a terminal')
}

/** What the argument of commands on a pipeline may be. */
export const pipelineText =
  'file, file#export, or a name of the settings; default: the only one of the settings'

/** What the argument of commands on a run may be. */
export const runText = 'run id, or the start of one'
