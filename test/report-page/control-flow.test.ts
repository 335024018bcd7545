import { definePipeline, defineStep } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { collectPage } from '../../src/report-page/collect.ts'
import type { PageNode } from '../../src/report-page/page-data.ts'
import { figuresOf } from '../../src/report-page/page/summary/figures.ts'
import { toured } from '../flow/tour.ts'
import { failure, tempWorkspace } from '../workspace/temp.ts'

function nodeOf(nodes: readonly PageNode[], path: string): PageNode {
  return nodes.find((node) => node.path === path)!
}

test('a page tells what was taken back, where it failed, what tries had reported, and calls however deep', async () => {
  const pw = await tempWorkspace()
  const page = await collectPage(pw, await toured(pw, true), {})
  const { run, nodes, logs, graph } = page
  expect(run.undone).toBe(true)
  const { undo } = nodeOf(nodes, 'flat')
  expect(undo).toMatchObject({ state: 'undone' })
  expect(logs[undo!.log!]!.lines.map(([, level, message]) => `${level} ${message}`)).toEqual([
    'warn giving flat back',
  ])
  const { error, attempts } = nodeOf(nodes, 'check')
  expect(error!.place).toMatch(/control-flow\.ts:\d+:\d+$/)
  expect(attempts![0]).toMatchObject({
    how: 'failed',
    metrics: { loss: { last: 3 } },
    params: { rate: 0.1 },
  })
  // What a step has told before it failed stands in the summary too.
  const { nodes: told } = figuresOf(nodes, page).find(({ step }) => step === 'check')!
  expect(told.map(({ path, state, numbers }) => [path, state, [...numbers]])).toEqual([
    ['check', 'failed', [['loss', 3]]],
  ])
  const again = 'count-down/when/then/again'
  expect(nodeOf(nodes, again).type).toBe('recurse')
  expect(nodeOf(nodes, `${again}/when`).type).toBe('when')
  expect(nodeOf(nodes, `${again}/when/then/again/when`).type).toBe('when')
  const goLive = nodeOf(nodes, 'go-live')
  expect(goLive.end! - goLive.start!).toBeGreaterThanOrEqual(0)
  // What holds nothing is a box.
  expect(
    graph.nodes
      .filter(({ closed }) => closed)
      .map(({ label }) => label)
      .toSorted(),
  ).toEqual(['again', 'go-live', 'labels', 'sleep', 'until'])
})

test('a page of a run that waits says for what, and one that is blocked by whom', async () => {
  const fails = defineStep({
    name: 'fails',
    inputs: {},
    outputs: { n: z.number() },
    run: () => {
      throw new Error('no')
    },
  })
  const takes = defineStep({
    name: 'takes',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n }),
  })
  const chained = definePipeline({ name: 'chained', inputs: {} }, (p) => {
    const first = p.step(takes, { n: p.step(fails, {}).n }, { id: 'first' })
    return { n: p.step(takes, { n: first.n }, { id: 'second' }).n }
  })
  const pw = await tempWorkspace()
  const failed = await failure(pw.run(chained, {}, { failure: 'continue' }))
  const page = await collectPage(pw, failed, {})
  expect(nodeOf(page.nodes, 'second')).toMatchObject({
    state: 'blocked',
    waitsFor: ['first'],
    failedBefore: 'fails',
  })

  const measure = defineStep({ name: 'measure', outputs: { auc: z.number() }, run: () => ({ auc: 0.9 }) })
  const waits = definePipeline({ name: 'waits', inputs: {} }, (p) => {
    p.signal('labels')
    const { auc } = p.step(measure, {})
    const go = p.approve({ id: 'go', by: ['ada'], message: 'Deploy it?', show: { auc } })
    return { by: go.by }
  })
  const handle = await pw.start(waits, {})
  await expect.poll(async () => (await pw.waits(handle.id)).length).toBe(2)
  const { nodes } = await collectPage(pw, handle.id, {})
  expect(nodeOf(nodes, 'labels').waitsOn).toBe("for the signal 'labels'")
  expect(nodeOf(nodes, 'go').waitsOn).toBe('for a decision by ada: Deploy it?')
  expect(nodeOf(nodes, 'labels').command).toBe(`npx pipewright signal ${handle.id} labels`)
  expect(nodeOf(nodes, 'go').command).toBe(`npx pipewright approve ${handle.id} go --by ada`)
  const show = [['auc', { artifact: expect.any(Number) }]]
  expect(nodeOf(nodes, 'go').show).toEqual(show)
  // Also when it is decided.
  await pw.approve(handle.id, { node: 'go', by: 'ada' })
  await expect.poll(async () => (await pw.waits(handle.id)).length).toBe(1)
  expect(nodeOf((await collectPage(pw, handle.id, {})).nodes, 'go')).toMatchObject({ show })
  handle.cancel()
  await handle.result().catch(() => undefined)
})
