import { defineStep } from 'pipewright'
import { z } from 'zod'
import { mean } from './mean.ts'

/** The places where a series is far from its mean. */
export const anomalies = defineStep({
  name: 'anomalies',
  inputs: { series: z.array(z.number()), far: z.number().default(2) },
  outputs: { at: z.array(z.number()) },
  run: ({ series, far }) => {
    const middle = mean(series)
    const spread = Math.sqrt(mean(series.map((value) => (value - middle) ** 2)))
    return { at: series.flatMap((value, at) => (Math.abs(value - middle) > far * spread ? [at] : [])) }
  },
})
