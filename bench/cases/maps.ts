import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
import { once, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const square = defineStep({
  name: 'square',
  version: '1',
  cache: 'never',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value * value }),
})

const sum = defineStep({
  name: 'sum',
  version: '1',
  cache: 'never',
  inputs: { values: z.array(z.number()) },
  outputs: { total: z.number() },
  run: ({ values }) => ({ total: values.reduce((a, b) => a + b, 0) }),
})

const squares = definePipeline({ name: 'squares', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(input.items, (value, q) => q.step(square, { value }), { id: 'each' })
  return { total: p.step(sum, { values: each.value }).total }
})

/** A wide map, each item recorded durably (in group commits), gathered and read again. */
export function maps(): Promise<Figure[]> {
  return withWorkspace(async (pw) => {
    // A first run compiles the code and starts the heartbeat.
    await pw.run(squares, { items: Array.from({ length: 500 }, (_, i) => i) })
    const figures: Figure[] = []
    for (const [count, budget] of [
      [1_000, '<= 300 ms'],
      [10_000, '<= 2,000 ms'],
    ] as const) {
      const items = Array.from({ length: count }, (_, i) => i)
      const before = process.memoryUsage().heapUsed
      figures.push({
        name: `map of ${count.toLocaleString('en')} items`,
        value: await once(() => pw.run(squares, { items })),
        unit: 'ms',
        budget,
      })
      figures.push({
        name: `heap growth over it`,
        value: (process.memoryUsage().heapUsed - before) / 2 ** 20,
        unit: 'MiB',
      })
    }
    return figures
  })
}
