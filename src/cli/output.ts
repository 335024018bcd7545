import { stripVTControlCharacters } from 'node:util'
import { jsonText } from '../ui/json-text.ts'
import { paletteFor } from '../ui/palette.ts'

/** Prints lines to standard output. */
export function print(...lines: readonly string[]): void {
  if (lines.length > 0) process.stdout.write(`${lines.join('\n')}\n`)
}

/** Prints the one JSON document that a command with `--json` gives. */
export function printJson(document: unknown): void {
  process.stdout.write(`${jsonText(document, undefined, 2)}\n`)
}

/** Ends what a command prints: what to do next. */
export async function printNext(...commands: readonly string[]): Promise<void> {
  const { faint } = await paletteFor(process.stdout)
  print(faint(`next: ${stripVTControlCharacters(commands.join(', or '))}`))
}
