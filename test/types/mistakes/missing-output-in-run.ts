import { defineStep } from 'pipewright'
import { z } from 'zod'

export const s = defineStep({
  name: 's',
  inputs: { a: z.number() },
  outputs: { b: z.number(), c: z.string() },
  // expect: Property 'c' is missing in type '{ readonly b: number; }' but required in type
  run: ({ a }) => ({ b: a }),
})
