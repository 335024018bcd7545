import { anomalies, smooth } from '@acme/steps'
import { definePipeline } from 'pipewright'
import { z } from 'zod'

export const nightly = definePipeline(
  { name: 'nightly', inputs: { series: z.array(z.number()) } },
  (p, { series }) => ({
    smoothed: p.step(smooth, { series }).smoothed,
    anomalies: p.step(anomalies, { series }).at,
  }),
)
