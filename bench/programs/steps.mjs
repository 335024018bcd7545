// Steps for threads and processes, which load this module: plain JavaScript, as a built project is.
import { definePipeline, defineStep, table } from 'pipewright'
import { z } from 'zod'

const add = defineStep({
  name: 'add',
  cache: 'never',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n: n + 1 }),
})

export const chainLength = 100

export const chain = definePipeline({ name: 'chain', inputs: { n: z.number() } }, (p, input) => {
  let { n } = input
  for (let at = 0; at < chainLength; at++) n = p.step(add, { n }, { id: `add-${at}` }).n
  return { n }
})

export const wide = definePipeline({ name: 'wide', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(input.items, (n, q) => q.step(add, { n }), { id: 'each' })
  return { n: each.n }
})

const Row = z.object({
  a: z.number(),
  b: z.number(),
  c: z.number(),
  d: z.number(),
  e: z.number(),
})

const make = defineStep({
  name: 'make',
  inputs: { rows: z.number() },
  outputs: { rows: table(Row) },
  run: ({ rows }) => ({
    rows: (function* () {
      for (let at = 0; at < rows; at++) yield { a: at, b: at / 3, c: at % 7, d: -at, e: 1 / (at + 1) }
    })(),
  }),
})

const pass = defineStep({
  name: 'pass',
  cache: 'never',
  inputs: { rows: table(Row) },
  outputs: { rows: table(Row) },
  run: ({ rows }) => ({ rows }),
})

export const passing = definePipeline({ name: 'passing', inputs: { rows: z.number() } }, (p, input) => {
  const { rows } = p.step(make, { rows: input.rows })
  return { rows: p.step(pass, { rows }).rows }
})
