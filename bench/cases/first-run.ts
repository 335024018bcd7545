import { execFileSync } from 'node:child_process'
import { mkdtempSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { fastest, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

/** A pipeline of one step in a new workspace, from the start of the process to its end, beside a Node that does nothing. */
export function firstRun(): Promise<Figure[]> {
  const program = fileURLToPath(new URL('../programs/one-step.mjs', import.meta.url))
  return withFolder(async (root) => {
    const bare = await fastest(7, () => void execFileSync(process.execPath, ['-e', '']))
    const value = await fastest(
      7,
      () => void execFileSync(process.execPath, [program, mkdtempSync(join(root, 'new-'))]),
    )
    return [{ name: 'process that runs one step', value, unit: 'ms', bare }]
  })
}
