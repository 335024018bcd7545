import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const typed = defineStep({
  name: 'typed',
  inputs: { value: z.union([z.number(), z.string()]) },
  outputs: { value: z.string() },
  run: ({ value }) => {
    ran('typed')
    return { value: `${typeof value} ${value}` }
  },
})
