import { definePredictor } from 'pipewright'
import { z } from 'zod'

/** The same predictor as that of repair.test.ts, in another module: models of both are equal, their bytes are not. */
export const scale = definePredictor({
  name: 'scale',
  version: '1',
  state: z.object({ factor: z.number() }),
  input: z.number(),
  output: z.number(),
  predict: ({ factor }, input) => factor * input,
})
