import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePredictor, defineStep, file, json, list, metrics, model, table } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { testClock, testStep } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder } from '../workspace/temp.ts'

const Row = z.object({ x: z.number(), name: z.string().optional() })

const constant = definePredictor({
  name: 'constant',
  state: z.object({ value: z.number() }),
  input: z.object({}),
  output: z.object({ value: z.number() }),
  predict: ({ value }) => ({ value }),
})

describe('testStep', () => {
  test('rows, models, lists and defaults go in; decoded outputs, logs and metrics come out', async () => {
    const step = defineStep({
      name: 'step',
      inputs: { rows: table(Row), models: list(model(constant)), by: z.number().default(2) },
      outputs: { rows: table(Row), model: model(constant), total: z.number() },
      run: async ({ rows, models, by }, ctx) => {
        ctx.log.info('hello', { by })
        ctx.metric('m', 1)
        ctx.param('p', 'q')
        ctx.progress(1, 2)
        ctx.report({ title: 'r', blocks: [] })
        let total = 0
        for (const { x } of rows.rows()) total += x * by
        return { rows, model: models[0]!, total: total + (await models[1]!.predict({})).value }
      },
    })
    const { outputs, logs, metrics, params, progress, reports } = await testStep(step, {
      rows: [{ x: 1 }, { x: 2, name: 'b' }],
      models: [constant.of({ value: 10 }), constant.of({ value: 20 })],
    })
    expect(outputs.total).toBe(26)
    expect(outputs.rows.toArray()).toEqual([{ x: 1 }, { x: 2, name: 'b' }])
    expect(await outputs.model.predict({})).toEqual({ value: 10 })
    expect(logs).toEqual([{ level: 'info', message: 'hello', fields: { by: 2 } }])
    expect({ metrics, params, progress, reports }).toEqual({
      metrics: { m: { last: 1, min: 1, max: 1, count: 1 } },
      params: { p: 'q' },
      progress: [{ done: 1, total: 2 }],
      reports: [{ title: 'r', blocks: [] }],
    })
  })

  test('what earlier attempts have left is given, what this one leaves is told', async () => {
    const step = defineStep({
      name: 'step',
      outputs: { told: z.array(z.unknown()) },
      run: async (_inputs, ctx) => {
        const before = await ctx.restored(z.object({ at: z.number() }))
        const paid = await ctx.once('pay', () => 'now')
        const sent = await ctx.once('send', ({ idempotencyKey }) => idempotencyKey.length)
        await ctx.once('nothing', () => undefined)
        await ctx.checkpoint({ at: (before?.at ?? 0) + 1 })
        return { told: [paid, sent] }
      },
    })
    const first = await testStep(step, {})
    expect(first.outputs.told).toEqual(['now', 64])
    expect(first).toMatchObject({ once: { pay: 'now', send: 64, nothing: null }, checkpoint: { at: 1 } })
    const second = await testStep(step, {}, { once: { pay: 'earlier' }, checkpoint: { at: 4 } })
    expect(second.outputs.told).toEqual(['earlier', 64])
    expect(second).toMatchObject({ once: { send: 64, nothing: null }, checkpoint: { at: 5 } })
    const broken = testStep(step, {}, { checkpoint: { at: Number.NaN } as never })
    await expect(broken).rejects.toMatchObject({ code: 'VALUE_NOT_STORABLE' })
  })

  test('files by path; errors are those of a run', async () => {
    const step = defineStep({
      name: 'step',
      inputs: { data: file('text/plain') },
      outputs: { text: z.string().min(3) },
      run: async ({ data }) => ({ text: await data.text() }),
    })
    const path = join(await tempFolder(), 'a.txt')
    await writeFile(path, 'hello')
    expect((await testStep(step, { data: path })).outputs).toEqual({ text: 'hello' })
    await writeFile(path, 'x')
    await expect(testStep(step, { data: path })).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
    await expect(testStep(step, { dat: path } as never)).rejects.toThrow("did you mean 'data'?")
    await expect(testStep(step, {} as never)).rejects.toMatchObject({ code: 'MISSING_INPUT' })
  })

  test('what the step throws is thrown; the context is as the test says', async () => {
    const step = defineStep({
      name: 'step',
      outputs: { seen: z.json() },
      run: (_inputs, ctx) => {
        if (ctx.attempt === 1) throw new TypeError('first')
        return {
          seen: [
            ctx.attempt,
            ctx.node,
            ctx.run.id,
            ctx.idempotencyKey,
            ctx.now().toISOString(),
            ctx.random() < 1,
          ],
        }
      },
    })
    await expect(testStep(step, {})).rejects.toThrow(TypeError)
    const { outputs } = await testStep(
      step,
      {},
      { attempt: 2, node: 'n', run: { id: 'r', pipeline: 'p' }, idempotencyKey: 'k', now: new Date(0) },
    )
    expect(outputs.seen).toEqual([2, 'n', 'r', 'k', '1970-01-01T00:00:00.000Z', true])
  })

  test('a registerModel step, with a registry of the test', async () => {
    const registered: string[] = []
    const registry = {
      registerModel: (entry: { name: string }) => {
        registered.push(entry.name)
        return Promise.resolve({ version: 7 })
      },
    }
    const step = registerModel({ name: 'm', predictor: constant })
    const { outputs } = await testStep(step, { model: constant.of({ value: 1 }) }, { registry })
    expect(outputs.version).toBe(7)
    expect(registered).toEqual(['m'])
  })

  test('a registerModel step, with the empty registry of a test that gives none', async () => {
    const step = registerModel({ name: 'm', predictor: constant, alias: 'champion' })
    const { outputs } = await testStep(step, { model: constant.of({ value: 1 }) })
    expect(outputs.version).toBe(1)
    expect(await outputs.model.predict({})).toEqual({ value: 1 })
  })
})

