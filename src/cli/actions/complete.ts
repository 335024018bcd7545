import type { Command } from 'commander'
import { placeOf } from '../complete/place.ts'

/** `pipewright complete`: what may stand in the place of the last word, a line each; `:files` where files may. */
export async function completeCommand(program: Command, words: readonly string[]): Promise<void> {
  const current = words.at(-1) ?? ''
  // Nobody wants to read an error while they type.
  const { candidates, files } = await placeOf(program, words).catch(() => ({ candidates: [], files: false }))
  for (const { value, about } of candidates)
    if (value.startsWith(current)) process.stdout.write(`${value}\t${about.replaceAll(/\s+/g, ' ')}\n`)
  if (files) process.stdout.write(':files\n')
}
