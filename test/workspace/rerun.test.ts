import { definePipeline, defineStep, file, type RerunOptions, type Workspace } from 'pipewright'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { RunEvent } from '../../src/record/event.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { deferred, failure, statesOf, tempFolder, tempWorkspace } from './temp.ts'

/** A pipeline with an effect, a map and what follows from it; every execution leaves a line. */
function project() {
  const ran: string[] = []
  const bad = new Set<number>()
  const add = defineStep({
    name: 'add',
    version: '1',
    inputs: { n: z.number(), by: z.number().default(1) },
    outputs: { n: z.number() },
    run: ({ n, by }, ctx) => {
      ran.push(ctx.node)
      if (bad.has(n)) throw new Error(`${n} is bad`)
      return { n: n + by }
    },
  })
  const notify = defineStep({
    name: 'notify',
    effect: true,
    inputs: { n: z.number() },
    outputs: { key: z.string() },
    run: (_inputs, ctx) => {
      ran.push(ctx.node)
      return { key: ctx.idempotencyKey }
    },
  })
  const total = defineStep({
    name: 'total',
    version: '1',
    inputs: { all: z.array(z.number()), told: z.string() },
    outputs: { n: z.number() },
    run: ({ all }, ctx) => {
      ran.push(ctx.node)
      return { n: all.reduce((sum, n) => sum + n, 0) }
    },
  })
  const inputs = { start: z.number(), items: z.array(z.number()), by: z.number().default(1) }
  const pipeline = definePipeline({ name: 'sums', inputs }, (p, input) => {
    const first = p.step(add, { n: input.start }, { id: 'first' })
    const told = p.step(notify, { n: first.n })
    const each = p.map(
      input.items,
      (n, q) => {
        const once = q.step(add, { n, by: input.by }, { id: 'once' })
        return q.step(add, { n: once.n }, { id: 'twice' })
      },
      { id: 'each' },
    )
    const sum = p.step(total, { all: each.n, told: told.key })
    return { sum: sum.n, last: p.step(add, { n: sum.n }, { id: 'last' }).n }
  })
  return { pipeline, ran, bad, add }
}

const given = { start: 1, items: [10, 20, 30] }

