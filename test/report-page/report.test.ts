import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, RunFailedError } from 'pipewright'
import { renderReport, writeReport } from 'pipewright/report'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { collectPage } from '../../src/report-page/collect.ts'
import type { PageData, PageValues } from '../../src/report-page/page-data.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { inProgress } from './in-progress.ts'
import { everything } from './pipelines.ts'

function dataOf(html: string): PageData {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!) as PageData
}

const odd = defineStep({
  name: 'odd',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number() },
  run: ({ n }) => {
    if (n === 13) throw new Error('an unlucky number')
    return { n }
  },
})

test('a page is written whole, in place of another, into folders that are made', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(everything, { count: 10, rates: [1, 2] })
  const folder = await tempFolder()
  const file = join(folder, 'a', 'b', 'run.html')
  expect(await writeReport(pw, run.id, file)).toBe(file)
  const html = await readFile(file, 'utf8')
  expect(html).toMatch(/^<!doctype html>/)
  expect(html.match(/<script/g)).toHaveLength(2)
  expect(html).not.toMatch(/(?:src|href)="(?!data:|#)/)
  await writeReport(pw, run.id, file, { compareWith: run.id })
  expect(await readdir(join(folder, 'a', 'b'))).toEqual(['run.html'])
  await writeFile(join(folder, 'file'), '')
  await expect(writeReport(pw, run.id, join(folder, 'file', 'x.html'))).rejects.toMatchObject({
    code: 'STORE_READ_ONLY',
    message: expect.stringContaining(join(folder, 'file', 'x.html')) as string,
  })
  await mkdir(join(folder, 'folder'))
  await expect(writeReport(pw, run.id, join(folder, 'folder'))).rejects.toMatchObject({
    code: 'STORE_READ_ONLY',
  })
  expect((await readdir(folder)).toSorted()).toEqual(['a', 'file', 'folder'])
  await expect(renderReport(pw, 'nothing')).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
  await expect(renderReport(pw, run.id, { compareWith: 'nothing' })).rejects.toMatchObject({
    code: 'RUN_NOT_FOUND',
  })
})

test('the data of a page: states, waiting, values, previews, curves, explanations, lineage', async () => {
  const pw = await tempWorkspace()
  const first = await pw.run(everything, { count: 12, rates: [1, 2] })
  const second = await pw.run(everything, { count: 12, rates: [1, 3] }, { tags: ['nightly'] })
  const data = dataOf(await renderReport(pw, second.run.id, { compareWith: first.run.id }))
  expect(data.run).toMatchObject({ pipeline: 'everything', state: 'succeeded', tags: ['nightly'] })
  const nodes = new Map(data.nodes.map((node) => [node.path, node]))
  expect(nodes.get('make')).toMatchObject({ state: 'reused', reused: { run: first.run.id, node: 'make' } })
  const made = data.logs[nodes.get('make')!.madeLog!]!
  expect(made.lines.map(([, level, message]) => [level, message])).toEqual([['info', 'making']])
  const train = nodes.get('trials[1]/train')!
  expect(train.start).toBeGreaterThanOrEqual(train.ready!)
  expect(train.explanation?.changes.map(({ part, name }) => `${part} ${name}`)).toEqual(['input rate'])
  expect(data.logs[train.attempts![0]!.log!]!.curves).toMatchObject([{ name: 'error', count: 30 }])
  expect(nodes.get('trials')).toMatchObject({ type: 'map', step: null })
  const previews = data.artifacts.map(({ kind, preview }) => [kind, preview.type])
  expect(previews).toContainEqual(['table', 'table'])
  expect(previews).toContainEqual(['report', 'report'])
  const table = data.artifacts.find(({ kind }) => kind === 'table')!.preview
  expect(table).toMatchObject({ type: 'table', rows: 12 })
  if (table.type !== 'table') throw new Error('no table')
  expect(table.columns.map(({ name, missing }) => [name, missing])).toEqual([
    ['x', 0],
    ['label', 0],
    ['name', 0],
    ['at', 3],
  ])
  expect(table.columns[2]!.spread).toEqual({
    kind: 'values',
    distinct: 3,
    top: [
      ['ant', 4],
      ['bee', 4],
      ['cat', 4],
    ],
  })
  expect(data.lineage.roots.map(({ name }) => name)).toContain('summary')
  const root = data.lineage.chapters[data.lineage.roots[0]!.chapter]!
  expect(root.making?.node).toBeDefined()
  expect(data.comparison).toMatchObject({
    structureEqual: true,
    inputs: [{ name: 'rates', a: '[1,3]', b: '[1,2]' }],
    metrics: expect.arrayContaining([{ node: 'trials[1]/train', name: 'loss', a: 3, b: 2 }]) as unknown,
  })
  expect(data.graph.nodes.find(({ pattern }) => pattern === 'trials[]/train')?.states).toEqual({
    reused: 1,
    succeeded: 1,
  })
})

