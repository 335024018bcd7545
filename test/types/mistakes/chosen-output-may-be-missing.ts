import { definePipeline } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { kind: z.enum(['linear', 'trees']) } }, (p, input) => {
  const chosen = p.choose(input.kind, {
    linear: (q) => q.step(announce, { text: 'linear' }),
    trees: () => ({}),
  })
  // expect: Ref<string | undefined>' is not assignable to type
  p.step(announce, { text: chosen.sent })
  return {}
})
