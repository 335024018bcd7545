import { definePipeline } from 'pipewright'
import { z } from 'zod'

export const p = definePipeline(
  { name: 'p', inputs: { n: z.number() }, outputs: { n: z.number() } },
  (p, _, self) => {
    // expect: Type 'string' is not assignable to type
    const deeper = p.recurse(() => self, { n: 'one' }, { maxDepth: 3 })
    return { n: deeper.n }
  },
)
