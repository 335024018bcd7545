import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
import { fastest, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'
import { bareCommits } from './step-overhead.ts'

const calls = 2_000

/** Calls one after the other, or so many at a time. */
const inGroups = (size: number) => {
  const step = defineStep({
    name: `calls-${size}`,
    version: '1',
    cache: 'never',
    outputs: { sum: z.number() },
    run: async (_inputs, ctx) => {
      let sum = 0
      for (let at = 0; at < calls; at += size) {
        const group = Array.from({ length: size }, (_, n) => ctx.once(`${at + n}`, () => 1))
        for (const one of await Promise.all(group)) sum += one
      }
      return { sum }
    },
  })
  return definePipeline({ name: `calling-${size}` }, (p) => ({ sum: p.step(step, {}).sum }))
}

/** What durable calls within a step cost. */
export function durableCalls(): Promise<Figure[]> {
  return withWorkspace(async (pw, root) => {
    const timed = (size: number): Promise<number> => fastest(3, () => pw.run(inGroups(size), {}))
    return [
      {
        name: 'durable ctx.once call, one after the other',
        value: (await timed(1)) / calls,
        unit: 'ms',
        bare: await bareCommits(root),
        budget: '<= 1 ms',
      },
      {
        name: 'durable ctx.once calls, 100 in flight',
        value: (calls / (await timed(100))) * 1_000,
        unit: 'a second',
        budget: '>= 1,000',
      },
    ]
  })
}