test('a run that is not over is shown as it is now: what runs since when, what waits for what', async () => {
  const pw = await tempWorkspace()
  const data = await inProgress(pw, async (run) => dataOf(await renderReport(pw, run)))
  expect(data.run.state).toBe('running')
  expect(data.run).not.toHaveProperty('duration')
  expect(data.run.soFar).toBeGreaterThan(0)
  const nodes = new Map(data.nodes.map((node) => [node.path, node]))
  expect(nodes.get('long')).toMatchObject({ state: 'running', start: expect.any(Number) as number })
  expect(nodes.get('long')).not.toHaveProperty('end')
  expect(nodes.get('later')).toEqual({
    path: 'later',
    type: 'step',
    step: null,
    state: 'waiting',
    waitsFor: ['long'],
  })
  const flaky = nodes.get('flaky')!
  expect(flaky).toMatchObject({
    state: 'waiting',
    attempts: [{ how: 'failed', error: { message: 'not yet' } }],
  })
  expect(flaky.retryAt! - flaky.attempts![0]!.end!).toBe(60_000)
  expect(nodes.get('each')).toMatchObject({ type: 'map', state: 'running', items: 5, unbegun: 3 })
  expect(nodes.get('branch/then/taken')?.state).toBe('running')
  expect(nodes.get('branch/else/other')?.state).toBe('skipped')
  expect(data.graph.nodes.find(({ pattern }) => pattern === 'each[]/hold')?.states).toEqual({
    running: 2,
    waiting: 3,
  })
  // What still runs is where the critical path has come to.
  expect(data.nodes.filter(({ critical }) => critical === true).map(({ state }) => state)).toContain(
    'running',
  )
})

test('nodes stand in the order of their start, what contains others before them', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(everything, { count: 10, rates: [1, 2, 3] }, { concurrency: 1 })
  const data = dataOf(await renderReport(pw, run.id))
  const paths = data.nodes.map(({ path }) => path)
  const starts = data.nodes.map(({ start }) => start ?? Infinity)
  expect(starts).toEqual(starts.toSorted((a, b) => a - b))
  expect(paths).toEqual([
    'make',
    'trials',
    'trials[0]/train',
    'trials[1]/train',
    'trials[2]/train',
    'evaluate',
    'release',
    'release/then/publish',
  ])
})

