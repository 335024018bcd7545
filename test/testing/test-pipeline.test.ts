import {
  defineCommandStep,
  definePipeline,
  definePredictor,
  definePythonStep,
  defineStep,
  file,
  list,
  model,
  table,
} from 'pipewright'
import {
  fault,
  replaceStep,
  storeFault,
  testClock,
  testPipeline,
  testWorkspace,
  type TestWorkspace,
  type TestWorkspaceOptions,
} from 'pipewright/testing'
import { describe, expect, onTestFinished, test } from 'vitest'
import { existsSync } from 'node:fs'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { z } from 'zod'
import { tempFolder } from '../workspace/temp.ts'

async function openKit(options: TestWorkspaceOptions = {}): Promise<TestWorkspace> {
  const kit = await testWorkspace(options)
  onTestFinished(() => kit.close())
  return kit
}

const Row = z.object({ x: z.number() })

const constant = definePredictor({
  name: 'constant',
  state: z.object({ value: z.number() }),
  input: z.object({}),
  output: z.object({ value: z.number() }),
  predict: ({ value }) => ({ value }),
})

const load = defineStep({
  name: 'load',
  version: '1',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Row) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Row) }),
})

const train = defineStep({
  name: 'train',
  version: '1',
  inputs: { rows: table(Row), rate: z.number() },
  outputs: { model: model(constant), loss: z.number() },
  retry: { attempts: 3, delay: '10m', maxDelay: '2h' },
  timeout: '30m',
  run: ({ rows, rate }, ctx) => {
    ctx.log.info('training', { rate })
    ctx.metric('loss', rate)
    return { model: constant.of({ value: rows.length }), loss: rate }
  },
})

const best = defineStep({
  name: 'best',
  version: '1',
  inputs: { models: list(model(constant)), losses: z.array(z.number()) },
  outputs: { model: model(constant), loss: z.number() },
  run: ({ models, losses }) => {
    const loss = Math.min(...losses)
    return { model: models[losses.indexOf(loss)]!, loss }
  },
})

const trials = definePipeline(
  { name: 'trials', inputs: { csv: file('text/csv'), rates: z.array(z.number()).default([0.2, 0.1]) } },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    const each = p.map(input.rates, (rate, q) => q.step(train, { rows, rate }), { id: 'trials' })
    const { model, loss } = p.step(best, { models: each.model, losses: each.loss })
    return { model, loss }
  },
)

async function csv(): Promise<string> {
  const path = join(await tempFolder(), 'rows.csv')
  await writeFile(path, 'x\n1\n2\n')
  return path
}

