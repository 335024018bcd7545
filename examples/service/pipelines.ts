import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep, metrics } from 'pipewright'
import { z } from 'zod'

const Order = z.object({ customer: z.string(), amount: z.number().nonnegative(), late: z.boolean() })

const features = defineStep({
  name: 'features',
  inputs: { orders: z.array(Order) },
  outputs: { spend: z.number(), lateShare: z.number() },
  run: ({ orders }) => ({
    spend: orders.reduce((sum, { amount }) => sum + amount, 0),
    lateShare: orders.length === 0 ? 0 : orders.filter(({ late }) => late).length / orders.length,
  }),
})

const risk = defineStep({
  name: 'risk',
  inputs: { spend: z.number(), lateShare: z.number(), threshold: z.number().default(0.5) },
  outputs: { risk: z.number(), review: z.boolean() },
  run: ({ spend, lateShare, threshold }) => {
    const value = 1 / (1 + Math.exp(-(4 * lateShare - spend / 1_000)))
    return { risk: value, review: value > threshold }
  },
})

/** A small run that answers a request: how likely a customer pays late. */
export const creditRisk = definePipeline(
  { name: 'credit-risk', inputs: { orders: z.array(Order), threshold: z.number().default(0.5) } },
  (p, { orders, threshold }) => p.step(risk, { ...p.step(features, { orders }), threshold }),
)

const fit = defineStep({
  name: 'fit',
  inputs: { seed: z.number().int(), epochs: z.number().int().min(1) },
  outputs: { slope: z.number(), metrics: metrics({ loss: z.number() }) },
  run: async ({ seed, epochs }, ctx) => {
    let [slope, loss] = [0, 1]
    for (let epoch = 1; epoch <= epochs; epoch++) {
      await sleep(20, undefined, { signal: ctx.signal })
      slope += 0.1 * (2 - slope) * (0.9 + 0.2 * ctx.random())
      loss = (2 - slope) ** 2
      ctx.metric('loss', loss, { step: epoch })
      ctx.progress(epoch, epochs)
    }
    ctx.log.info('trained', { seed, slope })
    return { slope, metrics: { loss } }
  },
})

/** A run that takes its time, and tells how far it is. */
export const training = definePipeline(
  {
    name: 'training',
    inputs: {
      seeds: z.array(z.number().int()).max(100),
      epochs: z.number().int().min(1).max(1_000).default(50),
    },
  },
  (p, { seeds, epochs }) => ({
    slopes: p.map(seeds, (seed, q) => q.step(fit, { seed, epochs }), { id: 'fits' }).slope,
  }),
)
