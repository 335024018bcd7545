import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const commented = defineStep({
  name: 'commented',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => {
    // the first comment
    ran('commented')
    return { value: value + 1 }
  },
})