describe('a whole pipeline in memory', () => {
  test('outputs, logs, metrics, events, lineage', async () => {
    const run = await testPipeline(trials, { csv: await csv() })
    expect(run.state).toBe('succeeded')
    expect(run.outputs.loss).toBe(0.1)
    expect(await run.outputs.model.predict({})).toEqual({ value: 2 })
    expect(run.logs).toEqual([
      { node: 'trials[0]/train', level: 'info', message: 'training', fields: { rate: 0.2 } },
      { node: 'trials[1]/train', level: 'info', message: 'training', fields: { rate: 0.1 } },
    ])
    expect(run.metrics['trials[1]/train']!['loss']!.last).toBe(0.1)
    expect(run.node('load').attempts).toHaveLength(1)
    expect((await run.outputsOf('trials[0]/train'))['loss']).toBe(0.2)
    expect(run.events.at(-1)).toMatchObject({ type: 'run.finished', state: 'succeeded' })
    expect(run.lineage).toEqual({
      load: ['input.csv'],
      'trials[0]/train': ['load.rows', 'input.rates'],
      'trials[1]/train': ['load.rows', 'input.rates'],
      'trials.model': ['trials[0]/train.model', 'trials[1]/train.model'],
      'trials.loss': ['trials[0]/train.loss', 'trials[1]/train.loss'],
      best: ['trials.model', 'trials.loss'],
      'output.model': ['best.model'],
      'output.loss': ['best.loss'],
    })
    expect(run.madeFrom('best')).toContain('input.csv')
    expect(() => run.madeFrom('bets')).toThrow("did you mean 'best'?")
    expect(() => run.node('trian')).toThrow("no node 'trian'")
  })

  test('twenty steps with backoffs of minutes need no minutes, and end the same way each time', async () => {
    const flaky = defineStep({
      name: 'flaky',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      retry: { attempts: 4, delay: '5m', maxDelay: '1h' },
      run: ({ n }, ctx) => {
        if (ctx.attempt < 4) throw new Error(`try ${ctx.attempt}`)
        return { n: n + 1 }
      },
    })
    const chain = definePipeline({ name: 'chain', inputs: { n: z.number() } }, (p, input) => {
      let { n } = p.step(flaky, { n: input.n }, { id: 's0' })
      for (let i = 1; i < 20; i++) n = p.step(flaky, { n }, { id: `s${i}` }).n
      return { n }
    })
    const story = async (): Promise<unknown> => {
      const { id, outputs, detail, events } = await testPipeline(chain, { n: 0 })
      const times = detail.executions.map(({ node, attempts }) => [node, attempts.map((a) => a.startedAt)])
      return { id, outputs, times, events: events.filter(({ type }) => type === 'attempt.failed') }
    }
    const first = (await story()) as { outputs: unknown; times: [string, number[]][] }
    expect(first.outputs).toEqual({ n: 20 })
    const [, s0] = first.times[0]!
    // 5 + 10 + 20 minutes, less a fifth at most.
    expect(s0[3]! - s0[0]!).toBeGreaterThan(28 * 60_000)
    expect(s0[3]! - s0[0]!).toBeLessThanOrEqual(35 * 60_000)
    const again = (await story()) as typeof first
    expect(JSON.stringify(again.times)).toBe(JSON.stringify(first.times))
  })

  test('steps are replaced wherever they stand, with what they declare', async () => {
    const seen: number[] = []
    const run = await testPipeline(
      trials,
      { csv: await csv(), rates: [3, 2, 1] },
      {
        replace: [
          replaceStep(train, ({ rate }, ctx) => {
            seen.push(rate)
            if (ctx.attempt === 1) throw new Error('as the original would be tried again')
            return { model: constant.of({ value: -rate }), loss: rate }
          }),
        ],
      },
    )
    expect(seen.toSorted()).toEqual([1, 1, 2, 2, 3, 3])
    expect(await run.outputs.model.predict({})).toEqual({ value: -1 })
    expect(run.node('trials[0]/train').attempts.map(({ end }) => end)).toEqual(['failed', 'succeeded'])
  })

  test('a step that the pipeline does not use cannot be replaced', async () => {
    const other = defineStep({ name: 'trian', outputs: { x: z.number() }, run: () => ({ x: 1 }) })
    const same = defineStep({ name: 'train', outputs: { x: z.number() }, run: () => ({ x: 1 }) })
    const given = { csv: await csv() }
    await expect(
      testPipeline(trials, given, { replace: [replaceStep(other, () => ({ x: 1 }))] }),
    ).rejects.toThrow("does not use step 'trian'\nFix: did you mean 'train'?")
    await expect(testPipeline(trials, given, { replace: [other as never] })).rejects.toThrow(
      'replace[0] is not what replaceStep gives',
    )
    await expect(
      testPipeline(trials, given, { replace: [replaceStep(same, () => ({ x: 1 }))] }),
    ).rejects.toMatchObject({ code: 'TEST_INVALID' })
  })

  test('a run that fails is a result; reading its outputs throws', async () => {
    const error = new Error('no memory')
    const run = await testPipeline(
      trials,
      { csv: await csv() },
      { faults: [fault('trials[1]/train', { error })] },
    )
    expect(run.state).toBe('failed')
    expect(run.error!.failures[0]).toMatchObject({ node: 'trials[1]/train', cause: error })
    expect(run.node('trials[1]/train').attempts).toHaveLength(3)
    expect(() => run.outputs).toThrow('no memory')
  })

  test('files and tables are read after the run; nothing else is left on the disk', async () => {
    const write = defineStep({
      name: 'write',
      outputs: { text: file('text/plain'), rows: table(Row) },
      run: (_inputs, ctx) => {
        ctx.log.info('writing', { to: ctx.workdir })
        return { text: new TextEncoder().encode('hello '.repeat(2_000)), rows: [{ x: 1 }] }
      },
    })
    const writing = definePipeline({ name: 'writing' }, (p) => {
      const { text, rows } = p.step(write, {})
      return { text, rows }
    })
    const { outputs, logs } = await testPipeline(writing, {})
    const workspace = dirname(dirname(dirname(logs[0]!.fields!['to'] as string)))
    expect(existsSync(workspace)).toBe(false)
    expect((await outputs.text.text()).length).toBe(12_000)
    expect(outputs.rows.toArray()).toEqual([{ x: 1 }])
    const path = await outputs.text.path()
    expect(path.startsWith(workspace)).toBe(true)
    expect((await readFile(path, 'utf8')).length).toBe(12_000)
    await rm(workspace, { recursive: true })
  })

  test('what members of ctx give is the test’s', async () => {
    const step = defineStep({
      name: 'draw',
      outputs: { seen: z.json() },
      run: (_inputs, ctx) => ({ seen: [ctx.random(), ctx.now().getTime(), ctx.node] }),
    })
    const draw = definePipeline({ name: 'draw' }, (p) => ({ seen: p.step(step, {}).seen }))
    const clock = testClock({ now: '2020-02-02T00:00:00Z' })
    const run = await testPipeline(draw, {}, { clock, ctx: ({ node }) => ({ random: () => node.length }) })
    expect(run.outputs.seen).toEqual([4, Date.parse('2020-02-02T00:00:00.001Z'), 'draw'])
  })
})

