import { defineStep } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const split = defineStep({
  name: 'split',
  inputs: { x: z.string(), y: z.string() },
  outputs: { value: z.string() },
  run: ({ x, y }) => {
    ran('split')
    return { value: `${x} ${y}` }
  },
})
