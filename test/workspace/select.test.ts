import { definePipeline, defineStep } from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempWorkspace } from './temp.ts'

let ran: string[] = []

beforeEach(() => {
  ran = []
})

function link(name: string, cache?: 'never') {
  return defineStep({
    name,
    version: '1',
    tags: name === 'c' ? ['late'] : [],
    ...(cache === undefined ? {} : { cache }),
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => {
      ran.push(name)
      return { n: n + 1 }
    },
  })
}

const sum = defineStep({
  name: 'sum',
  version: '1',
  inputs: { a: z.number(), b: z.number() },
  outputs: { n: z.number() },
  run: ({ a, b }) => ({ n: a + b }),
})

const chain = definePipeline({ name: 'chain', inputs: { n: z.number() } }, (p, input) => {
  const a = p.step(link('a'), { n: input.n })
  const b = p.step(link('b'), { n: a.n })
  const c = p.step(link('c', 'never'), { n: b.n })
  return { b: b.n, d: p.step(link('d'), { n: c.n }).n }
})

describe('a part of a pipeline', () => {
  test('what is not selected comes from the cache; what follows does not run', async () => {
    const pw = await tempWorkspace()
    await pw.run(chain, { n: 1 })
    ran = []
    const { outputs, run } = await pw.run(chain, { n: 1 }, { select: { tags: ['late'] } })
    expect(ran).toEqual(['c'])
    expect(await statesOf(pw, run.id)).toEqual({ a: 'reused', b: 'reused', c: 'succeeded' })
    expect(outputs).toEqual({ b: 3 })
  })

  test('a gap between two selected nodes is found when the first of them has run', async () => {
    const pw = await tempWorkspace()
    await pw.run(chain, { n: 1 }, { select: { to: ['a'] } })
    ran = []
    await expect(pw.run(chain, { n: 1 }, { select: { only: ['a', 'c'] } })).rejects.toMatchObject({
      code: 'RUN_FAILED',
      failures: [{ node: 'b', message: expect.stringContaining('was not selected') as string }],
    })
    expect(ran).toEqual([])
  })

  test('every gap counts, with the reason why it is not kept', async () => {
    const pw = await tempWorkspace()
    const pair = definePipeline({ name: 'pair', inputs: { n: z.number() } }, (p, input) => {
      const first = p.step(link('first', 'never'), { n: input.n })
      const second = p.step(link('second'), { n: input.n })
      return { n: p.step(sum, { a: first.n, b: second.n }).n }
    })
    await expect(pw.run(pair, { n: 1 }, { select: { only: ['sum'] } })).rejects.toThrow(
      /^'first' was not selected and is not in the cache \(.*never.*\), nor is one more node$/m,
    )
  })

  test('to: the node and all that it needs', async () => {
    const pw = await tempWorkspace()
    await pw.run(chain, { n: 1 }, { select: { to: ['b'] } })
    expect(ran).toEqual(['a', 'b'])
  })

  test('a gap is an error before anything runs', async () => {
    const pw = await tempWorkspace()
    await pw.run(chain, { n: 1 }, { select: { to: ['a'] } })
    ran = []
    const seen: unknown[] = []
    await expect(
      pw.run(chain, { n: 1 }, { select: { from: ['c'] }, onUpdate: (update) => seen.push(update) }),
    ).rejects.toMatchObject({
      code: 'SELECTION_GAP',
      message: expect.stringContaining("'b' was not selected and is not in the cache\n") as string,
      details: { node: 'b' },
    })
    expect({ ran, seen }).toEqual({ ran: [], seen: [] })
    // No run was recorded either.
    expect((await pw.runs()).items).toHaveLength(1)
    await expect(pw.run(chain, { n: 1 }, { select: { only: ['z*'] } })).rejects.toMatchObject({
      code: 'SELECTION_EMPTY',
    })
  })
})

describe('before running', () => {
  test('plan tells code and sources, check what will not be cached', async () => {
    const pw = await tempWorkspace({ resources: { gpu: 1 } })
    const greedy = defineStep({
      name: 'greedy',
      resources: { gpu: 2 },
      outputs: { n: z.number() },
      run: () => ({ n: pw.root.length }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(greedy, {})
      return {}
    })
    const findings = (await pw.check(pipeline)).map(({ subject, message }) => `${subject} ${message}`)
    expect(findings).toEqual([
      expect.stringContaining("greedy is not cached: what it has captured as 'pw' cannot be read"),
      "greedy asks for 2 of resource 'gpu', there are 1: it can never run",
      'greedy has outputs that nothing reads',
    ])
    const planned = await pw.plan(chain, { n: 1 })
    expect(planned.code.a?.digest).toMatch(/^sha256:/)
    expect(JSON.parse(JSON.stringify(planned))).toEqual(planned)
  })
})