describe('rerun', () => {
  const again = async (
    pw: Workspace,
    { pipeline, ran }: ReturnType<typeof project>,
    id: string,
    options: RerunOptions,
  ) => {
    ran.length = 0
    const handle = await pw.rerun(id, pipeline, options)
    const { outputs } = await handle.result()
    return { id: handle.id, outputs, ran: ran.toSorted() }
  }

  test('from: these nodes and what follows, not from the cache; the rest, effects too, from the record', async () => {
    const pw = await tempWorkspace()
    const all = project()
    const { run, outputs } = await pw.run(all.pipeline, given, { tags: ['x'], concurrency: 3 })
    const tail = await again(pw, all, run.id, { from: ['total'] })
    expect(tail).toMatchObject({ outputs, ran: ['last', 'total'] })
    const detail = await pw.show(tail.id)
    expect(detail).toMatchObject({ rerunOf: run.id, tags: ['x'], settings: { concurrency: 3 } })
    expect(await statesOf(pw, tail.id)).toMatchObject({
      first: 'reused',
      notify: 'reused',
      'each[2]/twice': 'reused',
      each: 'succeeded',
      total: 'succeeded',
    })
    const item = await again(pw, all, run.id, { from: ['each[1]/twice'] })
    expect(item).toMatchObject({ outputs, ran: ['each[1]/twice', 'last', 'total'] })
    const items = await again(pw, all, run.id, { from: ['each/twice'] })
    expect(items.ran).toEqual(['each[0]/twice', 'each[1]/twice', 'each[2]/twice', 'last', 'total'])
    const whole = await again(pw, all, run.id, { from: ['each[0]'] })
    expect(whole.ran).toEqual(['each[0]/once', 'each[0]/twice', 'last', 'total'])
    const first = await again(pw, all, tail.id, { from: ['first'] })
    expect(first.ran).toEqual(['first', 'last', 'notify', 'total'])
    const keys = [run.id, tail.id, first.id].map(
      async (id) => (await pw.show(id)).executions.find(({ node }) => node === 'notify')!.outputs['key'],
    )
    const [was, taken, anew] = await Promise.all(keys)
    expect(taken).toEqual(was)
    expect(anew).not.toEqual(was)
  })

  test('only: these alone; the run ends with them', async () => {
    const pw = await tempWorkspace()
    const all = project()
    const { run } = await pw.run(all.pipeline, given)
    const { id, ran } = await again(pw, all, run.id, { only: ['first', 'total'] })
    expect(ran).toEqual(['first', 'total'])
    expect(await statesOf(pw, id)).toMatchObject({ notify: 'reused', 'each[0]/once': 'reused' })
    expect((await statesOf(pw, id))['last']).toBeUndefined()
    expect((await again(pw, all, run.id, { only: ['each[2]/once'] })).ran).toEqual(['each[2]/once'])
  })

  test('failed: what failed, was blocked or never done; inputs: what reads those that are others', async () => {
    const pw = await tempWorkspace()
    const all = project()
    all.bad.add(20)
    const id = await failure(pw.run(all.pipeline, given, { failure: 'continue' }))
    all.bad.clear()
    const mended = await again(pw, all, id, { failed: true })
    expect(mended).toMatchObject({
      outputs: { sum: 66, last: 67 },
      ran: ['each[1]/once', 'each[1]/twice', 'last', 'total'],
    })
    expect((await pw.show(id)).state).toBe('failed')
    await expect(pw.rerun(mended.id, all.pipeline, { failed: true })).rejects.toThrow(
      'nothing of it has failed',
    )
    const started = await again(pw, all, mended.id, { inputs: { start: 5, items: [10, 20, 30] } })
    expect(started.ran).toEqual(['first', 'last', 'notify', 'total'])
    const by = await again(pw, all, mended.id, { inputs: { by: 3 } })
    expect(by.outputs.sum).toBe(72)
    expect(by.ran.filter((node) => node.startsWith('each'))).toHaveLength(6)
  })

  test('a rerun that was cut off is resumed; lineage leads to the run that it was taken from', async () => {
    const pw = await tempWorkspace()
    const all = project()
    const { run } = await pw.run(all.pipeline, given)
    all.bad.add(66)
    const handle = await pw.rerun(run.id, all.pipeline, { from: ['last'] })
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_FAILED' })
    all.bad.clear()
    all.ran.length = 0
    const { outputs } = await pw.resume(handle.id, all.pipeline)
    expect(outputs.last).toBe(67)
    expect(all.ran).toEqual(['last'])
    const { executions } = await pw.show(handle.id)
    const total = executions.find(({ node }) => node === 'total')!
    expect(total.reused).toEqual({ run: run.id, node: 'total' })
    expect((await pw.explain(handle.id, 'total')).verdict).toBe('hit')
  })

  test('effects that were undone are done again; those that are taken are not undone; handlers run anew', async () => {
    const pw = await tempWorkspace()
    const done: string[] = []
    let broken = true
    const book = defineStep({
      name: 'book',
      effect: true,
      outputs: { id: z.number() },
      run: () => ({ id: done.push('booked') }),
      undo: () => void done.push('undone'),
    })
    const use = defineStep({
      name: 'use',
      version: '1',
      cache: 'never',
      inputs: { id: z.number() },
      run: () => {
        if (broken) throw new Error('broken')
      },
    })
    const note = defineStep({ name: 'note', effect: true, run: () => void done.push('noted') })
    const pipeline = definePipeline({ name: 'booking' }, (p) => {
      p.step(use, { id: p.step(book, {}).id })
      p.always((q) => q.step(note, {}), { id: 'always' })
      return {}
    })
    const failed = await failure(pw.run(pipeline, {}))
    expect(done.splice(0).toSorted()).toEqual(['booked', 'noted', 'undone'])
    broken = false
    const mended = await pw.rerun(failed, pipeline, { failed: true })
    await mended.result()
    expect(done.splice(0)).toEqual(['booked', 'noted'])
    broken = true
    const again = await pw.rerun(mended.id, pipeline, { from: ['use'] })
    await expect(again.result()).rejects.toMatchObject({ code: 'RUN_FAILED' })
    expect(done).toEqual(['noted'])
  })

  test('one that was cut off before it had taken all is not gone on with', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const { pipeline } = project()
    const { run } = await pw.run(pipeline, given)
    const handle = await pw.rerun(run.id, pipeline, { from: ['last'] })
    await handle.result()
    const store = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
    onTestFinished(() => store.close())
    const cut = '0199f3a0-0000-7000-8000-000000000000'
    for await (const { at, event } of pw.events(handle.id)) {
      await store.append({ run: cut, at, event: event as RunEvent })
      if (event.type === 'map.expanded') break
    }
    await expect(pw.resume(cut, pipeline, { acceptCode: true })).rejects.toMatchObject({
      code: 'RUN_NOT_RESUMABLE',
    })
  })

  test('loops go on from the round that is repeated, branches as they were decided', async () => {
    const pw = await tempWorkspace()
    const ran: string[] = []
    const halve = defineStep({
      name: 'halve',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number(), more: z.boolean() },
      run: ({ n }, ctx) => {
        ran.push(ctx.node)
        return { n: n / 2, more: n / 2 > 1 }
      },
    })
    const pipeline = definePipeline({ name: 'halving', inputs: { n: z.number() } }, (p, input) => {
      const loop = p.loop(
        { n: input.n },
        (state, q) => {
          const half = q.step(halve, { n: state.n })
          return { next: { n: half.n }, again: half.more }
        },
        { id: 'loop', maxRounds: 10 },
      )
      const is = p.step(halve, { n: 4 }, { id: 'is' })
      const taken = p.when(is.more, (q) => q.step(halve, { n: loop.n }, { id: 'then' }), { id: 'gate' })
      return { n: taken.n }
    })
    const { run } = await pw.run(pipeline, { n: 16 }).catch((error: unknown) => {
      throw error
    })
    const all = [...ran]
    const rerun = async (options: RerunOptions) => {
      ran.length = 0
      await (await pw.rerun(run.id, pipeline, options)).result()
      return ran
    }
    expect(all).toContain('loop[3]/halve')
    expect(await rerun({ from: ['loop[2]/halve'] })).toEqual([
      'loop[2]/halve',
      'loop[3]/halve',
      'gate/then/then',
    ])
    expect(await rerun({ from: ['gate/then/then'] })).toEqual(['gate/then/then'])
  })

  test('items are named by their keys', async () => {
    const pw = await tempWorkspace()
    const { add, ran } = project()
    const Place = z.object({ name: z.string(), n: z.number() })
    const pipeline = definePipeline({ name: 'places', inputs: { places: z.array(Place) } }, (p, input) => {
      const each = p.map(input.places, (place, q) => q.step(add, { n: q.pick(place, 'n') }), {
        id: 'each',
        key: 'name',
      })
      return { n: each.n }
    })
    const places = [
      { name: 'eu', n: 1 },
      { name: 'us', n: 2 },
    ]
    const { run } = await pw.run(pipeline, { places })
    ran.length = 0
    const handle = await pw.rerun(run.id, pipeline, { from: ['each["eu"]/add'] })
    expect((await handle.result()).outputs.n).toEqual([2, 3])
    expect(ran).toEqual(['each["eu"]/add'])
    const { differences } = await pw.repeatStep(run.id, 'each["us"]/add', pipeline)
    expect(differences).toEqual([])
  })

  test('items that failed and were let go stay let go', async () => {
    const pw = await tempWorkspace()
    const { pipeline, ran } = tolerant()
    const { run, outputs } = await pw.run(pipeline, { items: [1, 2, 3] })
    expect(outputs).toEqual({ n: [1, 3], count: 2 })
    ran.length = 0
    const handle = await pw.rerun(run.id, pipeline, { from: ['count'] })
    expect((await handle.result()).outputs).toEqual(outputs)
    expect(ran).toEqual(['count'])
    ran.length = 0
    await (await pw.rerun(run.id, pipeline, { failed: true })).result()
    expect(ran).toEqual(['each[1]/keep', 'count'])
  })

  test('bad input is told', async () => {
    const pw = await tempWorkspace()
    const all = project()
    const { pipeline } = all
    const { run } = await pw.run(pipeline, given)
    const refused = (options: RerunOptions, of = pipeline as never) =>
      expect(pw.rerun(run.id, of, options)).rejects
    await refused({}).toMatchObject({ code: 'CONFIG_INVALID' })
    await refused({ inputs: { start: 1 } }).toMatchObject({ code: 'CONFIG_INVALID' })
    await refused({ from: ['totl'] }).toThrow("did you mean 'total'?")
    await refused({ from: ['each[9]/once'] }).toMatchObject({ code: 'SELECTION_EMPTY' })
    await refused({ from: ['total'], only: ['last'] }).toMatchObject({ code: 'CONFIG_INVALID' })
    await refused({ inputs: { start: 'x' } }).toMatchObject({ code: 'INPUT_INVALID' })
    await refused({ inputs: { begin: 1 } }).toMatchObject({ code: 'UNKNOWN_INPUT' })
    await refused({ from: ['total'] }, tolerant().pipeline as never).toMatchObject({
      code: 'PIPELINE_NOT_FOUND',
    })
    const other = definePipeline({ name: 'sums', inputs: { start: z.number() } }, () => ({}))
    await refused({ from: ['total'] }, other as never).toMatchObject({ code: 'STRUCTURE_CHANGED' })
    await expect(pw.rerun('nope', pipeline, { failed: true })).rejects.toMatchObject({
      code: 'RUN_NOT_FOUND',
    })
    const open = deferred()
    const waits = defineStep({ name: 'waits', run: () => open.promise })
    const waiting = definePipeline({ name: 'waiting' }, (p) => p.step(waits, {}))
    const handle = await pw.start(waiting, {})
    await expect(pw.rerun(handle.id, waiting, { failed: true })).rejects.toMatchObject({ code: 'RUN_OWNED' })
    open.resolve()
    await handle.result()
  })
})

