import type { Bench } from '../bench.ts'
import { median } from '../meter.ts'
import type { Command } from '../peer.ts'
import type { InstallResult } from '../results.ts'
import { failure } from './repeat.ts'

/** How much is installed, and what importing it costs over a process that does nothing. */
export async function install(bench: Bench, repeat: number): Promise<InstallResult> {
  const { peer, environment } = bench
  const command = (code: string): Command =>
    peer.language === 'python' ? ['python', '-c', code] : ['node', '--input-type=module', '--eval', code]
  const time = async (code: string): Promise<number> => {
    const ran = await bench.measure(command(code))
    if (ran.code !== 0) throw new Error(failure(ran))
    return ran.wall * 1000
  }
  // Fills the caches of files.
  await time(peer.imports)
  const differences: number[] = []
  // In pairs, so that a load that comes and goes is in both.
  for (let i = 0; i < repeat + 2; i++) differences.push(-(await time('')) + (await time(peer.imports)))
  const { megabytes, packages } = environment
  return { megabytes, packages, import: median(differences) }
}
