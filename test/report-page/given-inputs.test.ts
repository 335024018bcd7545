import { definePipeline, defineStep } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { collectPage } from '../../src/report-page/collect.ts'
import { failure, tempWorkspace } from '../workspace/temp.ts'

const make = defineStep({
  name: 'make',
  inputs: {},
  outputs: { n: z.number(), deep: z.object({ rate: z.number() }) },
  run: () => ({ n: 5, deep: { rate: 0.1 } }),
})

const fails = defineStep({
  name: 'fails',
  cache: 'never',
  inputs: {
    item: z.number(),
    place: z.number(),
    made: z.number(),
    part: z.number(),
    given: z.string(),
    fixed: z.string(),
    list: z.array(z.number()),
  },
  outputs: { n: z.number() },
  run: () => {
    throw new Error('no')
  },
})

const inner = definePipeline(
  { name: 'inner', inputs: { text: z.string(), items: z.array(z.object({ size: z.number() })) } },
  (p, input) => {
    const { n, deep } = p.step(make, {})
    const each = p.map(
      input.items,
      (item, q, place) =>
        q.step(fails, {
          item: q.pick(item, 'size'),
          place,
          made: n,
          part: p.pick(deep, 'rate'),
          given: input.text,
          fixed: 'as written',
          list: [n, 2],
        }),
      { id: 'each' },
    )
    return { n: each.n }
  },
)

const outer = definePipeline({ name: 'outer', inputs: { text: z.string() } }, (p, input) => ({
  n: p.step(inner, { text: input.text, items: [{ size: 7 }, { size: 9 }] }, { id: 'sub' }).n,
}))

test('what a failed node was given is told from the plan: constants, inputs, items, what others gave', async () => {
  const pw = await tempWorkspace()
  const id = await failure(pw.run(outer, { text: 'hello' }, { failure: 'continue' }))
  const { nodes, artifacts } = await collectPage(pw, id, {})
  const made = (output: string): number => artifacts.findIndex(({ from }) => from === `sub/make · ${output}`)
  for (const [at, size] of [7, 9].entries()) {
    const node = nodes.find(({ path }) => path === `sub/each[${at}]/fails`)!
    expect(node.state).toBe('failed')
    expect(Object.fromEntries(node.inputs!)).toEqual({
      item: { json: size },
      place: { json: at },
      made: { artifact: made('n') },
      part: { artifact: made('deep'), pick: ['rate'] },
      given: { json: 'hello' },
      fixed: { json: 'as written' },
      list: { list: [{ artifact: made('n') }, { json: 2 }], more: 0 },
    })
  }
})
