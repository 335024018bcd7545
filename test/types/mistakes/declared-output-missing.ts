import { definePipeline } from 'pipewright'
import { z } from 'zod'

export const p = definePipeline(
  { name: 'p', inputs: { n: z.number() }, outputs: { n: z.number(), text: z.string() } },
  // expect: Property 'text' is missing in type
  (_, input) => ({ n: input.n }),
)
