import { definePipeline } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

export const p = definePipeline({ name: 'p', inputs: { kind: z.enum(['linear', 'trees']) } }, (p, input) => {
  // expect: Property 'trees' is missing in type
  p.choose(input.kind, { linear: (q) => q.step(announce, { text: 'linear' }) })
  return {}
})
