import type { Bench } from '../bench.ts'
import type { CachedResult } from '../results.ts'
import { chainOf, perStep, startOf } from './chain.ts'
import { checkBodies, failure, repeated } from './repeat.ts'
import { medianOf } from '../meter.ts'

/** The chain a second time, with the cache turned on as its documentation says. */
export async function cached(bench: Bench, repeat: number): Promise<CachedResult> {
  const { smallest: start, size } = await startOf(bench, repeat)
  await bench.restore()
  const work = chainOf(size, { cache: true })
  const first = await bench.run(work)
  if (first.code !== 0) throw new Error(failure(first))
  checkBodies(first, work)
  const { usage: second, last } = await repeated(repeat, () => bench.run({ ...work, mode: 'rerun' }))
  return {
    size,
    first: medianOf([first]),
    second,
    step: perStep(start, second, size - bench.smallest),
    bodies: last.bodies.length,
  }
}
