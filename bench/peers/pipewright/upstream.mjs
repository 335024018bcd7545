import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const upstream = defineStep({
  name: 'upstream',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    ran('upstream')
    return { value: value + (1 + 1) }
  },
})
