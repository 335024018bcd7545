import type { Bench, Ran } from '../bench.ts'
import { medianOf, type Metered } from '../meter.ts'
import type { Work } from '../peer.ts'
import type { Usage } from '../results.ts'

/** What takes more seconds than this is measured once. */
const slow = 20

/** Runs a measurement until it has been repeated enough; each must have ended well. */
export async function repeated<T extends Metered>(
  times: number,
  run: () => Promise<T>,
): Promise<{ readonly usage: Usage; readonly last: T }> {
  const runs: T[] = []
  do {
    const one = await run()
    if (one.code !== 0) throw new Error(failure(one))
    runs.push(one)
  } while (runs.length < times && runs[0]!.wall < slow)
  return { usage: medianOf(runs), last: runs.at(-1)! }
}

/** The same flow in a folder that is new each time; its bodies must be those of the flow. */
export function fresh(bench: Bench, times: number, work: Work): Promise<{ readonly usage: Usage }> {
  return repeated(times, async () => {
    await bench.restore()
    const ran = await bench.run(work)
    if (ran.code === 0) checkBodies(ran, work)
    return ran
  })
}

/** Throws unless each body has run, once, and the values have been handed on. */
export function checkBodies({ bodies, said }: Ran, { flow, size }: Work): void {
  const steps = Array.from({ length: size }, (_, i) => `s${i + 1}`)
  const wanted = flow === 'map' ? [...steps, `join ${(size * (size + 1)) / 2}`] : steps
  const missing = wanted.filter((name) => !bodies.includes(name))
  if (bodies.length === wanted.length && missing.length === 0) return
  const some = missing.slice(0, 3).join(', ')
  throw new Error(`${bodies.length} of ${wanted.length} bodies ran; without ${some}: ${said}`)
}

export function failure({ code, wall, said }: Metered): string {
  return code === null ? `stopped after ${Math.round(wall)} s` : `exit code ${code}: ${said}`
}