describe('faults', () => {
  const steady = { attempts: 2, delay: '1m', jitter: 0 } as const
  const work = defineStep({
    name: 'work',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number(), text: z.string() },
    retry: steady,
    timeout: '30m',
    run: ({ n }) => ({ n: n + 1, text: 'x'.repeat(10_000) }),
  })
  const use = defineStep({
    name: 'use',
    version: '1',
    inputs: { n: z.number(), text: z.string() },
    outputs: { sum: z.number() },
    run: ({ n, text }) => ({ sum: n + text.length }),
  })
  const pipeline = definePipeline({ name: 'faulty', inputs: { n: z.number() } }, (p, input) => {
    const { n, text } = p.step(work, { n: input.n })
    return { sum: p.step(use, { n, text }).sum }
  })
  const ends = (
    run: { node(path: string): { attempts: readonly { end: unknown }[] } },
    node: string,
  ): unknown[] => run.node(node).attempts.map(({ end }) => end)

  test('an error at one attempt', async () => {
    const run = await testPipeline(
      pipeline,
      { n: 1 },
      { faults: [fault('work', { attempt: 1, error: new Error('once') })] },
    )
    expect(run.outputs.sum).toBe(10_002)
    expect(ends(run, 'work')).toEqual(['failed', 'succeeded'])
    const [first, second] = run.node('work').attempts
    expect(second!.startedAt - first!.finishedAt!).toBe(60_000)
  })

  test('a delay below and beyond the timeout', async () => {
    const slow = await testPipeline(pipeline, { n: 1 }, { faults: [fault('work', { delay: '29m' })] })
    expect(ends(slow, 'work')).toEqual(['succeeded'])
    const [only] = slow.node('work').attempts
    expect(only!.finishedAt! - only!.startedAt).toBe(29 * 60_000)
    const late = await testPipeline(
      pipeline,
      { n: 1 },
      { faults: [fault('work', { attempt: 1, delay: '31m' })] },
    )
    expect(ends(late, 'work')).toEqual(['timed-out', 'succeeded'])
  })

  test('an attempt that hangs', async () => {
    const run = await testPipeline(pipeline, { n: 1 }, { faults: [fault('work', { hang: true })] })
    expect(ends(run, 'work')).toEqual(['timed-out', 'timed-out'])
    expect(run.error!.failures[0]!.message).toContain('took longer than its timeout')
    const ended = await testPipeline(
      pipeline,
      { n: 1 },
      { timeout: '5m', faults: [fault('work', { hang: true })] },
    )
    expect(ended.error!.code).toBe('RUN_TIMEOUT')
  })

  test('an attempt that is lost with its process: the run goes on', async () => {
    const run = await testPipeline(pipeline, { n: 1 }, { faults: [fault('work', { lost: true })] })
    expect(run.outputs.sum).toBe(10_002)
    expect(ends(run, 'work')).toEqual(['interrupted', 'succeeded'])
    expect(run.events.map(({ type }) => type)).toContain('attempt.started')
  })

  test('outputs whose stored bytes are corrupt are made again: small ones and large ones', async () => {
    for (const output of ['n', 'text']) {
      const run = await testPipeline(pipeline, { n: 1 }, { faults: [fault('work', { corrupt: output })] })
      expect(run.outputs.sum).toBe(10_002)
      expect(run.events.filter(({ type }) => type === 'node.repaired')).toMatchObject([{ node: 'work' }])
      expect(ends(run, 'use')).toEqual(['lost-input', 'succeeded'])
    }
  })

  test('a store that fails', async () => {
    const error = new Error('disk full')
    const run = await testPipeline(pipeline, { n: 1 }, { faults: [storeFault('write', { at: 1, error })] })
    expect(ends(run, 'work')).toEqual(['failed', 'succeeded'])
    expect(run.node('work').attempts[0]!.error!.message).toContain('disk full')
  })

  test('faults end with their run', async () => {
    const kit = await openKit()
    const error = new Error('never met')
    const failed = await kit.run(
      pipeline,
      { n: 1 },
      { faults: [fault('work', { error: new Error('down') }), storeFault('write', { at: 1, error })] },
    )
    expect(failed.error!.message).toContain('down')
    expect((await kit.run(pipeline, { n: 1 })).outputs.sum).toBe(10_002)
  })

  test('one that does not happen, or cannot, is a mistake of the test', async () => {
    const refused = async (faults: Parameters<typeof testPipeline>[2], message: string): Promise<void> =>
      expect(testPipeline(pipeline, { n: 1 }, faults)).rejects.toThrow(message)
    await refused({ faults: [fault('wrok', { hang: true })] }, "did you mean 'work'?")
    await refused(
      { faults: [fault('work', { attempt: 2, hang: true })] },
      "a fault has not happened: 'work', attempt 2: there was no such attempt",
    )
    await refused(
      { faults: [storeFault('read', { at: 9, error: new Error('x') })] },
      'a fault has not happened: read 9 of the artifact store',
    )
    await refused({ faults: [fault('work', { corrupt: 'txt' })] }, "did you mean 'text'?")
    expect(() => fault('work', { attempt: 1 })).toThrow('does not say what goes wrong')
  })
})

