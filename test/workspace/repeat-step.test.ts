import { readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, table } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { failure, tempFolder, tempWorkspace } from './temp.ts'

/** What the steps do today. */
const today = { factor: 1, bad: -1 }
const called: string[] = []

const scale = defineStep({
  name: 'scale',
  version: '1',
  inputs: { n: z.number() },
  outputs: { n: z.number(), rows: table(z.object({ x: z.number() })), at: z.string() },
  timeout: '1s',
  run: async ({ n }, ctx) => {
    if (n === today.bad) throw new Error(`${n} is bad`)
    ctx.log.info('scaling', { n })
    const paid = await ctx.once('pay', () => called.push('pay'))
    const restored = await ctx.restored()
    await ctx.checkpoint(n)
    return {
      n: n * today.factor,
      rows: [{ x: n }, { x: today.factor }],
      at: `${paid} ${restored === undefined} ${ctx.now().toISOString()}`,
    }
  },
})

const send = defineStep({
  name: 'send',
  effect: true,
  inputs: { n: z.number() },
  outputs: { key: z.string() },
  run: (_inputs, ctx) => {
    called.push('send')
    return { key: ctx.idempotencyKey }
  },
})

const pipeline = definePipeline({ name: 'scaling', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(input.items, (n, q) => ({ n: q.step(scale, { n }).n }), { id: 'each', maxFailed: 1 })
  return { n: each.n, key: p.step(send, { n: 1 }).key }
})

describe('a step of a run, repeated', () => {
  test('gives the same, differs where its code does, and leaves nothing behind', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const { run } = await pw.run(pipeline, { items: [1, 2] })
    const files = async () => (await readdir(join(root, '.pipewright'), { recursive: true })).toSorted()
    const before = { files: await files(), events: await eventsOf(pw, run.id), called: [...called] }
    const lines: string[] = []
    const same = await pw.repeatStep(run.id, 'each[1]/scale', pipeline, {
      onLog: (level, message) => lines.push(`${level} ${message}`),
    })
    expect(same).toMatchObject({ step: 'scale', error: undefined, differences: [] })
    expect(lines).toEqual(['info scaling'])
    today.factor = 3
    const other = await pw.repeatStep(run.id, 'each[1]/scale', pipeline)
    today.factor = 1
    expect(other.differences?.map(({ output }) => output)).toEqual(['n', 'rows'])
    const made = other.outputs['n']!
    expect('artifact' in made && Buffer.from(await other.bytes(made.artifact)).toString()).toBe('6')
    expect({ files: await files(), events: await eventsOf(pw, run.id), called }).toEqual(before)
  })

  test('one that has failed is given what it was given, also where its map let it go', async () => {
    const pw = await tempWorkspace()
    today.bad = 2
    const { run } = await pw.run(pipeline, { items: [1, 2] })
    const failed = await pw.repeatStep(run.id, 'each[1]/scale', pipeline)
    expect(failed.error).toMatchObject({ message: '2 is bad' })
    expect(failed).toMatchObject({ outputs: {}, differences: null })
    const whole = await failure(pw.run(pipeline, { items: [2, 2] }))
    today.bad = -1
    const mended = await pw.repeatStep(whole, 'each[0]/scale', pipeline)
    expect(mended).toMatchObject({ error: undefined, differences: null })
    expect(Object.keys(mended.outputs)).toEqual(['n', 'rows', 'at'])
  })

  test('an effect is refused unless it is allowed, and then has its key', async () => {
    const pw = await tempWorkspace()
    const { run, outputs } = await pw.run(pipeline, { items: [] })
    called.length = 0
    await expect(pw.repeatStep(run.id, 'send', pipeline)).rejects.toMatchObject({ code: 'EFFECT_REFUSED' })
    expect(called).toEqual([])
    const { differences } = await pw.repeatStep(run.id, 'send', pipeline, { effect: true })
    expect(differences).toEqual([])
    expect(called).toEqual(['send'])
    expect(outputs.key).not.toBe('')
  })

  test('what is not there is told', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(pipeline, { items: [1] })
    const refused = (id: string, node: string) => expect(pw.repeatStep(id, node, pipeline)).rejects
    await refused('nope', 'send').toMatchObject({ code: 'RUN_NOT_FOUND' })
    await refused(run.id, 'snd').toThrow("did you mean 'send'?")
    await refused(run.id, 'each').toMatchObject({ code: 'NODE_NOT_FOUND' })
    await refused(run.id, 'each[7]/scale').toMatchObject({ code: 'NODE_NOT_FOUND' })
    const other = definePipeline({ name: 'other' }, (p) => p.step(send, { n: 1 }))
    await expect(pw.repeatStep(run.id, 'send', other)).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' })
    await expect(pw.repeatStep(run.id, 'send')).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' })
  })
})

async function eventsOf(pw: Awaited<ReturnType<typeof tempWorkspace>>, run: string): Promise<number> {
  let count = 0
  for await (const _ of pw.events(run)) count++
  return count
}
