import { defineStep, file } from 'pipewright'
import { z } from 'zod'
import { ran } from './body.mjs'

export const moved = defineStep({
  name: 'moved',
  inputs: { path: file('text/plain') },
  outputs: { value: z.string() },
  run: async ({ path }) => {
    ran('moved')
    return { value: new TextDecoder().decode(await path.bytes()) }
  },
})
