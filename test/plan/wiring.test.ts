import { definePipeline, defineStep, plan } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { originsOf } from '../../src/plan/wiring.ts'

const number = defineStep({
  name: 'number',
  version: '1',
  inputs: { n: z.number(), all: z.array(z.number()).optional() },
  outputs: { n: z.number(), ok: z.boolean(), list: z.array(z.number()) },
  run: ({ n }) => ({ n, ok: true, list: [n] }),
})

const inner = definePipeline({ name: 'inner', inputs: { n: z.number() } }, (p, input) => {
  const first = p.step(number, { n: input.n }, { id: 'first' })
  return { n: p.step(number, { n: first.n }, { id: 'second' }).n, given: input.n }
})

const outer = definePipeline({ name: 'outer', inputs: { n: z.number() } }, (p, input) => {
  const source = p.step(number, { n: input.n }, { id: 'source' })
  const sub = p.step(inner, { n: source.n }, { id: 'sub' })
  const either = p.when(
    source.ok,
    (q) => ({ n: q.step(number, { n: source.n }).n }),
    () => ({ n: sub.n }),
    { id: 'either' },
  )
  const map = p.map(source.list, (n, q) => q.step(number, { n }), { id: 'map' })
  const again = p.map(map.n, (n, q) => ({ n: q.step(number, { n, all: [n, source.n, 7] }).n, same: n }), {
    id: 'again',
  })
  p.step(number, { n: sub.n, all: again.same }, { id: 'one' })
  p.step(number, { n: sub.given, all: [either.n, p.pick(again.n, 2)] }, { id: 'two' })
  return {}
})

test.each([
  ['source', 'n', []],
  ['sub/first', 'n', ['source.n']],
  ['sub/second', 'n', ['sub/first.n']],
  ['either/then/number', 'n', ['source.n']],
  ['map[3]/number', 'n', ['source.list']],
  ['again[3]/number', 'n', ['map.n', 'map[3]/number.n']],
  ['again[0]/number', 'all', ['map.n', 'map[0]/number.n', 'source.n']],
  ['one', 'n', ['sub/second.n']],
  ['one', 'all', ['again.same']],
  ['two', 'n', ['source.n']],
  ['two', 'all', ['either/then/number.n', 'sub/second.n', 'again.n', 'again[2]/number.n']],
  ['map', 'items', ['source.list']],
  ['nowhere', 'n', []],
  ['source/deeper', 'n', []],
  ['one', 'nothing', []],
])('%s, %s', (path, input, expected) => {
  expect(
    originsOf(plan(outer, { n: 1 }), path, input).map(({ node, output }) => `${node}.${output}`),
  ).toEqual(expected)
})
