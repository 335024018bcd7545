import { existsSync } from 'node:fs'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const double = defineStep({
  name: 'double',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    console.log('doubling', value)
    return { value: value * 2 }
  },
})

const check = defineStep({
  name: 'check',
  cache: 'never',
  inputs: { value: z.number(), marker: z.string() },
  outputs: { value: z.number() },
  run: ({ value, marker }) => {
    if (!existsSync(marker)) throw new Error(`there is no ${marker}\u001b[31m`)
    return { value }
  },
})

/** Doubles each item. */
export const doubles = definePipeline(
  { name: 'doubles', inputs: { items: z.array(z.number()).default([1, 2]) } },
  (p, input) => ({
    values: p.map(input.items, (value, q) => q.step(double, { value })).value,
  }),
)

/** Fails until a file is there. */
export const checked = definePipeline({ name: 'checked', inputs: { marker: z.string() } }, (p, input) => {
  const { value } = p.step(double, { value: 4 })
  return { value: p.step(check, { value, marker: input.marker }).value }
})

const guess = defineStep({
  name: 'guess',
  inputs: {},
  outputs: { x: z.number() },
  run: () => ({ x: Math.random() }),
})

/** Does not say that it is not deterministic. */
export const guesses = definePipeline({ name: 'guesses' }, (p) => ({ x: p.step(guess, {}).x }))