function tolerant() {
  const ran: string[] = []
  const keep = defineStep({
    name: 'keep',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }, ctx) => {
      ran.push(ctx.node)
      if (n === 2) throw new Error('2 is bad')
      return { n }
    },
  })
  const count = defineStep({
    name: 'count',
    version: '1',
    inputs: { all: z.array(z.number()) },
    outputs: { n: z.number() },
    run: ({ all }, ctx) => {
      ran.push(ctx.node)
      return { n: all.length }
    },
  })
  const pipeline = definePipeline(
    { name: 'tolerant', inputs: { items: z.array(z.number()) } },
    (p, input) => {
      const each = p.map(input.items, (n, q) => q.step(keep, { n }), { id: 'each', maxFailed: 1 })
      return { n: each.n, count: p.step(count, { all: each.n }).n }
    },
  )
  return { pipeline, ran }
}

describe('clone', () => {
  test('takes the recorded inputs, files as they were, but for those that are given', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const path = join(root, 'a.txt')
    await writeFile(path, 'then')
    const read = defineStep({
      name: 'read',
      version: '1',
      inputs: { text: file('text/plain'), times: z.number() },
      outputs: { text: z.string() },
      run: async ({ text, times }) => ({ text: (await text.text()).repeat(times) }),
    })
    const inputs = { text: file('text/plain'), times: z.string().transform(Number) }
    const pipeline = definePipeline({ name: 'reading', inputs }, (p, input) => p.step(read, input))
    const { run } = await pw.run(pipeline, { text: path, times: '1' as never })
    await writeFile(path, 'now')
    const cloned = await pw.clone(run.id, pipeline, { inputs: { times: '2' as never }, tags: ['b'] })
    expect((await cloned.result()).outputs).toEqual({ text: 'thenthen' })
    expect(await pw.show(cloned.id)).toMatchObject({ tags: ['b'], rerunOf: null })
    const same = await pw.clone(run.id, pipeline)
    await same.result()
    expect(await statesOf(pw, same.id)).toEqual({ read: 'reused' })
    await expect(pw.clone(run.id, pipeline, { inputs: { tims: 1 } as never })).rejects.toMatchObject({
      code: 'UNKNOWN_INPUT',
    })
  })
})
