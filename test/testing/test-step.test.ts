import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePredictor, defineStep, file, list, model, table } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { testStep } from 'pipewright/testing'
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
      reports: 1,
    })
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
})
