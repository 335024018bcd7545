import type { Bench } from '../bench.ts'
import { medianOf } from '../meter.ts'
import type { ResumeResult } from '../results.ts'
import { chainOf, startOf } from './chain.ts'
import { failure } from './repeat.ts'

/** The chain with its middle step failing, and the second try after that. */
export async function resume(bench: Bench, repeat: number): Promise<ResumeResult> {
  const { size } = await startOf(bench, repeat)
  await bench.restore()
  const work = chainOf(size, { cache: 'on' in bench.peer.cache })
  const fails = `s${size / 2}`
  const failed = await bench.run(work, { fail: fails })
  if (failed.code === null || failed.bodies.at(-1) !== fails) {
    throw new Error(`it did not stop at ${fails}: ${failure(failed)}`)
  }
  const resumed = await bench.run({ ...work, mode: 'resume' })
  if (resumed.code !== 0) throw new Error(failure(resumed))
  if (!resumed.bodies.includes(`s${size}`)) throw new Error(`it did not reach the end: ${resumed.said}`)
  return {
    size,
    failed: medianOf([failed]),
    resumed: medianOf([resumed]),
    bodies: [failed.bodies.length, resumed.bodies.length],
  }
}
