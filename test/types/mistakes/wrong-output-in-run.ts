import { defineStep } from 'pipewright'
import { z } from 'zod'

export const s = defineStep({
  name: 's',
  inputs: { a: z.number() },
  outputs: { b: z.string() },
  // expect: Type 'number' is not assignable to type 'string'
  run: ({ a }) => ({ b: a }),
})
