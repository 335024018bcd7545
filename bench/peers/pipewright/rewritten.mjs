import { defineStep, file } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const rewritten = defineStep({
  name: 'rewritten',
  inputs: { path: file('text/plain') },
  outputs: { value: z.string() },
  run: async ({ path }) => {
    ran('rewritten')
    return { value: new TextDecoder().decode(await path.bytes()) }
  },
})
