import { definePipeline } from 'pipewright'
import { z } from 'zod'

export const p = definePipeline({ name: 'p', inputs: { text: z.string(), n: z.number() } }, (p, input) => ({
  // expect: Argument of type '"length"' is not assignable to parameter of type 'never'
  length: p.pick(input.text, 'length'),
  // expect: Argument of type '"toFixed"' is not assignable to parameter of type 'never'
  fixed: p.pick(input.n, 'toFixed'),
}))
