import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep } from 'pipewright'
import { renderReport, writeReport } from 'pipewright/report'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { PageData } from '../../src/report-page/page-data.ts'
import { deferred, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { everything } from './pipelines.ts'

function dataOf(html: string): PageData {
  return JSON.parse(/<script type="application\/json" id="data">(.*?)<\/script>/s.exec(html)![1]!) as PageData
}

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

test('a run that is not over is shown as it is now', async () => {
  const pw = await tempWorkspace()
  const [begun, over] = [deferred(), deferred()]
  const wait = defineStep({
    name: 'wait',
    cache: 'never',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: async ({ n }) => {
      begun.resolve()
      await over.promise
      return { n }
    },
  })
  const pipeline = definePipeline({ name: 'slow', inputs: {} }, (p) => {
    const { n } = p.step(wait, { n: 1 })
    return { n: p.step(wait, { n }, { id: 'later' }).n }
  })
  const handle = await pw.start(pipeline, {})
  await begun.promise
  const data = dataOf(await renderReport(pw, handle.id))
  over.resolve()
  await handle.result()
  expect(data.run.state).toBe('running')
  expect(data.run).not.toHaveProperty('duration')
  expect(data.nodes.find(({ path }) => path === 'later')?.state).toBe('not run')
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
