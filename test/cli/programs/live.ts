import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const numbers = defineStep({
  name: 'numbers',
  inputs: { count: z.number() },
  outputs: { items: z.array(z.number()) },
  run: ({ count }) => ({ items: Array.from({ length: count }, (_, index) => index) }),
})

const square = defineStep({
  name: 'square',
  cache: 'never',
  inputs: { item: z.number(), pause: z.number() },
  outputs: { square: z.number() },
  run: async ({ item, pause }) => {
    if (pause > 0) await sleep(pause)
    return { square: item * item }
  },
})

const train = defineStep({
  name: 'train',
  cache: 'never',
  inputs: { squares: z.array(z.number()), epochs: z.number(), pause: z.number() },
  outputs: { loss: z.number() },
  retry: { attempts: 2, delay: 800, backoff: 'constant', jitter: 0 },
  run: async ({ epochs, pause }, ctx) => {
    if (ctx.attempt === 1) throw new Error('the first try always fails')
    for (let epoch = 0; epoch < epochs; epoch++) {
      await sleep(pause, undefined, { signal: ctx.signal })
      ctx.metric('loss', 1 / (epoch + 1))
      ctx.progress(epoch + 1, epochs)
      if (epoch === 3) ctx.log.warn('\u001b[2J\u001b[31mloss <b>is</b> high')
    }
    return { loss: 1 / epochs }
  },
})

const last = defineStep({
  name: 'last',
  inputs: { loss: z.number() },
  outputs: { loss: z.number() },
  run: ({ loss }) => ({ loss }),
})

/** A wide map, a step that is tried again, and what follows. */
export const live = definePipeline(
  {
    name: 'live',
    description: 'Squares and trains.',
    inputs: {
      count: z.number().int().min(1).default(5).describe('Items of the map'),
      epochs: z.number().default(20),
      pause: z.number().default(100),
      each: z.number().default(0),
    },
  },
  (p, input) => {
    const { items } = p.step(numbers, { count: input.count })
    const squares = p.map(items, (item, q) => q.step(square, { item, pause: input.each }), { id: 'squares' })
    const { loss } = p.step(train, { squares: squares.square, epochs: input.epochs, pause: input.pause })
    return { loss: p.step(last, { loss }).loss }
  },
)

/** Many steps beside each other: more than a screen has lines. */
export const many = definePipeline(
  { name: 'many', inputs: { pause: z.number().default(100) } },
  (p, input) => {
    for (let index = 0; index < 60; index++)
      p.step(square, { item: index, pause: input.pause }, { id: `step-${index}` })
    return {}
  },
)

const deafStep = defineStep({
  name: 'deaf',
  inputs: {},
  outputs: {},
  run: async (_inputs, ctx) => {
    ctx.progress(1, 4)
    await sleep(120_000)
    return {}
  },
})

/** Hears no signal. */
export const deaf = definePipeline({ name: 'deaf' }, (p) => {
  p.step(deafStep, {})
  return {}
})
