import { z } from 'zod'
import { defineStep } from '../../src/index.ts'

/** Adds to a number; below zero it throws. */
export const add = defineStep({
  name: 'add',
  inputs: { n: z.number(), by: z.number().default(1) },
  outputs: { n: z.number() },
  version: '1',
  run: ({ n, by }) => {
    if (n < 0) throw new Error(`${n} is negative`)
    return { n: n + by }
  },
})

/** Halves a number; tells whether there is more to halve. */
export const halve = defineStep({
  name: 'halve',
  inputs: { n: z.number() },
  outputs: { n: z.number(), more: z.boolean() },
  version: '1',
  run: ({ n }) => ({ n: n / 2, more: n / 2 > 1 }),
})
