import { defineStep } from 'pipewright'
import { z } from 'zod'

/** The median of each window of three. */
export const smooth = defineStep({
  name: 'smooth',
  inputs: { series: z.array(z.number()) },
  outputs: { smoothed: z.array(z.number()) },
  run: ({ series }) => ({
    smoothed: series.map(
      (_value, at) => series.slice(Math.max(0, at - 1), at + 2).toSorted((a, b) => a - b)[at === 0 ? 0 : 1]!,
    ),
  }),
})
