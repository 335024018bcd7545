import { definePipeline, defineStep } from 'pipewright'
import { z } from 'zod'

const add = defineStep({
  name: 'add',
  inputs: { n: z.number(), by: z.number().default(1) },
  outputs: { n: z.number() },
  version: '1',
  run: ({ n, by }) => ({ n: n + by }),
})

const sum = defineStep({
  name: 'sum',
  inputs: { list: z.array(z.number()) },
  outputs: { n: z.number() },
  version: '1',
  run: ({ list }) => ({ n: list.reduce((a, b) => a + b, 0) }),
})

const isBig = defineStep({
  name: 'is-big',
  inputs: { n: z.number() },
  outputs: { big: z.boolean(), kind: z.enum(['big', 'small']) },
  version: '1',
  run: ({ n }) => ({ big: n > 2, kind: n > 2 ? ('big' as const) : ('small' as const) }),
})

const halve = defineStep({
  name: 'halve',
  inputs: { n: z.number() },
  outputs: { n: z.number(), more: z.boolean() },
  version: '1',
  run: ({ n }) => ({ n: n / 2, more: n / 2 > 1 }),
})

const send = defineStep({
  name: 'send',
  inputs: { n: z.number() },
  outputs: { receipt: z.string() },
  effect: true,
  run: ({ n }) => ({ receipt: `receipt for ${n}` }),
})

const flaky = defineStep({
  name: 'flaky',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  version: '1',
  retry: { attempts: 3, delay: '1ms' },
  run: ({ n }, ctx) => {
    if (ctx.attempt < 2) throw new Error('not yet')
    return { n }
  },
})

export const chain = definePipeline({ name: 'chain', inputs: { n: z.number() } }, (p, input) => {
  let { n } = input
  for (let step = 0; step < 5; step++) n = p.step(add, { n, by: step }, { id: `add-${step}` }).n
  return { n }
})

export const diamond = definePipeline({ name: 'diamond', inputs: { n: z.number() } }, (p, input) => {
  const top = p.step(add, { n: input.n }, { id: 'top' })
  const left = p.step(add, { n: top.n, by: 2 }, { id: 'left' })
  const right = p.step(add, { n: top.n, by: 3 }, { id: 'right' })
  return { n: p.step(sum, { list: [left.n, right.n] }).n }
})

export const nested = definePipeline({ name: 'nested', inputs: { n: z.number() } }, (p, input) => {
  const outer = p.map(
    [1, 2, 3],
    (a, q) => {
      const inner = q.map([10, 20], (b, r) => r.step(add, { n: a, by: b }), { id: 'inner' })
      return { n: q.step(sum, { list: inner.n }).n }
    },
    { id: 'outer', concurrency: 2 },
  )
  return { n: p.step(sum, { list: outer.n }, { after: [p.step(add, { n: input.n })] }).n }
})

export const branched = definePipeline({ name: 'branched', inputs: { n: z.number() } }, (p, input) => {
  const each = p.map(
    [
      { name: 'a', n: 1 },
      { name: 'b', n: 3 },
    ],
    (item, q) => {
      const n = q.pick(item, 'n')
      const { big, kind } = q.step(isBig, { n })
      const gate = q.when(
        big,
        (r) => r.step(add, { n, by: 10 }),
        (r) => r.step(add, { n, by: 20 }),
      )
      const chosen = q.choose(kind, { big: (r) => r.step(add, { n, by: 30 }), small: () => ({ n }) })
      return { n: q.step(sum, { list: [gate.n, chosen.n] }).n }
    },
    { id: 'each', key: 'name' },
  )
  return { n: p.step(sum, { list: each.n }).n, keys: each.keys, of: p.step(add, { n: input.n }).n }
})

export const looped = definePipeline({ name: 'looped', inputs: { n: z.number() } }, (p, input) => {
  const loop = p.loop(
    { n: input.n },
    (state, q) => {
      const half = q.step(halve, { n: state.n })
      return { next: { n: half.n }, again: half.more }
    },
    { maxRounds: 9 },
  )
  return { n: loop.n, rounds: loop.rounds }
})

export const retried = definePipeline({ name: 'retried', inputs: { n: z.number() } }, (p, input) => {
  const first = p.step(flaky, { n: input.n })
  return { n: p.step(add, { n: first.n }).n }
})

export const approved = definePipeline({ name: 'approved', inputs: { n: z.number() } }, (p, input) => {
  const first = p.step(add, { n: input.n }, { id: 'first' })
  const go = p.approve({ id: 'go', payload: z.object({ by: z.number() }), after: [first] })
  const labels = p.signal('labels', { payload: z.object({ n: z.number() }) })
  const slept = p.sleep('2ms', { after: [first] })
  const last = p.step(add, { n: first.n, by: p.pick(go.payload, 'by') }, { id: 'last', after: [slept] })
  return { n: p.step(sum, { list: [last.n, p.pick(labels.payload, 'n')] }).n }
})

export const effects = definePipeline({ name: 'effects', inputs: { n: z.number() } }, (p, input) => {
  const first = p.step(send, { n: input.n }, { id: 'first' })
  const second = p.step(send, { n: 2 }, { id: 'second', after: [first] })
  const each = p.map([3, 4], (n, q) => q.step(send, { n }), { id: 'each' })
  return { first: first.receipt, second: second.receipt, each: each.receipt }
})

export const composed = definePipeline({ name: 'composed', inputs: { n: z.number() } }, (p, input) => {
  const inner = p.step(diamond, { n: input.n })
  const again = p.step(looped, { n: inner.n })
  p.always((q) => q.step(add, { n: 7 }, { id: 'tidy' }))
  return { n: again.n, rounds: again.rounds }
})

export const recursive = definePipeline(
  { name: 'recursive', inputs: { n: z.number() }, outputs: { n: z.number() } },
  (p, input, self) => {
    const half = p.step(halve, { n: input.n })
    const deeper = p.when(
      half.more,
      (q) => q.recurse(() => self, { n: half.n }, { id: 'deeper', maxDepth: 9 }),
      () => ({ n: half.n }),
    )
    return { n: p.step(add, { n: deeper.n }).n }
  },
)
