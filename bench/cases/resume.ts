import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'
import { once, type Figure } from '../measure.ts'
import { withWorkspace } from '../workspace.ts'

const count = 10_000

let isBroken = true

const step = defineStep({
  name: 'step',
  version: '1',
  cache: 'never',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n }),
})

const last = defineStep({
  name: 'last',
  version: '1',
  cache: 'never',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => {
    if (isBroken) throw new Error('not yet')
    return { n }
  },
})

const wide = definePipeline({ name: 'wide', inputs: {} }, (p) => {
  const nodes = Array.from({ length: count }, (_, n) => p.step(step, { n }, { id: `n-${n}` }))
  return { n: p.step(last, { n: nodes[0]!.n }, { after: nodes }).n }
})

/** A run of 10,000 nodes of which the last one is left: how long it takes to go on with it. */
export function resume(): Promise<Figure[]> {
  return withWorkspace(async (pw) => {
    isBroken = true
    const handle = await pw.start(wide, {})
    await handle.result().catch(() => undefined)
    isBroken = false
    const value = await once(() => pw.resume(handle.id, wide))
    return [{ name: 'resume of a run of 10,000 nodes', value, unit: 'ms', budget: '<= 1,000 ms' }]
  })
}
