import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const add = defineStep({
  name: 'add',
  inputs: { n: z.number(), pause: z.number().default(0) },
  outputs: { n: z.number(), more: z.boolean() },
  version: '1',
  run: async ({ n, pause }) => {
    await sleep(pause)
    return { n: n + 1, more: n + 1 < 3 }
  },
})

const reserve = defineStep({
  name: 'reserve',
  effect: true,
  inputs: { what: z.string() },
  outputs: { id: z.string() },
  run: ({ what }, ctx) => {
    ctx.log.info(`reserving ${what}`)
    return { id: `id of ${what}` }
  },
  undo: ({ what }, { id }, ctx) => {
    ctx.log.warn(`giving ${what} back`, { id })
  },
})

const check = defineStep({
  name: 'check',
  inputs: { n: z.number(), wrong: z.boolean() },
  outputs: { n: z.number() },
  retry: { attempts: 2, delay: '100ms' },
  run: ({ n, wrong }, ctx) => {
    ctx.metric('loss', n)
    ctx.param('rate', 0.1)
    if (wrong) throw new Error('the accuracy is too low')
    return { n }
  },
})

const tell = defineStep({
  name: 'tell',
  effect: true,
  inputs: { state: z.string().optional() },
  run: ({ state }, ctx) => {
    ctx.log.info(`it has ended: ${state ?? 'badly'}`)
  },
})

const countDown = definePipeline(
  { name: 'count-down', inputs: { n: z.number(), pause: z.number() }, outputs: { n: z.number() } },
  (p, input, self) => {
    const { n, more } = p.step(add, { n: input.n, pause: input.pause })
    const deeper = p.when(
      more,
      (q) => q.recurse(() => self, { n, pause: input.pause }, { id: 'again', maxDepth: 8 }),
      () => ({ n }),
    )
    return { n: deeper.n }
  },
)

/** Each kind of node that decides what runs, or waits. */
export const tour = definePipeline(
  {
    name: 'tour',
    inputs: {
      kind: z.enum(['small', 'large']).default('small'),
      wrong: z.boolean().default(false),
      pause: z.number().default(0),
      rest: z.number().default(100),
    },
  },
  (p, input) => {
    const { pause } = input
    const flat = p.step(reserve, { what: 'flat' }, { id: 'flat' })
    const picked = p.choose(
      input.kind,
      {
        small: (q) => ({ n: q.step(add, { n: 0, pause }).n }),
        large: (q) => ({ n: q.step(add, { n: 100, pause }).n }),
      },
      { id: 'by-kind' },
    )
    const rounds = p.loop(
      { n: 0 },
      (state, q) => {
        const { n, more } = q.step(add, { n: state.n, pause })
        return { next: { n }, again: more }
      },
      { id: 'rounds', maxRounds: 5 },
    )
    const deep = p.step(countDown, { n: 0, pause })
    const rested = p.sleep(input.rest, { after: [flat, picked, rounds, deep] })
    const until = p.until('2026-01-01T00:00:00Z', { after: [rested] })
    const labels = p.signal('labels', { timeout: '1d', after: [until] })
    const go = p.approve({
      id: 'go-live',
      message: 'Deploy it?',
      show: { n: deep.n },
      by: ['role:lead'],
      after: [labels],
    })
    const checked = p.step(check, { n: rounds.n, wrong: input.wrong }, { after: [go] })
    const last = p.step(add, { n: checked.n }, { id: 'last' })
    p.onFailure((q) => q.step(tell, {}), { id: 'on-failure' })
    p.always((q, { state }) => q.step(tell, { state }), { id: 'tidy' })
    return { n: last.n }
  },
)
