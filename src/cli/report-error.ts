import { PipewrightError } from '../internal/error.ts'
import { paletteFor } from '../ui/palette.ts'
import { printableLines } from '../ui/text.ts'
import { exitCodes } from './exit-codes.ts'
import { printJson } from './output.ts'
import { shellWord } from './shell-word.ts'

/** What to do about a run that did not succeed is printed below its tree already. */
function messageOf(error: PipewrightError): string {
  if (error.fix === undefined || typeof error.details['run'] !== 'string' || !('nodes' in error.details))
    return error.message
  return error.message.slice(0, -`\nFix: ${error.fix}`.length)
}

/** What the library leaves to its caller: how values are given here. */
function fixOnTheCommandLine(code: string): string | null {
  if (code !== 'INPUT_INVALID' && code !== 'MISSING_INPUT') return null
  const [command = 'run', pipeline = '<pipeline>'] = process.argv.slice(2)
  const help = sameStart([command, pipeline.startsWith('-') ? '<pipeline>' : pipeline])
  return `give it as -i <input>=<value>, or -i <input>=@<file>; ${help} --help lists the inputs`
}

function sameStart(words: readonly string[]): string {
  return ['pipewright', ...words.map((word) => (word === '<pipeline>' ? word : shellWord(word)))].join(' ')
}

/** Prints an error to standard error, with `--json` also as a document, and gives the exit code. */
export async function reportError(error: unknown, json: boolean): Promise<number> {
  const { bad, strong } = await paletteFor(process.stderr)
  if (PipewrightError.isInstance(error)) {
    const { code, fix = fixOnTheCommandLine(error.code), details } = error
    const told =
      error.fix === undefined && fix !== null ? `${messageOf(error)}\nFix: ${fix}` : messageOf(error)
    const [first = '', ...rest] = printableLines(told).split('\n')
    const lines = rest.map((line) => (line.startsWith('Fix: ') ? `${strong('Fix:')} ${line.slice(5)}` : line))
    process.stderr.write(`${[`${bad(error.code)}: ${first}`, ...lines].join('\n')}\n`)
    const [message] = error.message.split('\nFix: ')
    // A run has told of its end in its last line.
    if (json && !('nodes' in details)) printJson({ error: { code, message, fix, details: asJson(details) } })
    return exitCodes[code] ?? 1
  }
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
  process.stderr.write(`${bad('This is a defect of Pipewright')}: ${printableLines(text)}\n`)
  process.stderr.write('Fix: report it with what is above and `pipewright doctor --json`\n')
  if (json) {
    const message = error instanceof Error ? error.message : String(error)
    printJson({ error: { code: null, message, fix: null, details: {} } })
  }
  return 70
}

function asJson(details: Readonly<Record<string, unknown>>): unknown {
  try {
    return JSON.parse(JSON.stringify(details)) as unknown
  } catch {
    // What programs get beside the message is not worth failing for.
    return {}
  }
}
