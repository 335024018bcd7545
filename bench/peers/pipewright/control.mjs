import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const control = defineStep({
  name: 'control',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    ran('control')
    return { value: value + 1 }
  },
})
