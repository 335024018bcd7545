import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline, defineStep, plan, render } from '../../src/index.ts'
import { testPipeline } from '../../src/testing/index.ts'

const Numbers = z.array(z.number())

const halves = defineStep({
  name: 'halves',
  inputs: { list: Numbers },
  outputs: { low: Numbers, high: Numbers, more: z.boolean() },
  version: '1',
  run: ({ list }) => {
    const [first = 0, ...rest] = list
    return {
      low: rest.filter((n) => n < first),
      high: [first, ...rest.filter((n) => n >= first)].slice(rest.every((n) => n >= first) ? 1 : 0),
      more: list.length > 1,
    }
  },
})

const join = defineStep({
  name: 'join',
  inputs: { low: Numbers, high: Numbers, all: Numbers },
  outputs: { list: Numbers },
  version: '1',
  run: ({ low, high, all }) => {
    const missing = all.filter((n) => !low.includes(n) && !high.includes(n))
    return { list: [...low, ...missing, ...high].toSorted((a, b) => a - b) }
  },
})

const sort = definePipeline(
  { name: 'sort', inputs: { list: Numbers }, outputs: { list: Numbers } },
  (p, input, self) => {
    const parts = p.step(halves, { list: input.list })
    const sorted = p.when(
      parts.more,
      (q) => {
        const low = q.recurse(() => self, { list: parts.low }, { id: 'low', maxDepth: 20 })
        const high = q.recurse(() => self, { list: parts.high }, { id: 'high', maxDepth: 20 })
        return { list: q.step(join, { low: low.list, high: high.list, all: input.list }).list }
      },
      () => ({ list: input.list }),
    )
    return { list: sorted.list }
  },
)

describe('p.recurse', () => {
  test('expands a pipeline inside itself while it runs', async () => {
    const run = await testPipeline(sort, { list: [3, 1, 2, 5, 4] })
    expect(run.outputs).toEqual({ list: [1, 2, 3, 4, 5] })
    expect(run.executions.map(({ node }) => node)).toContain('when/then/low/when/then/high/halves')
  })

  test('one that never ends fails at its depth', async () => {
    const endless = definePipeline(
      { name: 'endless', inputs: { n: z.number() }, outputs: { n: z.number() } },
      (p, input, self) => ({ n: p.recurse(() => self, { n: input.n }, { id: 'again', maxDepth: 3 }).n }),
    )
    const run = await testPipeline(endless, { n: 1 })
    expect(run.state).toBe('failed')
    expect(() => run.outputs).toThrow(
      /'again\/again\/again\/again' is call 4 inside one another, of 3 at most/,
    )
  })

  test('is one document, however deep it goes', () => {
    const document = plan(sort, { list: [] })
    expect(Object.keys(document.pipelines ?? {})).toEqual(['sort'])
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
    expect(render(document)).toContain('low [pipeline sort again, at most 20 deep]')
  })

  test('refuses a pipeline whose outputs are not declared, or are others', () => {
    expect(() =>
      definePipeline({ name: 'undeclared', inputs: { n: z.number() } }, (p, input, self) => {
        p.recurse(() => self, { n: input.n } as never, { maxDepth: 2 })
        return {}
      }),
    ).toThrow(/pipeline 'undeclared' cannot be used by p.recurse: its outputs are not declared/)
    expect(() =>
      definePipeline(
        { name: 'other', inputs: { n: z.number() }, outputs: { n: z.number() } },
        (_, input) => ({ m: input.n }) as never,
      ),
    ).toThrow(/pipeline 'other': output 'n' was not returned/)
  })
})
