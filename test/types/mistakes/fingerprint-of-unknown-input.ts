import { defineStep } from 'pipewright'
import { z } from 'zod'

export const orders = defineStep({
  name: 'orders',
  inputs: { since: z.string() },
  outputs: { count: z.number() },
  // expect: Property 'until' does not exist on type
  fingerprint: ({ until }) => until,
  run: ({ since }) => ({ count: since.length }),
})

export const dated = defineStep({
  name: 'dated',
  inputs: { since: z.string() },
  outputs: { count: z.number() },
  // expect: Type 'Date' is not assignable to type
  fingerprint: () => new Date(),
  run: ({ since }) => ({ count: since.length }),
})
