import { definePipeline, defineStep, plan, type Pipeline } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { layoutPlan } from '../../src/report-page/graph-layout.ts'
import { parentPath, indexPlan } from '../../src/report-page/plan-index.ts'
import { patternOf } from '../../src/plan/node-path.ts'
import { scheduleOf, type Timed } from '../../src/report-page/schedule.ts'

const add = defineStep({
  name: 'add',
  version: '1',
  inputs: { a: z.number(), b: z.number().default(0) },
  outputs: { n: z.number(), good: z.boolean() },
  run: ({ a, b }) => ({ n: a + b, good: true }),
})

const inner = definePipeline({ name: 'inner', inputs: { a: z.number() } }, (p, input) => ({
  n: p.step(add, { a: input.a }, { id: 'deep' }).n,
}))

const pipeline = definePipeline({ name: 'p', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const first = p.step(add, { a: 1 }, { id: 'first' })
  const side = p.step(add, { a: 2 }, { id: 'side' })
  const each = p.map(
    input.items,
    (item, q) => {
      const one = q.step(add, { a: item, b: first.n }, { id: 'one' })
      return q.step(add, { a: one.n }, { id: 'two' })
    },
    { id: 'each' },
  )
  const branch = p.when(side.good, (q) => q.step(inner, { a: first.n }, { id: 'sub' }), { id: 'branch' })
  return { n: each.n, m: branch.n }
})

const document = plan(pipeline, { items: [1, 2] })
const index = indexPlan(document)

const twice = defineStep({
  name: 'twice',
  version: '1',
  inputs: { a: z.number() },
  outputs: { n: z.number() },
  run: ({ a }) => ({ n: 2 * a }),
})

/** So many nodes in chains of three, every third one of another step. */
function chains(count: number): Pipeline<object, object> {
  return definePipeline({ name: 'chains', inputs: {} }, (p) => {
    let last = p.step(add, { a: 0 }, { id: 'n0' }).n
    for (let i = 1; i < count; i++) {
      const id = `n${i}`
      if (i % 3 === 1) last = p.step(twice, { a: last }, { id }).n
      else last = p.step(add, { a: i % 3 === 0 ? i : last }, { id }).n
    }
    return { last }
  })
}

const step = (node: string, startedAt: number, finishedAt: number): Timed => ({
  node,
  step: 'add',
  startedAt,
  finishedAt,
})
const container = (node: string, at: number): Timed => ({ node, step: null, startedAt: at, finishedAt: at })

test('paths lead to their nodes in the plan, and to what contains them', () => {
  expect([...index.keys()]).toEqual([
    'first',
    'side',
    'each',
    'each[]/one',
    'each[]/two',
    'branch',
    'branch/then/sub',
    'branch/then/sub/deep',
  ])
  const parentOf = (path: string): string | undefined => parentPath(path, index.get(patternOf(path))!)
  expect(parentOf('each[12]/one')).toBe('each')
  expect(parentOf('branch/then/sub')).toBe('branch')
  expect(parentOf('branch/then/sub/deep')).toBe('branch/then/sub')
  expect(parentOf('first')).toBeUndefined()
  expect(patternOf(String.raw`a["x\u002f\u005by\u005d"]/b[3]/c`)).toBe('a[]/b[]/c')
})

test('a node is ready when the last that it reads, or that what contains it reads, was over', () => {
  const { readyAt } = scheduleOf(
    [
      step('first', 100, 110),
      step('side', 100, 130),
      step('each[0]/one', 115, 120),
      step('each[0]/two', 125, 140),
      container('each', 141),
      step('branch/then/sub/deep', 150, 160),
      container('branch/then/sub', 161),
      container('branch', 162),
    ],
    index,
    95,
  )
  expect(readyAt('first')).toBe(95)
  expect(readyAt('each[0]/one')).toBe(110)
  expect(readyAt('each[0]/two')).toBe(120)
  expect(readyAt('branch/then/sub/deep')).toBe(130)
})

test('the critical path goes back from what was over last, through maps and branches', () => {
  const late = scheduleOf(
    [
      step('first', 0, 10),
      step('side', 0, 5),
      step('each[0]/one', 10, 20),
      step('each[0]/two', 20, 30),
      step('each[1]/one', 10, 50),
      step('each[1]/two', 50, 90),
      container('each', 91),
    ],
    index,
    0,
  )
  expect([...late.critical].toSorted()).toEqual(['each', 'each[1]/one', 'each[1]/two', 'first'])
  expect([...late.criticalEdges].toSorted()).toEqual(['each[]/one\neach[]/two', 'first\neach'])
  const branch = scheduleOf(
    [step('first', 0, 10), step('side', 0, 40), step('branch/then/sub/deep', 41, 99)],
    index,
    0,
  )
  expect([...branch.critical].toSorted()).toEqual([
    'branch',
    'branch/then/sub',
    'branch/then/sub/deep',
    'side',
  ])
  expect(scheduleOf([], index, 0).critical.size).toBe(0)
})