describe('schemas that transform', () => {
  test('outputs are what is stored, parsed once', async () => {
    const step = defineStep({
      name: 'step',
      outputs: {
        number: z.number().transform((x) => x * 2),
        length: z.string().transform((text) => text.length),
        list: list(json(z.string().transform((text) => text.length))),
      },
      run: () => ({ number: 3, length: 'abc', list: ['a', 'bc'] }),
    })
    expect((await testStep(step, {})).outputs).toEqual({ number: 6, length: 3, list: [1, 2] })
  })

  test('rows and metrics that are given are what a producer’s schema gave', async () => {
    const row = z.object({ x: z.number().transform((x) => x * 10), n: z.string().transform((s) => s.length) })
    const piped = z.object({
      x: z
        .number()
        .transform((x) => x * 10)
        .pipe(z.number()),
    })
    const step = defineStep({
      name: 'step',
      inputs: {
        rows: table(row),
        tables: list(table(piped)),
        scores: metrics({ auc: z.number().transform((x) => x * 10) }),
        by: z.number().transform((x) => x * 10),
      },
      outputs: { seen: z.json() },
      run: ({ rows, tables, scores, by }) => ({
        seen: [rows.toArray(), tables.map((one) => one.toArray()), { ...scores }, by],
      }),
    })
    const { outputs } = await testStep(step, {
      rows: [{ x: 3, n: 4 }],
      tables: [[{ x: 5 }]],
      scores: { auc: 0.5 },
      by: 2,
    })
    expect(outputs.seen).toEqual([[{ x: 3, n: 4 }], [[{ x: 5 }]], { auc: 0.5 }, 20])
  })
})

