import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { PipewrightError } from '../../internal/error.ts'

/** Reads the inputs of a pipeline from a JSON file, from standard input for `-`; none without a name. */
export async function readInputs(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {}
  const name = file === '-' ? 'standard input' : `the inputs file ${file}`
  try {
    const inputs: unknown = JSON.parse(
      file === '-' ? await text(process.stdin) : await readFile(file, 'utf8'),
    )
    if (typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs))
      return inputs as Record<string, unknown>
    throw new Error('it does not hold a JSON object')
  } catch (cause) {
    throw new PipewrightError('INPUT_INVALID', `${name} cannot be used: ${(cause as Error).message}`, {
      fix: `give ${file === '-' ? '' : 'a file with '}a JSON object with one property per input`,
      cause,
    })
  }
}
