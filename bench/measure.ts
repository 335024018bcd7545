import { performance } from 'node:perf_hooks'

/** One measured figure; ratios are against a bare loop of the same run. */
export interface Figure {
  readonly name: string
  readonly value: number
  readonly unit: string
  /** The same work without Pipewright, in the same unit. */
  readonly bare?: number
  /** The design's budget for the value, or for its ratio to the bare loop. */
  readonly budget?: string
}

/** The shortest of some timings of a function, in milliseconds. */
export async function fastest(times: number, run: () => unknown): Promise<number> {
  let best = Infinity
  for (let i = 0; i < times; i++) {
    const start = performance.now()
    await run()
    best = Math.min(best, performance.now() - start)
  }
  return best
}

/** The time of one call, in milliseconds. */
export async function once(run: () => unknown): Promise<number> {
  return fastest(1, run)
}