describe('what no run would give to a step', () => {
  const step = defineStep({
    name: 'step',
    inputs: { rows: table(Row.extend({ x: z.number().positive() })), more: z.any() },
    outputs: { columns: z.array(z.string()) },
    run: ({ rows }) => ({ columns: rows.columns.map(({ name }) => name) }),
  })
  const Doubled = z.object({ x: z.number().transform((x) => x * 2), y: z.number() })
  const doubled = defineStep({ name: 'doubled', inputs: { rows: table(Doubled) }, run: () => undefined })

  test('rows', async () => {
    expect((await testStep(step, { rows: [{ x: 1 }], more: 1 })).outputs.columns).toEqual(['x', 'name'])
    expect((await testStep(step, { rows: [], more: 1 })).outputs.columns).toEqual(['x', 'name'])
    const refused = (rows: unknown, message: string): Promise<void> =>
      expect(testStep(step, { rows: rows as never, more: 1 })).rejects.toMatchObject({
        code: 'INPUT_INVALID',
        message: expect.stringContaining(`step 'step', input 'rows': ${message}`) as string,
        details: { input: 'rows' },
      })
    await refused([{ x: -1 }, { x: 1 }], '1 problem in the rows:\n  row 1, x: ')
    await refused([3], '1 problem in the rows:\n  row 1: ')
    await refused(3, 'the value is a number, not a table')
    await expect(testStep(doubled, { rows: [{ x: 1, y: 'a' }] as never })).rejects.toMatchObject({
      code: 'INPUT_INVALID',
      message: expect.stringContaining("input 'rows': the table does not fit the declared rows") as string,
    })
  })

  test('values that JSON cannot hold', async () => {
    for (const [more, what] of [
      [new Map(), 'the value is an instance of Map'],
      [{ at: new Date() }, '.at is an instance of Date'],
      [[Number.NaN], '[0] is NaN'],
    ] as const)
      await expect(testStep(step, { rows: [], more })).rejects.toMatchObject({
        code: 'VALUE_NOT_STORABLE',
        message: expect.stringContaining(`step 'step', input 'more': ${what}`) as string,
      })
  })

  test('the fixtures of a test stay its own', async () => {
    const more = { list: [1] }
    await testStep(step, { rows: [], more })
    expect(Object.isFrozen(more) || Object.isFrozen(more.list)).toBe(false)
  })

  test('inputs by names that every object knows', async () => {
    await expect(testStep(step, { rows: [], more: 1, toString: 1 } as never)).rejects.toMatchObject({
      code: 'UNKNOWN_INPUT',
    })
  })
})

describe('time and context of a test', () => {
  test('members of ctx are given one by one', async () => {
    const step = defineStep({
      name: 'step',
      outputs: { seen: z.json() },
      run: (_inputs, ctx) => ({ seen: [ctx.random(), ctx.random(), ctx.node, ctx.now().getTime()] }),
    })
    const drawn = [0.25, 0.75]
    const { outputs } = await testStep(step, {}, { ctx: { random: () => drawn.shift()! }, now: new Date(5) })
    expect(outputs.seen).toEqual([0.25, 0.75, 'step', 5])
  })

  test('a timeout, without waiting for it', async () => {
    const clock = testClock()
    const reasons: unknown[] = []
    const step = defineStep({
      name: 'step',
      timeout: '2h',
      run: (_inputs, ctx) =>
        new Promise<void>((resolve) => {
          ctx.signal.addEventListener('abort', () => {
            reasons.push(ctx.signal.reason)
            resolve()
          })
        }),
    })
    const running = testStep(step, {}, { clock })
    const refused = expect(running).rejects.toMatchObject({ code: 'STEP_TIMEOUT' })
    // What it reads and writes first takes real time.
    while (reasons.length === 0) await clock.advance('1h')
    await refused
    expect(reasons).toMatchObject([{ code: 'STEP_TIMEOUT' }])
  })

  test('an input that is missing, and a path that is, are told by name', async () => {
    const read = defineStep({
      name: 'read',
      inputs: { csv: file(), count: z.number(), by: z.number().default(2) },
      outputs: { n: z.number() },
      run: ({ count, by }) => ({ n: count * by }),
    })
    await expect(testStep(read, { count: 1 } as never)).rejects.toMatchObject({
      code: 'MISSING_INPUT',
      message: expect.stringContaining("step 'read': input 'csv' is missing") as string,
    })
    const path = join(await tempFolder(), 'in.csv')
    await expect(testStep(read, { csv: path, count: 1, by: 1 })).rejects.toMatchObject({
      code: 'SOURCE_UNREADABLE',
      message: expect.stringContaining(`step 'read', input 'csv': ${path} does not exist`) as string,
    })
    await writeFile(path, '')
    await expect(testStep(read, { csv: path } as never)).rejects.toMatchObject({
      code: 'MISSING_INPUT',
      message: expect.stringContaining("input 'count' is missing") as string,
    })
  })
})
