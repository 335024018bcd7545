// A notebook of whatever project it is run in.
import { definePipeline, definePythonStep } from 'pipewright'
import { z } from 'zod'

/** Its Python is any: reading the cells needs no kernel. */
export const reading = definePythonStep({
  name: 'analysis',
  inputs: { n: z.number() },
  outputs: { out: z.number() },
  notebook: 'analysis.ipynb',
})

export const analysis = definePipeline({ name: 'analysis', inputs: { n: z.number() } }, (p, { n }) => ({
  out: p.step(reading, { n }).out,
}))
