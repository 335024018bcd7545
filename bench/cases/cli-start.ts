import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { fastest, type Figure } from '../measure.ts'

/** `pipewright --help` from start to end, beside a Node that does nothing. */
export async function cliStart(): Promise<Figure[]> {
  const main = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
  const bare = await fastest(7, () => void execFileSync(process.execPath, ['-e', '']))
  const value = await fastest(7, () => void execFileSync(process.execPath, [main, '--help']))
  return [{ name: 'pipewright --help', value, unit: 'ms', bare, budget: '<= 150 ms' }]
}
