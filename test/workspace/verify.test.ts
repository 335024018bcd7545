import { mkdirSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  definePipeline,
  definePredictor,
  defineStep,
  directory,
  file,
  list,
  metrics,
  model,
  renderRun,
  table,
} from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { blobOf, damage, within } from './damage.ts'
import { deferred, statesOf, tempFolder, tempWorkspace } from './temp.ts'

const state = { calls: 0, fail: false, hang: undefined as (() => void) | undefined, n: 0 }

beforeEach(() => {
  Object.assign(state, { calls: 0, fail: false, hang: undefined, n: 0 })
})

const line = definePredictor({
  name: 'line',
  version: '1',
  state: z.object({ slope: z.number(), offset: z.number() }),
  input: z.number(),
  output: z.number(),
  predict: ({ slope, offset }, x) => slope * x + offset,
})

const sum = defineStep({
  name: 'sum',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }, ctx) => {
    state.calls++
    ctx.log.info('called')
    return { n: n + Math.floor(ctx.random() * 1000) }
  },
})

const sums = definePipeline({ name: 'sums', inputs: { ns: z.array(z.number()) } }, (p, input) => ({
  n: p.map(input.ns, (n, q) => ({ n: q.step(sum, { n }).n })).n,
}))

/** A step that does not say that it reads something else. */
const other = (name: string, outputs: object, run: (call: number, workdir: string) => object) =>
  defineStep({
    name,
    version: '1',
    inputs: {},
    outputs: outputs as { value: z.ZodNumber },
    run: (_inputs, ctx) => run(state.calls++, ctx.workdir) as never,
  })

const alone = (step: ReturnType<typeof other>) =>
  definePipeline({ name: 'alone' }, (p) => ({ value: p.step(step, {}).value }))

