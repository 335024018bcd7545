import { definePipeline, defineStep } from 'pipewright'
import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { compare } from '../../src/lineage/compare.ts'
import { pairItems } from '../../src/lineage/item-pairs.ts'
import type { Environment, MetricSummary, RunEvent } from '../../src/record/event.ts'
import { appendAll, artifact, openStore, started, succeeded, values } from '../record/support.ts'
import { tempWorkspace } from '../workspace/temp.ts'

const environment: Environment = {
  node: '20.1.0',
  platform: 'linux x64',
  host: 'h',
  pipewright: '1.0.0',
  packages: { zod: '4.0.0', kysely: '0.28.0' },
  git: { commit: 'abc', branch: 'main', dirty: false },
}
const metric = (last: number): MetricSummary => ({ last, min: 0, max: 1, count: 1 })

function events(content: string, more: readonly RunEvent[], change: Partial<Environment> = {}): RunEvent[] {
  return [
    started({
      inputs: { csv: { artifact: artifact(content) }, rates: { value: [0.1] } },
      code: { train: content === 'old' ? 'sha256:1' : 'sha256:2' },
    }),
    succeeded('load', {
      inputs: values({ csv: artifact(content) }),
      outputs: values({ rows: artifact('rows') }),
    }),
    succeeded('train', {
      startedAt: 1_001,
      outputs: values({ model: artifact(`model of ${content}`) }),
      facts: {
        metrics: { auc: metric(content === 'old' ? 0.9 : 0.95), loss: metric(Number.NaN) },
        params: { depth: 3, rate: content },
        reports: [],
      },
    }),
    ...more,
    { type: 'run.environment', environment: { ...environment, ...change } },
    { type: 'run.finished', state: 'succeeded', outputs: {} },
  ]
}

describe('compare', () => {
  it('tells what differs between two runs, node by node', async () => {
    const store = await openStore()
    await appendAll(store, 'a', events('old', [succeeded('extra')]))
    await appendAll(store, 'b', events('new', [], { packages: { zod: '4.1.0' }, git: null }))
    const found = compare((await store.detail('a'))!, (await store.detail('b'))!)
    expect(found).toMatchObject({
      a: 'a',
      b: 'b',
      structureEqual: true,
      pipeline: { equal: true },
      duration: { a: 5, b: 4 },
      onlyInA: ['extra'],
      onlyInB: [],
    })
    expect(found.inputs.map(({ name, equal }) => [name, equal])).toEqual([
      ['csv', false],
      ['rates', true],
    ])
    const [load, train] = found.nodes
    expect(load).toMatchObject({ node: 'load', equal: false, codeEqual: null })
    expect(load!.outputs).toMatchObject([{ name: 'rows', equal: true }])
    expect(train).toMatchObject({
      node: 'train',
      equal: false,
      codeEqual: false,
      state: { a: 'succeeded', b: 'succeeded' },
      duration: { a: 1, b: 1 },
      reused: { a: false, b: false },
    })
    expect(train!.params).toEqual([
      { name: 'depth', a: 3, b: 3, equal: true },
      { name: 'rate', a: 'old', b: 'new', equal: false },
    ])
    expect(train!.metrics.map(({ name, equal }) => [name, equal])).toEqual([
      ['auc', false],
      ['loss', true],
    ])
    expect(found.environment).toEqual([
      { name: 'packages.zod', a: '4.0.0', b: '4.1.0', equal: false },
      { name: 'packages.kysely', a: '0.28.0', b: undefined, equal: false },
      { name: 'git.commit', a: 'abc', b: undefined, equal: false },
      { name: 'git.branch', a: 'main', b: undefined, equal: false },
      { name: 'git.dirty', a: false, b: undefined, equal: false },
    ])
  })

  it('knows no values of names that every object knows', async () => {
    const store = await openStore()
    const facts = { metrics: { constructor: metric(1) }, params: { toString: 1 }, reports: [] }
    await appendAll(store, 'a', events('old', [succeeded('more')]))
    await appendAll(store, 'b', events('old', [succeeded('more', { facts })]))
    const found = compare((await store.detail('a'))!, (await store.detail('b'))!)
    const more = found.nodes.find(({ node }) => node === 'more')!
    expect(more.metrics).toEqual([{ name: 'constructor', a: undefined, b: metric(1), equal: false }])
    expect(more.params).toEqual([{ name: 'toString', a: undefined, b: 1, equal: false }])
  })

  it('finds nothing between a run and its equal', async () => {
    const store = await openStore()
    await appendAll(store, 'a', events('old', []))
    await appendAll(store, 'b', events('old', []), 9_000)
    const found = compare((await store.detail('a'))!, (await store.detail('b'))!)
    expect(found.nodes.every(({ equal }) => equal)).toBe(true)
    expect(found.environment).toEqual([])
    expect([...found.onlyInA, ...found.onlyInB]).toEqual([])
  })
})

