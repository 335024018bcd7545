import { definePipeline } from 'pipewright'
import { z } from 'zod'

export const p = definePipeline({ name: 'p' }, (p) => {
  const go = p.approve({ payload: z.object({ traffic: z.number() }) })
  // expect: Argument of type '"trafic"' is not assignable to parameter of type '"traffic"'
  p.pick(go.payload, 'trafic')
  return {}
})
