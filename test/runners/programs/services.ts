import { appendFileSync } from 'node:fs'
import { definePipeline, defineService, defineStep } from 'pipewright'
import { z } from 'zod'

const note = (what: string): void => appendFileSync(process.env['PIPEWRIGHT_TEST_NOTES']!, `${what}\n`)

export const counter = defineService({
  name: 'counter',
  open: () => {
    note('opened')
    return { count: 0 }
  },
  close: ({ count }) => note(`closed after ${count}`),
})

export const broken = defineService({
  name: 'broken',
  open: (): string => {
    throw new Error('no connection')
  },
})

const use = defineStep({
  name: 'use',
  env: ['PIPEWRIGHT_TEST_NOTES'],
  inputs: { n: z.number() },
  outputs: { count: z.number() },
  run: async (_inputs, ctx) => {
    const shared = await ctx.service(counter)
    return { count: ++shared.count }
  },
})

export const counting = definePipeline(
  { name: 'counting', inputs: { items: z.array(z.number()) } },
  (p, input) => {
    const each = p.map(input.items, (n, q) => q.step(use, { n }), { id: 'each', concurrency: 1 })
    return { counts: each.count }
  },
)

const fail = defineStep({
  name: 'fail',
  inputs: { service: z.string() },
  outputs: {},
  run: async ({ service }, ctx) => {
    await ctx.service(service)
    return {}
  },
})

export const failing = definePipeline({ name: 'failing', inputs: { service: z.string() } }, (p, input) => {
  p.step(fail, { service: input.service })
  return {}
})