describe('pairItems', () => {
  it.each([
    ['an inserted item shifts no other', 'abc', 'axbc', [0, 2, 3]],
    ['a removed one neither', 'axbc', 'abc', [0, undefined, 1, 2]],
    ['items may move', 'abc', 'cab', [1, 2, 0]],
    ['equal ones pair in their order', 'aab', 'baa', [1, 2, 0]],
    ['at the same place of lists of equal length an item has changed', 'abc', 'axc', [0, 1, 2]],
    ['but not where that place is another one’s', 'abc', 'bxc', [undefined, 0, 2]],
    ['in lists of other lengths it is another item', 'ab', 'axy', [0, undefined]],
  ])('%s', (_, a, b, pairs) => {
    expect(pairItems(a.split(''), b.split(''))).toEqual(pairs)
  })
})

describe('a workspace compares items of maps by their content', () => {
  const Item = z.object({ id: z.number(), sizes: z.array(z.number()) })
  const make = defineStep({
    name: 'make',
    version: '1',
    inputs: { ids: z.array(z.number()) },
    outputs: { items: z.array(Item) },
    run: ({ ids }) => ({ items: ids.map((id) => ({ id, sizes: [id, 10 * id] })) }),
  })
  const double = defineStep({
    name: 'double',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n: 2 * n }),
  })
  const inner = definePipeline({ name: 'inner', inputs: { sizes: z.array(z.number()) } }, (p, input) => ({
    n: p.map(input.sizes, (n, q) => q.step(double, { n }), { id: 'sizes' }).n,
  }))
  const outer = definePipeline({ name: 'outer', inputs: { ids: z.array(z.number()) } }, (p, input) => {
    const { items } = p.step(make, { ids: input.ids })
    const each = p.map(
      items,
      (item, q) => {
        q.step(double, { n: q.pick(item, 'id') }, { id: 'of-id' })
        return q.step(inner, { sizes: q.pick(item, 'sizes') }, { id: 'inner' })
      },
      { id: 'each' },
    )
    return { n: each.n }
  })

  it('at any depth, and parts of values by what they are, not by where they stand', async () => {
    const pw = await tempWorkspace()
    const a = await pw.run(outer, { ids: [1, 2] })
    const b = await pw.run(outer, { ids: [5, 1, 2] })
    const found = await pw.compare(a.run.id, b.run.id)
    expect(found.onlyInA).toEqual([])
    expect(found.onlyInB.every((node) => node.startsWith('each[0]/'))).toBe(true)
    expect(found.onlyInB).toContain('each[0]/inner/sizes[1]/double')
    const inItems = found.nodes.filter(({ node }) => node.startsWith('each['))
    expect(inItems.map(({ node, nodeInB, equal }) => [node, nodeInB, equal])).toContainEqual([
      'each[1]/inner/sizes[0]/double',
      'each[2]/inner/sizes[0]/double',
      true,
    ])
    expect(inItems.filter(({ equal }) => !equal)).toEqual([])
  })
})