describe('verifying the cache', () => {
  test('executes hits again and finds a deterministic step in order', async () => {
    const pw = await tempWorkspace()
    const first = await pw.run(sums, { ns: [1, 2, 3] }, { verifyCache: 1 })
    expect(first.verification).toEqual({ verified: 0, mismatches: [] })
    const second = await pw.run(sums, { ns: [1, 2, 3] }, { verifyCache: 1 })
    expect(second.verification).toEqual({ verified: 3, mismatches: [] })
    expect(second.outputs).toEqual(first.outputs)
    expect(state.calls).toBe(6)
    const detail = await pw.show(second.run.id)
    expect(detail.verification).toEqual({ verified: 3, mismatches: [] })
    expect(Object.values(await statesOf(pw, second.run.id)).filter((one) => one === 'reused')).toHaveLength(3)
    const logs = readdirSync(join(pw.root, '.pipewright', 'logs', second.run.id))
    expect(logs.filter((name) => name.includes('-verify-'))).toHaveLength(3)
  })

  test('at least one hit is verified, however small the share', async () => {
    const pw = await tempWorkspace()
    await pw.run(sums, { ns: [1, 2, 3] })
    const { verification } = await pw.run(sums, { ns: [1, 2, 3] }, { verifyCache: 1e-12 })
    expect(verification?.verified).toBe(1)
    expect((await pw.run(sums, { ns: [1, 2, 3] })).verification).toBeUndefined()
  })

  test('ctx.now and ctx.random are those of the execution that is reused', async () => {
    const pw = await tempWorkspace()
    const step = defineStep({
      name: 'clock',
      version: '1',
      cache: 'content',
      inputs: {},
      outputs: { at: z.number(), x: z.number() },
      run: (_inputs, ctx) => ({ at: ctx.now().getTime(), x: ctx.random() }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    await pw.run(pipeline, {})
    const { verification } = await pw.run(pipeline, {}, { verifyCache: 1 })
    expect(verification).toEqual({ verified: 1, mismatches: [] })
  })

  test.each([
    [
      'json',
      { value: z.any() },
      (n: number) => ({ value: { a: [1, { b: n }], c: n } }),
      '.a[1].b: was 0, now 1',
    ],
    ['one-number', { value: z.number() }, (n: number) => ({ value: n }), 'was 0, now 1'],
    [
      'metrics',
      { value: metrics({ loss: z.number().or(z.nan()), same: z.nan() }) },
      (n: number) => ({ value: { loss: n === 0 ? Number.NaN : 0.5, same: Number.NaN } }),
      '.loss: was {"$number":"NaN"}, now 0.5',
    ],
    [
      'table',
      { value: table(z.object({ x: z.number(), y: z.number() })) },
      (n: number) => ({ value: [1, 2, 3].map((x) => ({ x: x === 3 ? n : x, y: x === 2 ? n : x })) }),
      "row 1, column 'y': was 0, now 1",
    ],
    [
      'rows',
      { value: table(z.object({ x: z.number() })) },
      (n: number) => ({ value: Array.from({ length: 2 + n }, (_, x) => ({ x })) }),
      'rows: were 2, now 3',
    ],
    [
      'file',
      { value: file() },
      (n: number) => ({ value: Buffer.from(n === 0 ? 'a same b' : 'a sane bc') }),
      'byte 4 (8 and 9 bytes)',
    ],
    [
      'list',
      { value: list(table(z.object({ x: z.number() }))) },
      (n: number) => ({ value: [[{ x: 1 }], [{ x: n }]] }),
      "[1]: row 0, column 'x': was 0, now 1",
    ],
    [
      'model',
      { value: model(line) },
      (n: number) => ({ value: line.of({ slope: n, offset: 1 }) }),
      'state.slope: was 0, now 1',
    ],
    [
      'directory',
      { value: directory() },
      (n: number, workdir: string) => {
        const folder = join(workdir, 'd')
        mkdirSync(folder)
        writeFileSync(join(folder, 'a.txt'), 'a')
        writeFileSync(join(folder, 'b.txt'), String(n))
        return { value: folder }
      },
      'b.txt: byte 0 (1 bytes)',
    ],
  ])('names the step and the place of the first difference: %s', async (name, outputs, run, difference) => {
    const pw = await tempWorkspace()
    const pipeline = alone(other(name, outputs, run))
    const first = await pw.run(pipeline, {})
    const digest = (await pw.show(first.run.id)).outputs['value']
    const second = await pw.run(pipeline, {}, { verifyCache: 1 })
    const mismatch = { node: name, step: name, output: 'value', difference }
    expect(second.verification).toEqual({ verified: 1, mismatches: [mismatch] })
    const detail = await pw.show(second.run.id)
    // The run goes on with what was reused.
    expect(detail.outputs['value']).toEqual(digest)
    expect(detail.verification?.mismatches).toEqual([mismatch])
    expect(detail.state).toBe('succeeded')
    expect(renderRun(detail, await pw.planOf(detail.id))).toContain('reused')
    // Nor has it become what later runs use.
    expect((await pw.show((await pw.run(pipeline, {})).run.id)).outputs['value']).toEqual(digest)
  })

  test('a step that throws differs', async () => {
    const pw = await tempWorkspace()
    const pipeline = alone(
      other('moody', { value: z.number() }, () => {
        if (state.fail) throw new Error('out of luck')
        return { value: 1 }
      }),
    )
    await pw.run(pipeline, {})
    state.fail = true
    const { verification, outputs } = await pw.run(pipeline, {}, { verifyCache: 1 })
    expect(outputs).toEqual({ value: 1 })
    expect(verification?.mismatches).toEqual([
      { node: 'moody', step: 'moody', output: null, difference: 'threw: out of luck' },
    ])
  })

  test('leaves no metrics or reports, and asks for resources as any attempt', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root, resources: { gpu: 1 } })
    let running = 0
    let most = 0
    const step = defineStep({
      name: 'trains',
      version: '1',
      resources: { gpu: 1 },
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: async ({ n }, ctx) => {
        most = Math.max(most, ++running)
        ctx.metric('calls', ++state.calls)
        await new Promise((resolve) => setImmediate(resolve))
        running--
        return { n }
      },
    })
    const pipeline = definePipeline({ name: 'p', inputs: { ns: z.array(z.number()) } }, (p, input) => ({
      n: p.map(input.ns, (n, q) => ({ n: q.step(step, { n }).n })).n,
    }))
    const first = await pw.run(pipeline, { ns: [1, 2] })
    const second = await pw.run(pipeline, { ns: [1, 2] }, { verifyCache: 1, concurrency: 4 })
    expect(second.verification?.verified).toBe(2)
    expect(most).toBe(1)
    const metricsOf = async (run: string): Promise<unknown> =>
      (await pw.show(run)).executions.map((one) => one.metrics)
    expect(await metricsOf(second.run.id)).toEqual(await metricsOf(first.run.id))
  })

  test('is cancelled with its run', async () => {
    const pw = await tempWorkspace()
    const started = deferred()
    const step = defineStep({
      name: 'slow',
      version: '1',
      inputs: {},
      outputs: { n: z.number() },
      run: (_inputs, ctx) => {
        if (state.calls++ !== 1) return { n: 1 }
        started.resolve()
        return new Promise((_resolve, reject) => {
          ctx.signal.addEventListener('abort', () => reject(new Error('told')))
        })
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => ({ n: p.step(step, {}).n }))
    await pw.run(pipeline, {})
    const handle = await pw.start(pipeline, {}, { verifyCache: 1 })
    await started.promise
    handle.cancel('enough')
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    const detail = await pw.show(handle.id)
    expect(detail.state).toBe('cancelled')
    expect(detail.verification).toEqual({ verified: 0, mismatches: [] })
    // All of its nodes had their results: what is left is to verify them.
    const resumed = await pw.resume(handle.id, pipeline)
    expect(resumed.outputs).toEqual({ n: 1 })
    expect(resumed.verification).toEqual({ verified: 1, mismatches: [] })
    expect(state.calls).toBe(3)
    await pw.close()
  })

  test('corrupt small bytes are made again, though they were recomputed to be compared', async () => {
    const root = await tempFolder()
    const step = other('rows', { value: table(z.object({ x: z.number() })) }, () => ({ value: [{ x: 1 }] }))
    const pipeline = alone(step)
    const blob = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'rows', 'value'),
    )
    await damage(root, blob, 'corrupt')
    await within(root, (pw) => pw.run(pipeline, {}, { verifyCache: 1 }))
    await within(root, async (pw) => expect(await pw.bytes({ blob } as never)).toHaveProperty('byteLength'))
  })

  test('a step that tells in words of its own that its input is lost does not differ', async () => {
    const root = await tempFolder()
    const write = other('write', { value: file('text/plain') }, () => ({
      value: Buffer.from('x'.repeat(9_000)),
    }))
    const read = defineStep({
      name: 'read',
      version: '1',
      inputs: { text: file('text/plain') },
      outputs: { n: z.number() },
      run: async ({ text }) => {
        try {
          return { n: (await text.text()).length }
        } catch (cause) {
          throw new Error('cannot read', { cause })
        }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) =>
      p.step(read, { text: p.step(write, {}).value as never }),
    )
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'write', 'value'),
    )
    await damage(root, digest, 'corrupt')
    const { verification } = await within(root, (pw) => pw.run(pipeline, {}, { verifyCache: 1 }))
    expect(verification?.mismatches).toEqual([])
  })

  test('what was not selected is not executed', async () => {
    const calls: string[] = []
    const before = other('before', { value: z.number() }, () => {
      calls.push('before')
      return { value: 1 }
    })
    const after = defineStep({
      name: 'after',
      version: '1',
      inputs: { value: z.number() },
      outputs: { value: z.number() },
      run: ({ value }) => {
        calls.push('after')
        return { value }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(after, p.step(before, {})))
    const pw = await tempWorkspace()
    await pw.run(pipeline, {})
    calls.length = 0
    const { verification } = await pw.run(pipeline, {}, { select: { only: ['after'] }, verifyCache: 1 })
    expect(verification).toEqual({ verified: 1, mismatches: [] })
    expect(calls).toEqual(['after'])
  })

  test('a run that is resumed verifies the hits that it had before, each once', async () => {
    const root = await tempFolder()
    const verifying = deferred()
    const count: string[] = []
    const step = (name: string) =>
      defineStep({
        name,
        version: '1',
        outputs: { n: z.number() },
        run: (_inputs, ctx) => {
          count.push(name)
          if (state.hang === undefined || name === 'quick') return { n: 1 }
          state.hang()
          return new Promise<never>((_resolve, reject) =>
            ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)),
          )
        },
      })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      const { n } = p.step(step('quick'), {})
      return { n, m: p.step(step('slow'), {}).n }
    })
    await within(root, (pw) => pw.run(pipeline, {}))
    state.hang = verifying.resolve
    const id = await within(root, async (pw) => {
      const handle = await pw.start(pipeline, {}, { verifyCache: 1 })
      await verifying.promise
      for await (const { event } of handle.events()) if (event.type === 'node.verified') break
      return handle.id
    })
    state.hang = undefined
    const { verification } = await within(root, (pw) => pw.resume(id, pipeline))
    expect(verification).toEqual({ verified: 2, mismatches: [] })
    expect(count).toEqual(['quick', 'slow', 'quick', 'slow', 'slow'])
  })

  test.each([-0.1, 1.1, Number.NaN])('%d is no share', async (verifyCache) => {
    const pw = await tempWorkspace()
    await expect(pw.run(sums, { ns: [] }, { verifyCache })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
