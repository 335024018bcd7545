import { readFile } from 'node:fs/promises'
import { PipewrightError } from '../internal/error.ts'

/** Reads the inputs of a pipeline from a JSON file; none without one. */
export async function readInputs(file: string | undefined): Promise<Record<string, unknown>> {
  if (file === undefined) return {}
  try {
    const inputs: unknown = JSON.parse(await readFile(file, 'utf8'))
    if (typeof inputs === 'object' && inputs !== null && !Array.isArray(inputs))
      return inputs as Record<string, unknown>
    throw new Error('it does not hold a JSON object')
  } catch (cause) {
    throw new PipewrightError(
      'INPUT_INVALID',
      `the inputs file ${file} cannot be used: ${(cause as Error).message}`,
      {
        fix: 'give a JSON file with one property per input',
        cause,
      },
    )
  }
}
