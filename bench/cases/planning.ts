import { definePipeline, defineStep, plan, type Ref } from 'pipewright'
import { z } from 'zod'
import { sortScope } from '../../src/plan/graph.ts'
import { once, type Figure } from '../measure.ts'

const add = defineStep({
  name: 'add',
  inputs: { a: z.number(), b: z.number(), c: z.number() },
  outputs: { sum: z.number() },
  run: ({ a, b, c }) => ({ sum: a + b + c }),
})

const next = defineStep({
  name: 'next',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value + 1 }),
})

const nodes = 100_000

/** Tracing, compiling, digesting and sorting large graphs. */
export async function planning(): Promise<Figure[]> {
  const wide = await once(() => {
    const pipeline = definePipeline({ name: 'wide', inputs: { start: z.number() } }, (p, input) => {
      const sums: Ref<number>[] = [input.start]
      // A fixed sequence (a linear congruential generator): the same graph in every run.
      let state = 1
      const any = (): Ref<number> => {
        state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
        return sums[state % sums.length]!
      }
      for (let i = 0; i < nodes; i++)
        sums.push(p.step(add, { a: any(), b: any(), c: any() }, { id: `s${i}` }).sum)
      return { sum: sums.at(-1)! }
    })
    sortScope(plan(pipeline, { start: 0 }).scope)
  })
  const chain = await once(() => {
    const pipeline = definePipeline({ name: 'chain', inputs: { start: z.number() } }, (p, input) => {
      let value: Ref<number> = input.start
      for (let i = 0; i < nodes; i++) value = p.step(next, { value }, { id: `s${i}` }).value
      return { value }
    })
    sortScope(plan(pipeline, { start: 0 }).scope)
  })
  return [
    { name: 'plan and sort 100,000 nodes, 300,000 edges', value: wide, unit: 'ms', budget: '<= 2,000 ms' },
    { name: 'plan and sort a chain of 100,000', value: chain, unit: 'ms', budget: '<= 2,000 ms' },
  ]
}