test('of more nodes than there is room for all are counted, and those listed that did not succeed', async () => {
  const pw = await tempWorkspace()
  const pipeline = definePipeline({ name: 'many', inputs: { items: z.array(z.number()) } }, (p, input) => ({
    n: p.map(input.items, (n, q) => q.step(odd, { n }), { id: 'each' }).n,
  }))
  await expect(
    pw.run(pipeline, { items: [0, 1, 2, 3, 4, 5, 6, 7, 13] }, { failure: 'continue' }),
  ).rejects.toBeInstanceOf(RunFailedError)
  const [run] = (await pw.runs()).items
  const data = await collectPage(pw, run!.id, {}, 4)
  expect(data.nodes.map(({ path, state }) => `${path} ${state}`).toSorted()).toEqual([
    'each failed',
    'each[0]/odd succeeded',
    'each[1]/odd succeeded',
    'each[8]/odd failed',
  ])
  expect(data.omitted).toMatchObject({ count: 6, states: { succeeded: 6 } })
  expect(data.graph.nodes.find(({ pattern }) => pattern === 'each[]/odd')?.states).toEqual({
    failed: 1,
    succeeded: 8,
  })
  expect(data.notes).toContainEqual(expect.stringContaining('6 nodes that have succeeded are counted'))
})

test('a comparison takes items of a map by their content: an inserted one shifts no other', async () => {
  const pw = await tempWorkspace()
  const before = await pw.run(everything, { count: 12, rates: [1, 3] })
  const { run } = await pw.run(everything, { count: 12, rates: [1, 2, 3] })
  const { comparison } = dataOf(await renderReport(pw, run.id, { compareWith: before.run.id }))
  expect(comparison).toMatchObject({
    onlyHere: ['trials[1]/train'],
    onlyThere: [],
    movedNodes: 1,
    metrics: [],
  })
  expect(comparison!.nodes.map(({ node }) => node)).not.toContain('trials[2]/train')
})

test('files show the paths that they were given under, each its own', async () => {
  const pw = await tempWorkspace()
  const folder = await tempFolder()
  for (const name of ['a.csv', 'b.csv']) await writeFile(join(folder, name), 'same')
  const measure = defineStep({
    name: 'measure',
    version: '1',
    inputs: { a: file(), b: file() },
    outputs: { size: z.number() },
    run: async ({ a, b }) => ({ size: (await a.bytes()).length + (await b.bytes()).length }),
  })
  const pipeline = definePipeline({ name: 'files', inputs: { a: file(), b: file() } }, (p, input) =>
    p.step(measure, input),
  )
  const { run } = await pw.run(pipeline, { a: join(folder, 'a.csv'), b: join(folder, 'b.csv') })
  const data = dataOf(await renderReport(pw, run.id))
  const pathOf = (values: PageValues): (string | undefined)[] =>
    values.map(([, value]) => ('artifact' in value ? value.path : undefined))
  const given = [expect.stringMatching(/a\.csv$/), expect.stringMatching(/b\.csv$/)]
  expect(pathOf(data.inputs)).toEqual(given)
  expect(pathOf(data.nodes[0]!.inputs!)).toEqual(given)
  expect(data.artifacts[0]!.paths).toEqual(given)
})

test('what is large is cut, and says so', async () => {
  const pw = await tempWorkspace()
  const grow = defineStep({
    name: 'grow',
    version: '1',
    inputs: { text: z.string() },
    outputs: { text: z.string(), list: z.array(z.number()) },
    run: ({ text }, ctx) => {
      for (let i = 0; i < 1_000; i++) ctx.log.info(`line ${i}`)
      return { text, list: Array.from({ length: 50_000 }, (_, i) => i) }
    },
  })
  const pipeline = definePipeline({ name: 'large', inputs: { text: z.string() } }, (p, input) =>
    p.step(grow, { text: input.text }),
  )
  const { run } = await pw.run(pipeline, { text: 'x'.repeat(1_000_000) })
  const html = await renderReport(pw, run.id)
  expect(html.length).toBeLessThan(500_000)
  const data = dataOf(html)
  expect(data.inputs).toEqual([['text', { cut: expect.stringMatching(/^"x+…$/) as string }]])
  expect(data.logs[0]).toMatchObject({ omitted: 600 })
  expect(data.artifacts.map(({ preview }) => preview)).toContainEqual(
    expect.objectContaining({ type: 'text', cut: true }),
  )
})
