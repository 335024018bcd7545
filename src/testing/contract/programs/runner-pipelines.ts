import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import { directory } from '../../../artifact/directory.ts'
import { file } from '../../../artifact/file.ts'
import { metrics } from '../../../artifact/metrics.ts'
import { table } from '../../../artifact/table.ts'
import { definePipeline } from '../../../define/pipeline.ts'
import { defineStep } from '../../../define/step.ts'

// The pipelines of the contract of runners: a module of its own, since threads and processes load it.

const Row = z.object({ x: z.number(), name: z.string().nullable(), at: z.date() })

const make = defineStep({
  name: 'make',
  version: '1',
  inputs: { n: z.number(), big: z.array(z.number()) },
  outputs: {
    json: z.object({ total: z.number(), text: z.string() }),
    rows: table(Row),
    scores: metrics({ loss: z.number() }),
    notes: file('text/plain'),
    folder: directory(),
  },
  run: async ({ n, big }, ctx) => {
    const folder = join(ctx.workdir, 'folder')
    const { mkdir } = await import('node:fs/promises')
    await mkdir(folder)
    await writeFile(join(folder, 'a.txt'), 'a'.repeat(n))
    const notes = join(ctx.workdir, 'notes.txt')
    await writeFile(notes, `notes of ${n}\n`.repeat(n))
    return {
      json: { total: big.reduce((sum, one) => sum + one, 0), text: '\u00e4\u{1f600}' },
      rows: Array.from({ length: n }, (_, x) => ({
        x,
        name: x % 2 === 0 ? null : `row ${x}`,
        at: new Date(x),
      })),
      scores: { loss: 1 / n },
      notes,
      folder,
    }
  },
})

const read = defineStep({
  name: 'read',
  version: '1',
  inputs: { rows: table(Row), notes: file('text/plain'), folder: directory() },
  outputs: { text: z.string() },
  run: async ({ rows, notes, folder }) => {
    const { readFile } = await import('node:fs/promises')
    const inside = await readFile(join(await folder.path(), 'a.txt'), 'utf8')
    return { text: `${rows.length} ${rows.row(1).name} ${(await notes.text()).length} ${inside.length}` }
  },
})

/** Values of each kind, small and large, between steps. */
export const values = definePipeline(
  { name: 'values', inputs: { n: z.number(), big: z.array(z.number()) } },
  (p, input) => {
    const made = p.step(make, { n: input.n, big: input.big })
    const { text } = p.step(read, { rows: made.rows, notes: made.notes, folder: made.folder })
    return { json: made.json, text }
  },
)

const report = defineStep({
  name: 'report',
  version: '1',
  inputs: { n: z.number() },
  outputs: { drawn: z.number() },
  run: async ({ n }, ctx) => {
    ctx.log.debug('looking', { n })
    ctx.log.warn('odd', { at: [1, { deep: true }] })
    for (let at = 0; at < n; at++) {
      ctx.metric('loss', 1 / (at + 1))
      ctx.progress(at + 1, n)
    }
    ctx.metric('broken', NaN, { step: 7 })
    ctx.param('optimiser', { name: 'sgd', rates: [0.1] })
    await Promise.resolve()
    return { drawn: ctx.random() }
  },
})

/** All that a step reports. */
export const reporting = definePipeline({ name: 'reporting', inputs: { n: z.number() } }, (p, input) => ({
  drawn: p.step(report, { n: input.n }).drawn,
}))

const place = defineStep({
  name: 'place',
  version: '1',
  outputs: { node: z.string(), attempt: z.number(), pipeline: z.string(), isKeyed: z.boolean() },
  run: (_inputs, ctx) => ({
    node: ctx.node,
    attempt: ctx.attempt,
    pipeline: ctx.run.pipeline,
    isKeyed: ctx.idempotencyKey.length === 64,
  }),
})

/** What a step is told of its place. */
export const placed = definePipeline({ name: 'placed' }, (p) => {
  const { node, attempt, pipeline, isKeyed } = p.step(place, {}, { id: 'here' })
  return { node, attempt, pipeline, isKeyed }
})

class OddError extends Error {
  override name = 'OddError'
  readonly code = 'E_ODD'
}

const tries = defineStep({
  name: 'tries',
  version: '1',
  cache: 'never',
  inputs: { until: z.number() },
  outputs: { attempt: z.number(), calls: z.array(z.number()), restored: z.unknown() },
  retry: {
    attempts: 3,
    delay: 1,
    jitter: 0,
    retryIf: (error) => (error as { code?: string }).code === 'E_ODD',
  },
  run: async ({ until }, ctx) => {
    const calls: number[] = []
    for (let call = 0; call < 2; call++)
      calls.push(await ctx.once(`call ${call}`, () => ctx.attempt * 10 + call))
    const restored = await ctx.restored()
    await ctx.checkpoint({ attempt: ctx.attempt })
    if (ctx.attempt < until) throw new OddError(`try ${ctx.attempt}`, { cause: new RangeError('because') })
    return { attempt: ctx.attempt, calls, restored: restored ?? null }
  },
})

/** Fails until an attempt, as `retryIf` allows; calls once and saves checkpoints. */
export const trying = definePipeline({ name: 'trying', inputs: { until: z.number() } }, (p, input) => {
  const { attempt, calls, restored } = p.step(tries, { until: input.until })
  return { attempt, calls, restored }
})

const how = z.enum(['type', 'output', 'value'])

const wrong = defineStep({
  name: 'wrong',
  version: '1',
  cache: 'never',
  inputs: { how },
  outputs: { n: z.number() },
  retry: { attempts: 2, delay: 1, retryIf: () => false },
  run: ({ how }) => {
    if (how === 'type') throw new TypeError('not a function')
    if (how === 'output') return { n: 'text' } as never
    return { n: Number.NaN }
  },
})

/** Fails in one of several ways. */
export const failing = definePipeline({ name: 'failing', inputs: { how } }, (p, input) => ({
  n: p.step(wrong, { how: input.how }).n,
}))

const wait = defineStep({
  name: 'wait',
  version: '1',
  cache: 'never',
  inputs: { reason: z.string() },
  outputs: {},
  run: (_inputs, ctx) =>
    new Promise((_resolve, reject) => {
      const give = (): void => reject(ctx.signal.reason as Error)
      if (ctx.signal.aborted) give()
      ctx.signal.addEventListener('abort', give)
      ctx.progress(1, 2)
    }),
})

const brief = defineStep({
  name: 'brief',
  version: '1',
  cache: 'never',
  timeout: 100,
  outputs: {},
  run: (_inputs, ctx) =>
    new Promise((_resolve, reject) => {
      ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error))
    }),
})

/** Ends when it is told to. */
export const waiting = definePipeline({ name: 'waiting' }, (p) => {
  p.step(wait, { reason: '' })
  return {}
})

/** Takes longer than its timeout, and hears of it. */
export const late = definePipeline({ name: 'late' }, (p) => {
  p.step(brief, {})
  return {}
})
