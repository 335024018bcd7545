import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline, defineStep, plan, render } from '../../src/index.ts'
import { testPipeline } from '../../src/testing/index.ts'
import { add } from './support.ts'

const Kind = z.enum(['linear', 'trees', 'none'])

const profile = defineStep({
  name: 'profile',
  inputs: { kind: z.string() },
  outputs: { kind: Kind },
  version: '1',
  run: ({ kind }) => ({ kind: kind as z.infer<typeof Kind> }),
})

const choosing = definePipeline({ name: 'choosing', inputs: { kind: z.string() } }, (p, input) => {
  const { kind } = p.step(profile, { kind: input.kind })
  const fit = p.choose(kind, {
    linear: (q) => ({ n: q.step(add, { n: 1 }).n }),
    trees: (q) => ({ n: q.step(add, { n: 10 }).n, depth: q.step(add, { n: 3 }, { id: 'depth' }).n }),
    none: () => ({}),
  })
  return { n: fit.n, depth: fit.depth, branch: fit.branch }
})

describe('p.choose', () => {
  test('runs the branch that the text names, and tells which one it was', async () => {
    const linear = await testPipeline(choosing, { kind: 'linear' })
    expect(linear.outputs).toEqual({ n: 2, branch: 'linear' })
    expect(linear.executions.map(({ node }) => node)).toEqual(
      expect.arrayContaining(['profile', 'choose/linear/add', 'choose']),
    )
    expect((await testPipeline(choosing, { kind: 'trees' })).outputs).toEqual({
      n: 11,
      depth: 4,
      branch: 'trees',
    })
    expect((await testPipeline(choosing, { kind: 'none' })).outputs).toEqual({ branch: 'none' })
  })

  test('takes the body for all other values', async () => {
    const open = definePipeline({ name: 'open', inputs: { region: z.string() } }, (p, input) => {
      const picked = p.choose(
        input.region,
        { eu: (q) => ({ n: q.step(add, { n: 1 }).n }) },
        (q) => ({ n: q.step(add, { n: 100 }).n }),
        { id: 'by-region' },
      )
      return { n: picked.n, branch: picked.branch }
    })
    expect((await testPipeline(open, { region: 'eu' })).outputs).toEqual({ n: 2, branch: 'eu' })
    expect((await testPipeline(open, { region: 'us' })).outputs).toEqual({
      n: 101,
      branch: 'otherwise',
    })
  })

  test('a value without a branch fails the node and names the nearest one', async () => {
    const narrow = definePipeline({ name: 'narrow', inputs: { region: z.string() } }, (p, input) => {
      const picked = p.choose(input.region, { europe: (q) => q.step(add, { n: 1 }) }, { id: 'by-region' })
      return { n: picked.n }
    })
    const run = await testPipeline(narrow, { region: 'europa' })
    expect(run.state).toBe('failed')
    expect(() => run.outputs).toThrow(/the selector of 'by-region' is "europa", for which it has no branch/)
    const failed = run.executions.find(({ state }) => state === 'failed')
    expect(failed?.error?.message).toMatch(/did you mean 'europe'/)
  })

  test('is drawn with its branches', () => {
    expect(render(plan(choosing, { kind: 'linear' }))).toBe(
      [
        'choosing',
        '├─ profile',
        '└─ choose [choose]  <- profile',
        '   ├─ linear',
        '   │  └─ add',
        '   ├─ trees',
        '   │  ├─ add',
        '   │  └─ depth (add)',
        '   └─ none',
      ].join('\n'),
    )
  })

  test('refuses what cannot choose', () => {
    const defining = (branches: unknown, selector: (kind: never) => unknown) => () =>
      definePipeline({ name: 'bad', inputs: { kind: Kind } }, (p, input) => {
        p.choose(selector(input.kind as never) as never, branches as never)
        return {}
      })
    const itself = (kind: never): unknown => kind
    expect(defining({}, itself)).toThrow(/choose 'choose' has no branches/)
    expect(defining({ linear: 1 }, itself)).toThrow(
      /the linear callback of choose 'choose' is not a function/,
    )
    expect(defining({ 'a/b': () => ({}) }, itself)).toThrow(/the branch name "a\/b" holds "\/"/)
    expect(defining({ linear: () => ({}) }, () => 'linear')).toThrow(/selector is not a ref/)
  })
})