test('boxes do not overlap, and lie inside of what contains them', async () => {
  const { nodes, edges, width, height } = await layoutPlan(document)
  const byPattern = new Map(nodes.map((node) => [node.pattern, node]))
  for (const node of nodes) {
    expect(node.x >= -0.5 && node.y >= -0.5 && node.x + node.width <= width + 0.5, node.pattern).toBe(true)
    expect(node.y + node.height).toBeLessThanOrEqual(height + 0.5)
    const place = index.get(node.pattern)
    const parent = place?.parent === undefined ? undefined : byPattern.get(place.parent.pattern)
    if (parent !== undefined) {
      expect(node.x > parent.x && node.x + node.width < parent.x + parent.width, node.pattern).toBe(true)
      expect(node.y > parent.y && node.y + node.height < parent.y + parent.height, node.pattern).toBe(true)
    }
    for (const other of nodes) {
      if (other === node || index.get(other.pattern)?.parent !== place?.parent || place === undefined)
        continue
      const apart =
        node.x + node.width <= other.x ||
        other.x + other.width <= node.x ||
        node.y + node.height <= other.y ||
        other.y + other.height <= node.y
      expect(apart || other.type === 'branch', `${node.pattern} ${other.pattern}`).toBe(true)
    }
  }
  expect(edges.map(({ from, to }) => `${from} ${to}`).toSorted()).toEqual([
    'each[]/one each[]/two',
    'first branch',
    'first each',
    'side branch',
  ])
})

test('a scope of thousands of nodes is put into rows', async () => {
  const { nodes, edges } = await layoutPlan(plan(chains(3_000), {}), 3_000)
  expect(nodes).toHaveLength(3_000)
  expect(new Set(nodes.map(({ x, y }) => `${x} ${y}`)).size).toBe(3_000)
  const top = new Map(nodes.map(({ pattern, y }) => [pattern, y]))
  for (const { from, to } of edges) expect(top.get(from)!).toBeLessThan(top.get(to)!)
})

test('a plan of more than 2,000 nodes is drawn by step; what contains others is closed first', async () => {
  const one = await layoutPlan(plan(chains(2_000), {}))
  expect(one.nodes).toHaveLength(2_000)
  const { nodes, edges } = await layoutPlan(plan(chains(2_001), {}))
  expect(nodes.map(({ label, step, members }) => [label, step, members?.length])).toEqual([
    ['add', 'add', 1_334],
    ['twice', 'twice', 667],
  ])
  expect(edges.map(({ from, to }) => `${from} ${to}`).toSorted()).toEqual(['add* twice*', 'twice* add*'])

  const closed = await layoutPlan(document, index.size - 1)
  expect(closed.nodes.map(({ pattern, closed: isClosed }) => [pattern, isClosed])).toEqual([
    ['first', undefined],
    ['side', undefined],
    ['each', true],
    ['branch', true],
  ])
  expect([one.simplified, closed.simplified, (await layoutPlan(plan(chains(2_001), {}))).simplified]).toEqual(
    [undefined, 'outermost', 'by step'],
  )
})

const more = defineStep({
  name: 'more',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number(), again: z.boolean() },
  run: ({ n }) => ({ n, again: false }),
})

const ending = definePipeline({ name: 'ending', inputs: {} }, (p) => {
  const first = p.step(add, { a: 1 }, { id: 'first' })
  const rounds = p.loop(
    { n: first.n },
    (state, q) => {
      const { n, again } = q.step(more, { n: state.n })
      return { next: { n }, again }
    },
    { id: 'rounds', maxRounds: 5 },
  )
  const go = p.approve({ id: 'go', message: 'Deploy?', after: [rounds] })
  p.step(add, { a: 1 }, { id: 'last', after: [go] })
  p.always((q) => q.step(add, { a: 1 }, { id: 'note' }), { id: 'tidy' })
  p.onFailure((q) => q.step(add, { a: 1 }, { id: 'tell' }), { id: 'alarm' })
  return {}
})

test('a round waits for the one before it, a step for a decision, a handler for all that runs before it', () => {
  const { readyAt, critical } = scheduleOf(
    [
      step('first', 0, 10),
      step('rounds[0]/more', 11, 20),
      step('rounds[1]/more', 25, 40),
      container('rounds', 41),
      { ...container('go', 41), finishedAt: 9_000 },
      step('last', 9_001, 9_010),
      step('alarm/tell', 9_015, 9_020),
      container('alarm', 9_020),
      step('tidy/note', 9_030, 9_040),
      container('tidy', 9_040),
    ],
    indexPlan(plan(ending, {})),
    0,
  )
  expect(['rounds[0]/more', 'rounds[1]/more', 'last', 'alarm/tell', 'tidy/note'].map(readyAt)).toEqual([
    10, 20, 9_000, 9_010, 9_020,
  ])
  expect([...critical].toSorted()).toEqual([
    'alarm',
    'alarm/tell',
    'first',
    'go',
    'last',
    'rounds',
    'rounds[0]/more',
    'rounds[1]/more',
    'tidy',
    'tidy/note',
  ])
})

test('handlers are drawn below what runs before them, and say when they run', async () => {
  const { nodes, edges, simplified } = await layoutPlan(plan(ending, {}))
  const at = (pattern: string): number => nodes.find((node) => node.pattern === pattern)!.y
  expect(at('alarm')).toBeGreaterThan(at('last'))
  expect(at('tidy')).toBeGreaterThan(at('alarm'))
  expect(nodes.filter(({ type }) => type === 'handler').map(({ note }) => note)).toEqual([
    'always',
    'on failure',
  ])
  expect(edges.some(({ to }) => to === 'tidy' || to === 'alarm')).toBe(false)
  // A wait holds nothing: that it is drawn as a box is no simplification.
  expect(nodes.find(({ pattern }) => pattern === 'go')!.closed).toBe(true)
  expect(simplified).toBeUndefined()
})
