import { PipewrightError } from '../internal/error.ts'
import { paletteFor } from '../ui/palette.ts'
import { printableLines } from '../ui/text.ts'
import { errorWording } from './error-wording.ts'
import { exitCodes } from './exit-codes.ts'
import { printJson } from './output.ts'

/** Prints an error to standard error, with `--json` also as a document, and gives the exit code. */
export async function reportError(error: unknown, json: boolean): Promise<number> {
  const { bad, strong } = await paletteFor(process.stderr)
  if (PipewrightError.isInstance(error)) {
    const { code, details } = error
    const { message, fix } = errorWording(error)
    // What to do about a run that did not succeed is printed below its tree already.
    const isTold = typeof details['run'] === 'string' && 'nodes' in details
    const lines = printableLines(message).split('\n')
    if (fix !== null && !isTold) lines.push(`${strong('Fix:')} ${printableLines(fix)}`)
    process.stderr.write(`${bad(error.code)}: ${lines.join('\n')}\n`)
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
