import type { PipewrightError } from '../internal/error.ts'
import { shellWord } from './shell-word.ts'

/** What a user is told of an error. */
export interface ErrorWording {
  readonly message: string
  readonly fix: string | null
}

function sameStart(words: readonly string[]): string {
  return ['pipewright', ...words.map((word) => (word === '<pipeline>' ? word : shellWord(word)))].join(' ')
}

function inputsFix(): string {
  const [command = 'run', pipeline = '<pipeline>'] = process.argv.slice(2)
  const help = sameStart([command, pipeline.startsWith('-') ? '<pipeline>' : pipeline])
  return `give it as -i <input>=<value>, or -i <input>=@<file>; ${help} --help lists the inputs`
}

/** What an error of the library says, in the words of the command line: options as they are typed, values as they are given. */
export function errorWording(error: PipewrightError): ErrorWording {
  const fix = error.fix ?? null
  const message = fix === null ? error.message : error.message.slice(0, -`\nFix: ${fix}`.length)
  switch (error.code) {
    case 'INPUT_INVALID':
      if (message.startsWith('runs(): the cursor'))
        return {
          message: message.replace('runs():', '--after:'),
          fix: 'give what the page before has printed, unchanged',
        }
      return { message, fix: fix ?? inputsFix() }
    case 'MISSING_INPUT':
      // The library leaves to its caller how values are given.
      return { message, fix: fix ?? inputsFix() }
    case 'APPROVAL_FORBIDDEN':
      return {
        message,
        fix: 'let one of them decide: --by <name>, or --role <role> for what begins with role:',
      }
    case 'SELECTION_EMPTY':
      return { message: message.replace(/^(from|to|only|tags|refresh): /, '--$1: '), fix }
    case 'SELECTION_GAP':
      return {
        message,
        fix: 'select it too (--from, --to and --only may be given several times), or run the whole pipeline once',
      }
    default:
      return { message, fix }
  }
}
