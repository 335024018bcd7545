import { definePipeline, defineStep, type Workspace } from 'pipewright'
import { expect } from 'vitest'
import { z } from 'zod'
import { deferred } from '../workspace/temp.ts'

/** Looks at a run while a step works, one waits for its next try, and a map has items that have not begun. */
export async function inProgress<T>(pw: Workspace, look: (run: string) => Promise<T>): Promise<T> {
  const over = deferred()
  const outputs = { n: z.number(), good: z.boolean() }
  const quick = defineStep({
    name: 'quick',
    cache: 'never',
    inputs: { n: z.number() },
    outputs,
    run: ({ n }) => ({ n, good: true }),
  })
  const hold = defineStep({
    name: 'hold',
    cache: 'never',
    inputs: { n: z.number() },
    outputs,
    run: async ({ n }) => {
      await over.promise
      return { n, good: true }
    },
  })
  const flaky = defineStep({
    name: 'flaky',
    cache: 'never',
    inputs: { n: z.number() },
    outputs,
    retry: { attempts: 2, delay: '1m', backoff: 'constant', jitter: 0 },
    run: () => {
      throw new Error('not yet')
    },
  })
  const pipeline = definePipeline(
    { name: 'in-progress', inputs: { items: z.array(z.number()) } },
    (p, input) => {
      const { n, good } = p.step(quick, { n: 1 }, { id: 'first' })
      const long = p.step(hold, { n }, { id: 'long' })
      p.step(flaky, { n })
      p.map(input.items, (item, q) => q.step(hold, { n: item }), { id: 'each', concurrency: 2 })
      p.when(
        good,
        (q) => q.step(hold, { n }, { id: 'taken' }),
        (q) => q.step(quick, { n }, { id: 'other' }),
        { id: 'branch' },
      )
      return { n: p.step(quick, { n: long.n }, { id: 'later' }).n }
    },
  )
  const handle = await pw.start(pipeline, { items: [1, 2, 3, 4, 5] }, { concurrency: 8 })
  const result = handle.result().catch(() => undefined)
  try {
    // Four steps hold, and the first try of another has failed.
    await expect
      .poll(async () => {
        const { executions } = await pw.show(handle.id)
        const ends = executions.flatMap(({ attempts }) => attempts.map(({ end }) => end))
        return [ends.filter((end) => end === null).length, ends.includes('failed')]
      })
      .toEqual([4, true])
    return await look(handle.id)
  } finally {
    over.resolve()
    handle.cancel()
    await result
  }
}
