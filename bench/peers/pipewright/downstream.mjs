import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const downstream = defineStep({
  name: 'downstream',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    ran('downstream')
    return { value: value + 1 }
  },
})
