import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { definePipeline, defineStep, renderRun } from 'pipewright'
import { renderReport } from 'pipewright/report'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { unfinishedNodes } from '../../src/lineage/unfinished.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

const number = { n: z.number() }

function fails(attempt: number): never {
  throw new Error(`try ${attempt} failed`, { cause: new TypeError('deep') })
}

const train = defineStep({
  name: 'train',
  cache: 'never',
  inputs: number,
  outputs: number,
  retry: { attempts: 2, delay: 0 },
  run: ({ n }, ctx) => {
    ctx.param('depth', n)
    ctx.metric('loss', 3 / ctx.attempt)
    ctx.metric('grad', Number.NaN)
    return n > 0 ? fails(ctx.attempt) : { n }
  },
})
const pass = defineStep({
  name: 'pass',
  version: '1',
  inputs: number,
  outputs: number,
  run: ({ n }) => ({ n }),
})
const inner = definePipeline({ name: 'inner', inputs: number }, (p, input) => ({
  n: p.step(pass, p.step(train, { n: input.n })).n,
}))

const lists = defineStep({
  name: 'lists',
  version: '1',
  inputs: number,
  outputs: { list: z.array(z.number()) },
  run: ({ n }) => ({ list: [n] }),
})

const trained = definePipeline({ name: 'trained', inputs: number }, (p, input) => {
  const first = p.step(pass, { n: input.n }, { id: 'first' })
  const sub = p.step(inner, { n: first.n }, { id: 'sub' })
  const after = p.step(pass, { n: sub.n }, { id: 'after' })
  p.map(p.step(lists, { n: after.n }).list, (n, q) => q.step(pass, { n }), { id: 'each' })
  return { n: after.n }
})

test('what failed tries had reported, and where they failed, is in the record', async () => {
  const pw = await tempWorkspace()
  const seen: unknown[] = []
  const onUpdate = ({ event }: { event: { type: string } }): void =>
    void (event.type === 'attempt.failed' && seen.push(event))
  await expect(pw.run(trained, { n: 4 }, { onUpdate })).rejects.toMatchObject({ code: 'RUN_FAILED' })
  const { id } = (await pw.runs()).items[0]!
  const detail = await pw.show(id)
  const failed = detail.executions.find(({ node }) => node === 'sub/train')!
  const facts = (loss: number): object => ({
    params: { depth: 4 },
    metrics: {
      loss: { last: loss, min: loss, max: loss, count: 1 },
      grad: { last: Number.NaN, min: Number.NaN, max: Number.NaN, count: 1 },
    },
  })
  expect(failed.attempts.map((one) => one.facts)).toEqual([facts(3), facts(1.5)])
  expect(seen).toMatchObject([{ facts: facts(3) }, { facts: facts(1.5) }])
  expect(failed.metrics).toEqual({})
  const file = expect.stringMatching(/test\/workspace\/failed-attempts\.test\.ts$/) as string
  const place = { file, line: expect.any(Number) as number, column: expect.any(Number) as number }
  for (const { error } of failed.attempts) expect(error).toMatchObject({ place, cause: { place } })
  expect(failed.error).toMatchObject({ message: 'try 2 failed', place })
  expect(detail.error).toMatchObject({ place })
  const lines = readFileSync(fileURLToPath(import.meta.url), 'utf8').split('\n')
  expect(lines[failed.error!.place!.line - 1]).toContain('throw new Error(')
  expect(renderRun(detail, await pw.planOf(id))).toMatch(
    /✗ train {2}failed .*try 2 failed\n.*└─ at .*failed-attempts\.test\.ts:\d+:9\n/,
  )
})

test('what has given nothing: failed, blocked and never reached, with the reason', async () => {
  const pw = await tempWorkspace()
  const ends = async (failure: 'stop' | 'continue'): Promise<unknown[]> => {
    await pw.run(trained, { n: 4 }, { failure }).catch(() => undefined)
    const { id } = (await pw.runs({ limit: 1 })).items[0]!
    const found = unfinishedNodes(await pw.show(id), await pw.planOf(id))
    return found.map(({ node, step, state, reason }) => [node, step, state, reason])
  }
  const failed = ['sub/train', 'train', 'failed', 'try 2 failed']
  const reason = "the run stopped when 'sub/train' failed"
  expect(await ends('stop')).toEqual([
    failed,
    ['sub/pass', 'pass', 'not reached', reason],
    ['after', 'pass', 'not reached', reason],
    ['lists', 'lists', 'not reached', reason],
    ['each', null, 'not reached', reason],
  ])
  expect(await ends('continue')).toEqual([
    failed,
    ['sub/pass', null, 'blocked', "it needs what 'sub/train' was to give"],
    ['after', null, 'blocked', "it needs what 'sub' was to give"],
    ['lists', null, 'blocked', "it needs what 'after' was to give"],
    ['each', null, 'blocked', "it needs what 'lists' was to give"],
  ])
})

