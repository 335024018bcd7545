import { definePythonStep } from 'pipewright'
import { z } from 'zod'

/** Its function is that of whatever project it is read in. */
export const step = definePythonStep({
  name: 'f',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  module: 'train',
  function: 'f',
})