describe('several runs in one workspace', () => {
  const add = defineStep({
    name: 'add',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    cache: { ttl: '1d' },
    run: ({ n }) => ({ n: n + 1 }),
  })
  const adding = definePipeline({ name: 'adding', inputs: { n: z.number() } }, (p, input) => ({
    n: p.step(add, { n: input.n }).n,
  }))

  test('hits, their age, and refresh', async () => {
    const kit = await openKit()
    expect((await kit.run(adding, { n: 1 })).hits).toEqual([])
    expect((await kit.run(adding, { n: 1 })).hits).toEqual(['add'])
    expect((await kit.run(adding, { n: 1 }, { cache: 'refresh' })).hits).toEqual([])
    await kit.clock.advance('23h')
    expect((await kit.run(adding, { n: 1 })).hits).toEqual(['add'])
    await kit.clock.advance('2h')
    expect((await kit.run(adding, { n: 1 })).hits).toEqual([])
  })

  test('what a fake gives is never taken for what the step gives', async () => {
    const kit = await openKit()
    const fake = replaceStep(add, () => ({ n: -1 }), { version: 'fake' })
    expect((await kit.run(adding, { n: 1 }, { replace: [fake] })).outputs.n).toBe(-1)
    expect((await kit.run(adding, { n: 1 }, { replace: [fake] })).hits).toEqual(['add'])
    expect((await kit.run(adding, { n: 1 })).outputs.n).toBe(2)
  })

  test('a failed run is resumed', async () => {
    const kit = await openKit()
    const failed = await kit.run(adding, { n: 1 }, { faults: [fault('add', { error: new Error('down') })] })
    expect(failed.state).toBe('failed')
    const run = await kit.resume(failed.id, adding)
    expect(run.outputs.n).toBe(2)
    expect(run.node('add').attempts.map(({ end }) => end)).toEqual(['failed', 'succeeded'])
    expect((await kit.workspace.runs()).items).toHaveLength(1)
  })

  test('runs at the same time keep apart what the test has planned for each', async () => {
    const kit = await openKit()
    const [a, b] = await Promise.all([
      kit.run(adding, { n: 1 }, { faults: [fault('add', { error: new Error('down') })] }),
      kit.run(adding, { n: 2 }),
    ])
    expect([a.state, b.state]).toEqual(['failed', 'succeeded'])
  })
})

