import { CommanderError, type Command } from 'commander'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'

interface Named {
  /** With the names of the commands before it. */
  readonly command: string
  /** A subcommand that the next word is near to, where there are some. */
  readonly meant: string | undefined
}

/** The command that the words name, as far as they name one. */
function commandOf(program: Command, words: readonly string[]): Named {
  const names = [program.name()]
  let command = program
  for (const word of words) {
    const inner = command.commands.find((one) => one.name() === word)
    if (inner === undefined) break
    names.push(word)
    command = inner
  }
  const next = words[names.length - 1]
  const known = command.commands.map((one) => one.name())
  const meant = next === undefined || next.startsWith('-') ? undefined : nearest(next, known)
  return { command: names.join(' '), meant: command === program ? undefined : meant }
}

function suggestionOf(near: string | undefined): string | undefined {
  return near === undefined ? undefined : `did you mean ${near}?`
}

/** What is wrong with the words, as commander tells it; undefined for any other error. */
export function usageError(
  error: unknown,
  program: Command,
  words: readonly string[],
): PipewrightError | undefined {
  if (!(error instanceof CommanderError)) return undefined
  const { command, meant } = commandOf(program, words)
  const [first = '', suggestion = ''] = error.message.replace(/^error: /, '').split('\n')
  // What a parser of ours has said of the value comes behind.
  const [message = '', what] = first.split(/(?<= is invalid)\. /)
  const near = /^\(Did you mean (.+)\?\)$/.exec(suggestion)?.[1]
  const help = `${command} --help for what there is`
  const fix = what?.replace(/\.$/, '') ?? suggestionOf(meant === undefined ? near : `${command} ${meant}`)
  return new PipewrightError('USAGE_INVALID', message, {
    fix: fix === undefined ? help : `${fix} (${help})`,
    details: { command },
    cause: error,
  })
}

/** The exit code where commander has printed a help, or the version: without a command it is a mistake. */
export function helpExitCode(error: unknown): number | undefined {
  if (!(error instanceof CommanderError)) return undefined
  return error.exitCode === 0 ? 0 : error.code === 'commander.help' ? 2 : undefined
}
