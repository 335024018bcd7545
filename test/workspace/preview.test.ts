import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, renderPreview } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tempWorkspace } from './temp.ts'

const half = defineStep({
  name: 'half',
  version: '1',
  inputs: { value: z.number() },
  outputs: { half: z.number() },
  run: ({ value }) => ({ half: Math.floor(value / 2) }),
})

const sum = defineStep({
  name: 'sum',
  version: '1',
  inputs: { values: z.array(z.number()) },
  outputs: { sum: z.number(), large: z.boolean() },
  run: ({ values }) => {
    const total = values.reduce((a, b) => a + b, 0)
    return { sum: total, large: total > 10 }
  },
})

const send = defineStep({
  name: 'send',
  effect: true,
  inputs: { sum: z.number() },
  run: () => undefined,
})

const pipeline = definePipeline(
  { name: 'previewed', inputs: { values: z.array(z.number()) } },
  (p, input) => {
    const halves = p.map(input.values, (value, q) => q.step(half, { value }), { id: 'halves' })
    const total = p.step(sum, { values: halves.half })
    p.when(total.large, (q) => q.step(send, { sum: total.sum }), { id: 'gate' })
    return { sum: total.sum }
  },
)

describe('what a run would do', () => {
  test('before anything has run: the first steps would be executed, all else is open', async () => {
    const pw = await tempWorkspace()
    const nodes = await pw.preview(pipeline, { values: [1, 2] })
    expect(nodes.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual([
      'halves[0]/half executed',
      'halves[1]/half executed',
      'sum open',
      'gate open',
    ])
  })

  test('hits are followed through maps, lists and branches; a miss says what has changed', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(pipeline, { values: [10, 20] })
    const same = await pw.preview(pipeline, { values: [10, 20] })
    expect(same.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual([
      'halves[0]/half reused',
      'halves[1]/half reused',
      'sum reused',
      'gate/then/send executed',
    ])
    expect(same[0]!.from).toEqual({ run: run.id, node: 'halves[0]/half' })
    expect(same[3]!.reason).toBe('the step is an effect')
    const other = await pw.preview(pipeline, { values: [10, 30] })
    expect(renderPreview(other)).toContain(
      `halves[1]/half (half): to execute, against run ${run.id}:\n  - input value: 20 -> 30`,
    )
    // The halves are other ones, their list may be the same: nobody knows before they are made.
    expect(other.find(({ node }) => node === 'sum')).toMatchObject({ verdict: 'open' })
    // An equal result of other inputs.
    await pw.run(pipeline, { values: [11, 21] })
    const cutOff = await pw.preview(pipeline, { values: [11, 21] })
    expect(cutOff.find(({ node }) => node === 'sum')).toMatchObject({ verdict: 'reused' })
  })

  test('a branch that is not taken is skipped; what is refreshed would be executed', async () => {
    const pw = await tempWorkspace()
    await pw.run(pipeline, { values: [2] })
    const nodes = await pw.preview(pipeline, { values: [2] })
    expect(nodes.at(-1)).toMatchObject({ node: 'gate', verdict: 'skipped' })
    const fresh = await pw.preview(pipeline, { values: [2] }, { cache: { refresh: ['sum'] } })
    expect(fresh.map(({ node, verdict }) => `${node} ${verdict}`)).toEqual([
      'halves[0]/half reused',
      'sum executed',
      'gate open',
    ])
    expect(renderPreview(fresh)).toContain('nothing has changed since run')
  })

  test('nothing is executed or recorded', async () => {
    const pw = await tempWorkspace()
    await pw.preview(pipeline, { values: [1] })
    expect((await pw.runs()).items).toEqual([])
    expect(await readdir(join(pw.root, '.pipewright'))).not.toContain('logs')
  })
})
