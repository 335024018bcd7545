import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const wait = defineStep({
  name: 'wait',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  cache: 'never',
  run: async ({ n }, ctx) => {
    await sleep(300, undefined, { signal: ctx.signal })
    return { n: n + 1 }
  },
})

export const slow = definePipeline({ name: 'slow', inputs: {} }, (p) => {
  let n: Parameters<typeof p.step<{ n: number }, { n: number }>>[1]['n'] = 0
  for (let step = 0; step < 4; step++) n = p.step(wait, { n }, { id: `slow-${step}` }).n
  return { n: p.step(wait, { n }, { id: 'last' }).n }
})
