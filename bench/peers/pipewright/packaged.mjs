import { defineStep } from 'pipewright'
import { version } from 'peersdep'
import { z } from 'zod'
import { ran } from './body.mjs'

export const packaged = defineStep({
  name: 'packaged',
  inputs: { value: z.number() },
  outputs: { value: z.string() },
  run: ({ value }) => {
    ran('packaged')
    return { value: `${version} ${value}` }
  },
})
