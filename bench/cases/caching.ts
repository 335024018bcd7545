import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
import { once, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const half = defineStep({
  name: 'half',
  version: '1',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value: value / 2 }),
})

const steps = 10_000

const wide = definePipeline({ name: 'wide' }, (p) => {
  let last = p.step(half, { value: 0 }, { id: 's0' })
  for (let i = 1; i < steps; i++) last = p.step(half, { value: i }, { id: `s${i}` })
  return { value: last.value }
})

const each = definePipeline({ name: 'each', inputs: { items: z.array(z.number()) } }, (p, input) => ({
  values: p.map(input.items, (value, q) => q.step(half, { value })).value,
}))

/** A second run of 10,000 steps of which each is a hit. */
export function caching(): Promise<Figure[]> {
  return withWorkspace(async (pw) => {
    const first = await once(() => pw.run(wide, {}))
    const second = await once(() => pw.run(wide, {}))
    const items = Array.from({ length: steps }, (_, i) => i + 0.5)
    await pw.run(each, { items })
    const changed = await once(() => pw.run(each, { items: items.with(5_000, -1) }))
    return [
      { name: '10,000 steps, first run', value: first, unit: 'ms' },
      { name: '10,000 steps, all hits', value: second, unit: 'ms', budget: '<= 1,000 ms' },
      { name: 'map of 10,000 items, one of them changed', value: changed, unit: 'ms' },
    ]
  })
}
