import { definePipeline } from 'pipewright'
import { z } from 'zod'
import { announce } from './steps.ts'

export const p = definePipeline(
  { name: 'p', inputs: { settings: z.object({ region: z.string() }) } },
  (p, input) => {
    // expect: Argument of type '"regoin"' is not assignable to parameter of type '"region"'
    p.step(announce, { text: p.pick(input.settings, 'regoin') })
    return {}
  },
)