test('what fails in a map of many items is shown with its place', async () => {
  const pw = await tempWorkspace()
  const many = definePipeline({ name: 'many', inputs: { ns: z.array(z.number()) } }, (p, input) => {
    p.map(input.ns, (n, q) => q.step(train, { n }), { id: 'each' })
    return {}
  })
  const ns = Array.from({ length: 20 }, (_, index) => (index === 13 ? 1 : 0))
  await expect(pw.run(many, { ns }, { failure: 'continue' })).rejects.toThrow('each[13]/train')
  const { id } = (await pw.runs()).items[0]!
  expect(renderRun(await pw.show(id), await pw.planOf(id))).toMatch(
    /\[0…19\] {2}.*1 failed · loss 3 · grad NaN\n.*└─ ✗ \[13\]\/train {2}failed {2}.*try 2 failed\n.*└─ at \S+:\d+:9$/,
  )
})

test('a node that was not selected is not missed', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(trained, { n: 0 }, { select: { to: ['sub'] } })
  expect(unfinishedNodes(await pw.show(run.id), await pw.planOf(run.id))).toEqual([])
})

test('reports of failed tries are kept, collected and exported with their run, and shown on its page', async () => {
  const told = defineStep({
    name: 'told',
    version: '1',
    retry: { attempts: 2, delay: 0 },
    run: (_, ctx) => {
      ctx.report({ blocks: [{ type: 'markdown', text: `so far, in try ${ctx.attempt}` }] })
      // Too large for the record: a file of the store.
      ctx.report({ blocks: [{ type: 'markdown', text: 'x'.repeat(10_000) }] })
      throw new Error('no')
    },
  })
  const pipeline = definePipeline({ name: 'telling' }, (p) => {
    p.step(told, {})
    return {}
  })
  const pw = await tempWorkspace()
  await pw.run(pipeline, {}).catch(() => undefined)
  const { id } = (await pw.runs()).items[0]!
  const reportsOf = async (from = pw): Promise<string[]> => {
    const { executions } = await from.show(id)
    const reports = executions[0]!.attempts.flatMap(({ facts }) => facts?.reports ?? [])
    const texts = await Promise.all(reports.map(async (one) => Buffer.from(await from.bytes(one)).toString()))
    return texts.map((text) => /so far, in try \d|xxx/.exec(text)![0])
  }
  const all = ['so far, in try 1', 'xxx', 'so far, in try 2', 'xxx']
  expect(await reportsOf()).toEqual(all)
  await pw.gc({ olderThan: '30d', spare: 0 })
  expect(await reportsOf()).toEqual(all)
  const target = join(await tempFolder(), 'exported')
  await pw.exportRun(id, target)
  const other = await tempWorkspace()
  await other.importRun(target)
  expect(await reportsOf(other)).toEqual(all)
  const page = await renderReport(pw, id)
  expect(page).toContain('so far, in try 2')
  expect(page).not.toContain('so far, in try 1')
})

test('a function that was given up and goes on to report does not keep its attempt from ending', async () => {
  const [most, text] = [1_000, 'x'.repeat(100_000)]
  let reported = 0
  const busy = defineStep({
    name: 'busy',
    version: '1',
    timeout: 20,
    grace: 10,
    run: async (_, ctx) => {
      while (reported < most) {
        ctx.report({ blocks: [{ type: 'markdown', text: `${text}${reported++}` }] })
        await delay(1)
      }
    },
  })
  const pipeline = definePipeline({ name: 'busy' }, (p) => {
    p.step(busy, {})
    return {}
  })
  const pw = await tempWorkspace()
  await expect(pw.run(pipeline, {})).rejects.toThrow('took longer than its timeout of 20 ms')
  expect(reported).toBeLessThan(most)
})

test('a report that cannot be kept takes nothing from the error', async () => {
  const wrong = defineStep({
    name: 'wrong',
    version: '1',
    run: (_, ctx) => {
      ctx.report({ blocks: [{ type: 'nothing' } as never] })
      throw new Error('the error itself')
    },
  })
  const pipeline = definePipeline({ name: 'wrong' }, (p) => {
    p.step(wrong, {})
    return {}
  })
  const pw = await tempWorkspace()
  await pw.run(pipeline, {}).catch(() => undefined)
  const { id } = (await pw.runs()).items[0]!
  const { executions } = await pw.show(id)
  expect(executions[0]!.attempts[0]!.error).toMatchObject({ message: 'the error itself' })
  const lines = []
  for await (const line of pw.logs(id)) lines.push('message' in line ? line.message : '')
  expect(lines.join('\n')).toContain('its reports are not kept')
})
