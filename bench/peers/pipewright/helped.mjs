import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'
import { scale } from './helper.mjs'

export const helped = defineStep({
  name: 'helped',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    ran('helped')
    return { value: scale(value) }
  },
})