describe('control flow', () => {
  const value = defineStep({
    name: 'value',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number(), odd: z.boolean() },
    run: ({ n }) => ({ n, odd: n % 2 === 1 }),
  })
  const inner = definePipeline({ name: 'inner', inputs: { n: z.number() } }, (p, input) => ({
    n: p.step(value, { n: input.n }).n,
  }))
  const outer = definePipeline({ name: 'outer', inputs: { n: z.number() } }, (p, input) => {
    const first = p.step(value, { n: input.n }, { id: 'first' })
    const branch = p.when(
      first.odd,
      (q) => ({ n: q.step(inner, { n: first.n }, { id: 'deep' }).n }),
      (q) => ({ n: q.step(value, { n: first.n }, { id: 'even' }).n }),
      { id: 'gate' },
    )
    return { n: branch.n }
  })

  test('fakes, faults and lineage reach into branches and sub-pipelines', async () => {
    const run = await testPipeline(
      outer,
      { n: 1 },
      {
        replace: [replaceStep(value, ({ n }) => ({ n: n * 10 + 1, odd: true }))],
        faults: [fault('gate/then/deep/value', { delay: '1h' })],
      },
    )
    expect(run.outputs.n).toBe(111)
    expect(run.executions.map(({ node }) => node)).not.toContain('gate/else/even')
    expect(run.lineage).toMatchObject({
      'gate/then/deep/value': ['first.n'],
      'output.n': ['gate/then/deep/value.n'],
    })
    expect(run.madeFrom('output.n')).toEqual(['gate/then/deep/value.n', 'first.n', 'input.n'])
    await expect(testPipeline(outer, { n: 1 }, { faults: [fault('gate', { hang: true })] })).rejects.toThrow(
      'it is a when, and has no attempts',
    )
  })
})

describe('effects', () => {
  test('an effect that is cut off runs again with the same key; other runs of the kit go on too', async () => {
    const keys: string[] = []
    const send = defineStep({
      name: 'send',
      inputs: { to: z.string() },
      outputs: { key: z.string() },
      effect: true,
      run: (_inputs, ctx) => {
        keys.push(ctx.idempotencyKey)
        return { key: ctx.idempotencyKey }
      },
    })
    const sending = definePipeline({ name: 'sending', inputs: { to: z.string() } }, (p, input) => ({
      key: p.step(send, { to: input.to }).key,
    }))
    const kit = await openKit()
    const [lost, other] = await Promise.all([
      kit.run(sending, { to: 'a' }, { faults: [fault('send', { lost: true })] }),
      kit.run(sending, { to: 'b' }, { faults: [fault('send', { attempt: 1, delay: '1h' })] }),
    ])
    expect(lost.node('send').attempts.map(({ end }) => end)).toEqual(['interrupted', 'succeeded'])
    expect(other.state).toBe('succeeded')
    expect(keys).toHaveLength(2)
    expect(keys).toContain(lost.outputs.key)
    // Equal in each execution of the test.
    const again = await testPipeline(sending, { to: 'a' })
    expect(again.outputs.key).toBe(lost.outputs.key)
  })
})

test('fakes of a Python step and of a command give what those would have left, without either', async () => {
  const rows = table(z.object({ x: z.number() }))
  const clean = definePythonStep({
    name: 'clean',
    inputs: { rows },
    outputs: { rows, weights: model({ format: 'joblib' }) },
    script: 'not-there.py',
    function: 'clean',
  })
  const list = defineCommandStep({
    name: 'list',
    inputs: { rows },
    outputs: { names: file('text/plain') },
    command: ['not-there', '{rows}', '{names}'],
  })
  const make = defineStep({ name: 'make', outputs: { rows }, run: () => ({ rows: [{ x: 1 }, { x: 2 }] }) })
  const pipeline = definePipeline({ name: 'others', inputs: {} }, (p) => {
    const cleaned = p.step(clean, { rows: p.step(make, {}).rows })
    return { weights: cleaned.weights, names: p.step(list, { rows: cleaned.rows }).names }
  })
  const run = await testPipeline(
    pipeline,
    {},
    {
      replace: [
        replaceStep(clean, ({ rows: given }) => ({
          rows: given.toArray().filter(({ x }) => x > 1),
          weights: new Uint8Array([7]),
        })),
        replaceStep(list, ({ rows: given }) => ({ names: new TextEncoder().encode(`${given.length} rows`) })),
      ],
    },
  )
  expect(await run.outputs.names.text()).toBe('1 rows')
  expect(await run.outputs.weights.bytes()).toEqual(new Uint8Array([7]))
})

test('a run that has failed is told as a test can go on, not by a command', async () => {
  const fails = defineStep({
    name: 'fails',
    outputs: { n: z.number() },
    run: () => {
      throw new Error('no')
    },
  })
  const run = await testPipeline(
    definePipeline({ name: 'failing', inputs: {} }, (p) => p.step(fails, {})),
    {},
  )
  expect(() => run.outputs).toThrow('read `state` and `error`')
  expect(run.error?.message).not.toContain('pipewright resume')
})
