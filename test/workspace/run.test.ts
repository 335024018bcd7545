import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  definePipeline,
  definePredictor,
  defineStep,
  file,
  json,
  list,
  metrics,
  model,
  type Ref,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

const double = defineStep({
  name: 'double',
  inputs: { value: z.number(), by: z.number().default(2) },
  outputs: { value: z.number() },
  run: ({ value, by }) => ({ value: value * by }),
})

const sum = defineStep({
  name: 'sum',
  inputs: { values: z.array(z.number()) },
  outputs: { total: z.number(), big: z.boolean() },
  run: ({ values }) => {
    const total = values.reduce((a, b) => a + b, 0)
    return { total, big: total > 10 }
  },
})

const say = defineStep({
  name: 'say',
  inputs: { text: z.string(), total: z.number().optional() },
  outputs: { said: z.string() },
  run: ({ text, total }) => ({ said: total === undefined ? text : `${text} ${total}` }),
})

describe('a pipeline runs end to end', () => {
  test('maps, branches, defaults, plain loops', async () => {
    const pipeline = definePipeline(
      { name: 'all', inputs: { items: z.array(z.number()).default([1, 2, 3]) } },
      (p, input) => {
        const doubled = p.map(input.items, (value, q, index) => {
          const { value: twice } = q.step(double, { value })
          return { twice, indexed: q.step(double, { value: index, by: twice }, { id: 'indexed' }).value }
        })
        const { total, big } = p.step(sum, { values: doubled.twice })
        const loud = p.when(
          big,
          (q) => ({ text: q.step(say, { text: 'big', total }).said }),
          (q) => ({
            text: q.step(say, { text: 'small' }).said,
            only: q.step(say, { text: 'else' }, { id: 'only' }).said,
          }),
        )
        const quiet = p.when(big, (q) => q.step(say, { text: 'quiet' }), { id: 'quiet' })
        let value: Ref<number> = total
        for (let i = 0; i < 3; i++) value = p.step(double, { value }, { id: `again-${i}` }).value
        return { total, indexed: doubled.indexed, loud: loud.text, only: loud.only, quiet: quiet.said, value }
      },
    )
    const pw = await tempWorkspace()
    const small = await pw.run(pipeline, { items: [1, 2] })
    expect(small.outputs).toEqual({
      total: 6,
      indexed: [0, 4],
      loud: 'small',
      only: 'else',
      quiet: undefined,
      value: 48,
    })
    const big = await pw.run(pipeline, {})
    expect(big.outputs).toEqual({
      total: 12,
      indexed: [0, 4, 12],
      loud: 'big 12',
      only: undefined,
      quiet: 'quiet',
      value: 96,
    })
    expect(await statesOf(pw, small.run.id)).toMatchObject({
      'map[0]/double': 'succeeded',
      'map[1]/indexed': 'succeeded',
      map: 'succeeded',
      'when/else/say': 'succeeded',
      quiet: 'skipped',
      'again-2': 'succeeded',
    })
  })

  test('a pipeline is a step: its defaults apply, its outputs are wired on', async () => {
    const inner = definePipeline(
      { name: 'inner', inputs: { value: z.number(), by: z.number().default(10) } },
      (p, input) => ({
        value: p.step(double, { value: input.value, by: input.by }).value,
      }),
    )
    const outer = definePipeline({ name: 'outer', inputs: { start: z.number() } }, (p, input) => {
      const first = p.step(inner, { value: input.start })
      return { value: p.step(inner, { value: first.value, by: 3 }, { id: 'second' }).value }
    })
    const pw = await tempWorkspace()
    const { outputs, run } = await pw.run(outer, { start: 2 })
    expect(outputs.value).toBe(60)
    expect(Object.keys(await statesOf(pw, run.id)).toSorted()).toEqual([
      'inner',
      'inner/double',
      'second',
      'second/double',
    ])
  })

  test('pick takes a part; after orders without data', async () => {
    const order: string[] = []
    const note = defineStep({
      name: 'note',
      version: '1',
      cache: 'never',
      inputs: { text: z.string() },
      outputs: {},
      run: ({ text }) => {
        order.push(text)
      },
    })
    const settings = z.object({ region: z.object({ name: z.string() }), tags: z.array(z.string()) })
    const pipeline = definePipeline({ name: 'picks', inputs: { settings } }, (p, input) => {
      const second = p.step(note, { text: p.pick(input.settings, 'tags', 0) }, { id: 'first' })
      p.step(note, { text: p.pick(input.settings, 'region', 'name') }, { id: 'second', after: [second] })
      return {}
    })
    const pw = await tempWorkspace()
    await pw.run(pipeline, { settings: { region: { name: 'eu' }, tags: ['a', 'b'] } })
    expect(order).toEqual(['a', 'eu'])
  })

  test('maps in maps, a map over a gathered list, an empty list', async () => {
    const range = defineStep({
      name: 'range',
      inputs: { to: z.number() },
      outputs: { numbers: z.array(z.number()) },
      run: ({ to }) => ({ numbers: Array.from({ length: to }, (_, i) => i) }),
    })
    const pipeline = definePipeline(
      { name: 'nested', inputs: { sizes: z.array(z.number()) } },
      (p, input) => {
        const outer = p.map(input.sizes, (size, q) => {
          const { numbers } = q.step(range, { to: size })
          const inner = q.map(numbers, (n, r) => r.step(double, { value: n }))
          return { total: q.step(sum, { values: inner.value }).total }
        })
        const again = p.map(outer.total, (total, q) => q.step(double, { value: total }), { id: 'again' })
        return { totals: outer.total, again: again.value }
      },
    )
    const pw = await tempWorkspace()
    expect((await pw.run(pipeline, { sizes: [3, 0, 2] })).outputs).toEqual({
      totals: [6, 0, 2],
      again: [12, 0, 4],
    })
    expect((await pw.run(pipeline, { sizes: [] })).outputs).toEqual({ totals: [], again: [] })
  })

  test('metrics outputs, reported metrics, parameters and logs are recorded', async () => {
    const measured = defineStep({
      name: 'measured',
      inputs: {},
      outputs: { scores: metrics({ auc: z.number(), loss: z.number().or(z.nan()) }) },
      run: (_inputs, ctx) => {
        for (let i = 0; i < 3; i++) ctx.metric('step-loss', 3 - i)
        ctx.param('depth', 4)
        ctx.log.info('hello', { a: 1 })
        return { scores: { auc: 0.9, loss: Number.NaN } }
      },
    })
    const pipeline = definePipeline({ name: 'measures' }, (p) => ({ scores: p.step(measured, {}).scores }))
    const pw = await tempWorkspace()
    const { outputs, run } = await pw.run(pipeline, {})
    expect(outputs.scores).toEqual({ auc: 0.9, loss: Number.NaN })
    const [execution] = (await pw.show(run.id)).executions
    expect(execution?.metrics).toMatchObject({
      auc: { last: 0.9 },
      'step-loss': { last: 1, min: 1, max: 3, count: 3 },
    })
    expect(execution?.params).toEqual({ depth: 4 })
    expect(execution?.attempts[0]?.log ?? null).toBeDefined()
  })

  test('no more runs at once than was asked for: of the run, and of a map', async () => {
    let now = 0
    let most = 0
    const busy = defineStep({
      name: 'busy',
      version: '1',
      cache: 'never',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: async ({ n }) => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 2))
        now--
        return { n }
      },
    })
    const wide = (concurrency?: number) =>
      definePipeline({ name: 'wide' }, (p) => {
        const items = Array.from({ length: 30 }, (_, i) => i)
        const options = concurrency === undefined ? {} : { concurrency }
        return { n: p.map(items, (n, q) => q.step(busy, { n }), options).n }
      })
    const pw = await tempWorkspace({ concurrency: 5 })
    await pw.run(wide(), {})
    expect(most).toBe(5)
    most = 0
    await pw.run(wide(), {}, { concurrency: 3 })
    expect(most).toBe(3)
    most = 0
    const { outputs } = await pw.run(wide(2), {})
    expect(most).toBe(2)
    expect(outputs.n).toEqual(Array.from({ length: 30 }, (_, i) => i))
  })

  test('updates are told as they happen, to a listener and to a stream', async () => {
    const pipeline = definePipeline({ name: 'told' }, (p) => p.step(double, { value: 2 }))
    const pw = await tempWorkspace()
    const told: string[] = []
    const handle = await pw.start(pipeline, {}, { onUpdate: ({ event }) => told.push(event.type) })
    const streamed: string[] = []
    for await (const { event } of handle.events()) streamed.push(event.type)
    expect((await handle.result()).outputs).toEqual({ value: 4 })
    expect(told.slice(-2)).toEqual(['node.succeeded', 'run.finished'])
    expect(told.slice(-streamed.length)).toEqual(streamed)
  })

  test('pick takes an item of a list of anything', async () => {
    const scale = definePredictor({
      name: 'scale',
      version: '1',
      state: z.object({ by: z.number() }),
      input: z.number(),
      output: z.number(),
      predict: ({ by }, x) => by * x,
    })
    const fit = defineStep({
      name: 'fit',
      version: '1',
      inputs: { by: z.number() },
      outputs: { model: model(scale), by: z.number() },
      run: ({ by }) => ({ model: scale.of({ by }), by }),
    })
    const score = defineStep({
      name: 'score',
      version: '1',
      inputs: { model: model(scale), models: z.number(), by: z.number() },
      outputs: { y: z.number() },
      run: async (inputs) => ({ y: (await inputs.model.predict(100)) + inputs.models * 10 + inputs.by }),
    })
    const inner = definePipeline({ name: 'inner', inputs: { numbers: z.array(z.number()) } }, (p, input) => ({
      n: p.step(double, { value: p.pick(input.numbers, 'length') }).value,
    }))
    const pipeline = definePipeline({ name: 'p', inputs: { rates: z.array(z.number()) } }, (p, input) => {
      const fits = p.map(input.rates, (by, q) => q.step(fit, { by }))
      const { y } = p.step(score, {
        model: p.pick(fits.model, 1),
        models: p.pick(fits.model, 'length'),
        by: p.pick(fits.by, 2),
      })
      const { n } = p.step(inner, { numbers: [y, p.pick(fits.by, 0)] })
      return { y, n, model: p.pick(fits.model, 2) }
    })
    const pw = await tempWorkspace()
    const { outputs } = await pw.run(pipeline, { rates: [1, 2, 3] })
    expect([outputs.y, outputs.n, await outputs.model.predict(2)]).toEqual([233, 4, 6])
    // A pick of an item is keyed by the item alone.
    const { run } = await pw.run(pipeline, { rates: [4, 2, 3] })
    expect(await statesOf(pw, run.id)).toMatchObject({ 'map[0]/fit': 'succeeded', score: 'reused' })
  })

  test('a plain list of refs may be mapped over, a list of json may be given to a run', async () => {
    const total = defineStep({
      name: 'total',
      version: '1',
      inputs: { values: list(json(z.number())) },
      outputs: { total: z.number() },
      run: ({ values }) => ({ total: values.reduce((a, b) => a + b, 0) }),
    })
    const pipeline = definePipeline(
      { name: 'p', inputs: { a: z.number(), rest: list(json(z.number().min(0))) } },
      (p, input) => ({
        doubled: p.map([input.a, p.step(double, { value: input.a }).value], (value, q) =>
          q.step(double, { value }),
        ).value,
        total: p.step(total, { values: input.rest }).total,
      }),
    )
    const pw = await tempWorkspace()
    const { outputs } = await pw.run(pipeline, { a: 1, rest: [1, 2, 3] })
    expect(outputs).toEqual({ doubled: [2, 4], total: 6 })
    await expect(pw.run(pipeline, { a: 1, rest: [1, -1] })).rejects.toThrow('rest[1]')
    await expect(pw.run(pipeline, { a: 1, rest: 3 as never })).rejects.toThrow('give a list')
  })

  test('a pipeline may be called as a side of the branch it is in', async () => {
    const inner = definePipeline({ name: 'then', inputs: { n: z.number() } }, (p, input) => ({
      n: p.map([1, 2], (k, q) => q.step(double, { value: k, by: input.n }), { id: 'else' }).value,
    }))
    const pipeline = definePipeline({ name: 'p', inputs: { yes: z.boolean() } }, (p, input) =>
      p.when(
        input.yes,
        (q) => ({ n: q.step(inner, { n: 1 }).n }),
        (q) => ({ n: q.step(inner, { n: 2 }, { id: 'else' }).n }),
      ),
    )
    const pw = await tempWorkspace()
    expect((await pw.run(pipeline, { yes: true })).outputs).toEqual({ n: [1, 2] })
    expect((await pw.run(pipeline, { yes: false })).outputs).toEqual({ n: [2, 4] })
  })

  test('an input that a sub-pipeline refuses, handed on by a map, fails the run and not the process', async () => {
    const strict = definePipeline({ name: 'strict', inputs: { n: z.number().max(1) } }, (_p, input) => ({
      n: input.n,
    }))
    const slow = defineStep({
      name: 'slow',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: async ({ n }) => {
        await new Promise((resolve) => setTimeout(resolve, n * 20))
        return { n }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => ({
      all: p.map([1, 2, 3], (n, q) => ({ n: q.step(strict, { n }).n, slow: q.step(slow, { n }).n })).n,
    }))
    const pw = await tempWorkspace()
    await expect(pw.run(pipeline, {})).rejects.toThrow('does not fit its schema')
  })

  test('streams that fail before their turn, and streams in lists, fail their step alone', async () => {
    const root = await tempFolder()
    const step = defineStep({
      name: 'streams',
      version: '1',
      outputs: { first: file(), second: file(), more: list(file()) },
      run: () => ({
        first: (async function* () {
          await new Promise((resolve) => setTimeout(resolve, 30))
          yield Buffer.from('a')
        })(),
        second: createReadStream(join(root, 'gone')),
        more: [createReadStream(join(root, 'gone'))],
      }),
    })
    const pw = await tempWorkspace({ root })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    await expect(pw.run(pipeline, {})).rejects.toThrow('ENOENT')
  })

  test('a list of files is an output', async () => {
    const root = await tempFolder()
    const files = [join(root, 'a.txt'), join(root, 'b.txt')]
    for (const path of files) await writeFile(path, path.slice(-5))
    const pipeline = definePipeline(
      { name: 'p', inputs: { files: list(file('text/plain')) } },
      (_p, input) => ({
        files: input.files,
      }),
    )
    const pw = await tempWorkspace({ root })
    const { outputs } = await pw.run(pipeline, { files })
    expect(await Promise.all(outputs.files.map((one) => one.text()))).toEqual(['a.txt', 'b.txt'])
  })

  test('maps in maps may skip items', async () => {
    const odds = defineStep({
      name: 'odds',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number().optional() },
      run: ({ n }) => ({ n: n % 2 === 1 ? n : undefined }),
    })
    const count = defineStep({
      name: 'count',
      version: '1',
      inputs: { all: z.array(z.array(z.number().optional())) },
      outputs: { count: z.number() },
      run: ({ all }) => ({ count: all.flat().filter((n) => n !== undefined).length }),
    })
    const pipeline = definePipeline(
      { name: 'p', inputs: { rows: z.array(z.array(z.number())) } },
      (p, input) => {
        const rows = p.map(input.rows, (row, q) => ({ all: q.map(row, (n, r) => r.step(odds, { n })).n }))
        return p.step(count, { all: rows.all })
      },
    )
    const pw = await tempWorkspace()
    expect((await pw.run(pipeline, { rows: [[1, 2], [3], []] })).outputs).toEqual({ count: 2 })
    expect((await pw.run(pipeline, { rows: [[1], [3, 2], []] })).outputs).toEqual({ count: 2 })
  })

  test('a static list of refs is a list input', async () => {
    const join = defineStep({
      name: 'join',
      inputs: { values: z.array(z.number()), more: list(metrics({ n: z.number() })) },
      outputs: { total: z.number() },
      run: ({ values, more }) => ({ total: values.length + more.reduce((a, { n }) => a + n, 0) }),
    })
    const count = defineStep({
      name: 'count',
      outputs: { m: metrics({ n: z.number() }) },
      run: () => ({ m: { n: 5 } }),
    })
    const pipeline = definePipeline({ name: 'static' }, (p) => {
      const a = p.step(double, { value: 1 })
      const m = p.step(count, {})
      return { total: p.step(join, { values: [a.value, 7], more: [m.m, m.m] }).total }
    })
    const pw = await tempWorkspace()
    expect((await pw.run(pipeline, {})).outputs.total).toBe(12)
  })
})
