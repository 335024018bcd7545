import { spawn } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { definePipeline, defineStep, metrics, table } from 'pipewright'
import { z } from 'zod'

const Row = z.object({ x: z.number(), name: z.string() })
const factor = { by: 2 }

/** Uses all that a context offers. */
const busy = defineStep({
  name: 'busy',
  inputs: { n: z.number() },
  outputs: { rows: table(Row), scores: metrics({ loss: z.number() }), text: z.string() },
  run: async ({ n }, ctx) => {
    ctx.log.info('begun', { n })
    console.log('printed')
    ctx.param('optimiser', 'sgd')
    for (let at = 1; at <= 3; at++) {
      ctx.metric('error', 1 / at)
      ctx.progress(at, 3)
      await sleep(1)
    }
    return {
      rows: Array.from({ length: n }, (_, at) => ({ x: at * factor.by, name: `row ${at}` })),
      scores: { loss: 1 / n },
      text: ctx.random().toFixed(6),
    }
  },
})

const sum = defineStep({
  name: 'sum',
  inputs: { rows: table(Row) },
  outputs: { total: z.number() },
  run: ({ rows }) => ({ total: rows.toArray().reduce((all, { x }) => all + x, 0) }),
})

export const plain = definePipeline({ name: 'plain', inputs: { n: z.number() } }, (p, input) => {
  const { rows, text } = p.step(busy, { n: input.n })
  return { total: p.step(sum, { rows }).total, text }
})

const mode = z.enum([
  'throw',
  'exit',
  'crash',
  'heap',
  'buffers',
  'spin',
  'leak',
  'uncaught',
  'print',
  'pid',
  'env',
  'deaf',
])

export type Mode = z.infer<typeof mode>

const misbehave = defineStep({
  name: 'misbehave',
  cache: 'never',
  inputs: { mode },
  outputs: { text: z.string() },
  resources: { memory: '160MiB' },
  timeout: '20s',
  grace: '100ms',
  env: ['PIPEWRIGHT_TEST_DECLARED'],
  run: async ({ mode }, ctx) => {
    switch (mode) {
      case 'throw':
        ctx.report({ blocks: [{ type: 'markdown', text: 'until then' }] })
        throw new TypeError('the step threw', { cause: new RangeError('because of this') })
      case 'exit':
        process.exit(3)
        break
      case 'crash':
        process.kill(process.pid, 'SIGSEGV')
        await sleep(10_000)
        break
      case 'heap': {
        const held: unknown[] = []
        for (;;) held.push(Array.from({ length: 10_000 }, (_, at) => ({ at })))
      }
      case 'buffers': {
        const held: Buffer[] = []
        for (let at = 0; at < 60; at++) {
          held.push(Buffer.alloc(16 * 2 ** 20, at))
          await sleep(20)
        }
        return { text: String(held.length) }
      }
      case 'spin':
        for (;;);
      case 'deaf':
        ctx.progress(1, 2)
        await sleep(60_000)
        break
      case 'leak':
        spawn(process.execPath, ['-e', 'setTimeout(() => {}, 60000)'], { stdio: 'ignore' })
        return { text: 'left' }
      case 'uncaught':
        setTimeout(() => {
          throw new Error('thrown in a timer')
        }, 1)
        await sleep(10_000)
        break
      case 'print':
        process.stdout.write('to standard output\n')
        process.stderr.write('to standard error\n')
        return { text: 'printed' }
      case 'pid':
        return { text: String(process.pid) }
      case 'env':
        return {
          text: [process.env['PIPEWRIGHT_TEST_DECLARED'], process.env['PIPEWRIGHT_TEST_OTHER']].join(),
        }
    }
    return { text: '' }
  },
})

export const misbehaving = definePipeline({ name: 'misbehaving', inputs: { mode } }, (p, input) => ({
  text: p.step(misbehave, { mode: input.mode }).text,
}))

const spin = defineStep({
  name: 'spin',
  cache: 'never',
  outputs: {},
  timeout: '500ms',
  grace: '100ms',
  run: () => {
    for (;;);
  },
})

export const spinning = definePipeline({ name: 'spinning' }, (p) => {
  p.step(spin, {})
  return {}
})

const grow = defineStep({
  name: 'grow',
  cache: 'never',
  runner: 'process',
  resources: { memory: '200MiB' },
  retry: { attempts: 3, delay: 1, escalate: { memory: 4 } },
  inputs: { size: z.number() },
  outputs: { held: z.number() },
  run: async ({ size }) => {
    const held: Buffer[] = []
    for (let at = 0; at < size; at += 10) {
      held.push(Buffer.alloc(10 * 2 ** 20, at))
      await sleep(30)
    }
    return { held: held.length * 10 }
  },
})

/** Takes so many MiB. */
export const growing = definePipeline({ name: 'growing', inputs: { size: z.number() } }, (p, input) => ({
  held: p.step(grow, { size: input.size }).held,
}))

const make = defineStep({
  name: 'make',
  inputs: { n: z.number() },
  outputs: { rows: table(Row) },
  run: ({ n }) => ({ rows: Array.from({ length: n }, (_, x) => ({ x, name: `wörd ${x}` })) }),
})

const read = defineStep({
  name: 'read',
  inputs: { rows: table(Row), item: z.number() },
  outputs: { text: z.string() },
  run: async ({ rows, item }) => {
    const xs = rows.column('x') as Float64Array
    // What a step does to its own is nobody else's.
    xs.fill(-1)
    const arrow = await rows.arrow()
    const isShared = arrow.getChild('x')!.data[0]!.values.buffer instanceof SharedArrayBuffer
    return { text: `${rows.row(item).x} ${rows.row(item).name} ${arrow.get(item)!.name} ${isShared}` }
  },
})

export const shared = definePipeline(
  { name: 'shared', inputs: { n: z.number(), items: z.array(z.number()) } },
  (p, input) => {
    const { rows } = p.step(make, { n: input.n })
    const each = p.map(input.items, (item, q) => q.step(read, { rows, item }), { id: 'each' })
    return { texts: each.text }
  },
)

const names = Array.from({ length: 40 }, (_, at) => `part${at}`)
const texts = Object.fromEntries(names.map((name) => [name, z.string()]))

const spread = defineStep({
  name: 'spread',
  inputs: texts,
  outputs: texts,
  run: (given) => Object.fromEntries(names.map((name) => [name, `${name} ${given[name]}`])),
})

/** More of small values than one message holds. */
export const spreading = definePipeline({ name: 'spreading', inputs: texts }, (p, input) =>
  p.step(spread, input),
)
