import { definePipeline, defineStep } from 'pipewright'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { statesOf, tempWorkspace } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

const pass = (name: string, options: { cache?: { ttl: string }; env?: string[]; salt?: string } = {}) =>
  defineStep({
    name,
    version: '1',
    inputs: { n: z.number(), threads: z.number().default(1) },
    outputs: { n: z.number() },
    ignore: ['threads'],
    ...(options as object),
    run: ({ n }) => {
      calls.push(name)
      return { n }
    },
  })

const one = pass('one')
const two = pass('two')
const chain = definePipeline({ name: 'chain', inputs: { n: z.number() } }, (p, input) => ({
  n: p.step(two, { n: p.step(one, { n: input.n }).n }).n,
}))

describe('what a key is made of', () => {
  test('an ignored input is none of it', async () => {
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p', inputs: { threads: z.number() } }, (p, input) =>
      p.step(one, { n: 1, threads: input.threads }),
    )
    await pw.run(pipeline, { threads: 1 })
    await pw.run(pipeline, { threads: 2 })
    expect(calls).toEqual(['one'])
  })

  test('declared environment variables and the salt are', async () => {
    const pw = await tempWorkspace()
    const run = (step: ReturnType<typeof pass>) =>
      pw.run(
        definePipeline({ name: 'p' }, (p) => p.step(step, { n: 1 })),
        {},
      )
    onTestFinished(() => void vi.unstubAllEnvs())
    const regional = pass('regional', { env: ['PIPEWRIGHT_REGION'] })
    for (const region of ['eu', 'us', undefined, '', 'eu']) {
      vi.stubEnv('PIPEWRIGHT_REGION', region)
      vi.stubEnv('PIPEWRIGHT_OTHER', region)
      await run(regional)
    }
    expect(calls).toHaveLength(4)
    await run(pass('regional', { salt: 'a' }))
    await run(pass('regional', { salt: 'b' }))
    await run(pass('regional', { salt: 'a' }))
    expect(calls).toHaveLength(6)
  })
})

describe('policies and modes', () => {
  test('ttl: what is older is made again, and is then the entry; a node may say otherwise', async () => {
    const pw = await tempWorkspace()
    const fresh = pass('fresh', { cache: { ttl: '1h' } })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(fresh, { n: 1 }))
    const lax = definePipeline({ name: 'p' }, (p) => p.step(fresh, { n: 1 }, { cache: 'content' }))
    const strict = definePipeline({ name: 'p' }, (p) => p.step(fresh, { n: 1 }, { cache: 'never' }))
    await pw.run(pipeline, {})
    const now = Date.now()
    onTestFinished(() => void vi.useRealTimers())
    vi.useFakeTimers({ toFake: ['Date'], now: now + 3_500_000 })
    await pw.run(pipeline, {})
    expect(calls).toHaveLength(1)
    vi.setSystemTime(now + 3_700_000)
    await pw.run(lax, {})
    expect(calls).toHaveLength(1)
    await pw.run(pipeline, {})
    expect(calls).toHaveLength(2)
    await pw.run(pipeline, {})
    expect(calls).toHaveLength(2)
    await pw.run(strict, {})
    expect(calls).toHaveLength(3)
  })

  test('refresh executes all, or what is named, and makes new entries', async () => {
    const pw = await tempWorkspace()
    await pw.run(chain, { n: 1 })
    await new Promise((resolve) => setTimeout(resolve, 5))
    const all = await pw.run(chain, { n: 1 }, { cache: 'refresh' })
    expect(calls).toEqual(['one', 'two', 'one', 'two'])
    const next = await pw.run(chain, { n: 1 })
    expect((await pw.show(next.run.id)).executions.map(({ reused }) => reused?.run)).toEqual([
      all.run.id,
      all.run.id,
    ])
    const some = await pw.run(chain, { n: 1 }, { cache: { refresh: ['t*'] } })
    expect(await statesOf(pw, some.run.id)).toEqual({ one: 'reused', two: 'succeeded' })
    await expect(pw.run(chain, { n: 1 }, { cache: { refresh: ['tow'] } })).rejects.toThrow(
      "did you mean 'two'?",
    )
    await expect(pw.run(chain, { n: 1 }, { cache: 'fresh' as never })).rejects.toThrow('is not a mode')
  })

  test('equal items of a refreshed map run once', async () => {
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => ({
      all: p.map([1, 1, 2], (n, q) => q.step(one, { n }), { id: 'all' }).n,
    }))
    await pw.run(pipeline, {})
    await new Promise((resolve) => setTimeout(resolve, 5))
    await pw.run(pipeline, {}, { cache: { refresh: ['all'] } })
    expect(calls).toHaveLength(4)
  })

  test('readonly makes no entries, off uses none either; the record says so', async () => {
    const pw = await tempWorkspace()
    const readonly = await pw.run(chain, { n: 1 }, { cache: 'readonly' })
    expect((await pw.show(readonly.run.id)).executions[0]?.uncached).toBe("the run says cache: 'readonly'")
    await pw.run(chain, { n: 1 })
    expect(calls).toHaveLength(4)
    await pw.run(chain, { n: 1 }, { cache: 'readonly' })
    expect(calls).toHaveLength(4)
    const off = await pw.run(chain, { n: 1 }, { cache: 'off' })
    expect(calls).toHaveLength(6)
    expect((await pw.show(off.run.id)).executions[0]?.uncached).toBe("the run says cache: 'off'")
  })
})

test('mistakes are told when they are made', () => {
  const step = (options: object) => () =>
    defineStep({ name: 's', inputs: { rows: z.number() }, run: () => undefined, ...options })
  expect(step({ ignore: ['row'] })).toThrow(
    "ignore names 'row', which is not an input\nFix: did you mean 'rows'?",
  )
  expect(step({ cache: 'always' })).toThrow("give 'content', 'never' or { ttl: '1d' }")
  expect(step({ cache: { ttl: 'soon' } })).toThrow('cache.ttl')
  expect(step({ env: 'REGION' })).toThrow("env: ['REGION']")
  expect(step({ salt: 1 })).toThrow('salt')
  expect(() =>
    definePipeline({ name: 'p' }, (p) => {
      p.step(one, { n: 1 }, { cache: 'sometimes' as never })
      return {}
    }),
  ).toThrow("node 'one', cache")
  expect(() =>
    definePipeline({ name: 'p' }, (p) => {
      p.step(chain, { n: 1 }, { cache: 'never' })
      return {}
    }),
  ).toThrow('a pipeline has no cache policy')
})
