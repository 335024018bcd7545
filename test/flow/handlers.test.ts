import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline, defineStep } from '../../src/index.ts'
import { fault, testPipeline, testWorkspace, type TestRun } from '../../src/testing/index.ts'
import { tempWorkspace } from '../workspace/temp.ts'
import { add } from './support.ts'

const Failures = z.array(
  z.object({ node: z.string(), error: z.object({ name: z.string(), message: z.string() }) }),
)

/** Notes what it is given. */
const note = defineStep({
  name: 'note',
  inputs: { state: z.string().optional(), failures: Failures.optional(), n: z.number().optional() },
  version: '1',
  effect: true,
  run: ({ state, failures, n }, ctx) => {
    const text = failures?.map(({ node, error }) => `${node}: ${error.message}`).join()
    ctx.log.info([state, text, n].join(' | '))
  },
})

const handled = definePipeline({ name: 'handled', inputs: { n: z.number() } }, (p, input) => {
  const first = p.step(add, { n: 1 }, { id: 'first' })
  const second = p.step(add, { n: input.n }, { id: 'second', after: [first] })
  p.onFailure((q, { failures }) => q.step(note, { failures, n: q.maybe(first.n) }), { id: 'tell' })
  p.always((q, { state }) => q.step(note, { state, n: q.maybe(second.n) }), { id: 'tidy' })
  return { n: second.n }
})

/** What the handlers noted. */
function noted({ logs }: Pick<TestRun<unknown>, 'logs'>): unknown {
  return Object.fromEntries(logs.map(({ node, message }) => [node, message]))
}

describe('p.always and p.onFailure', () => {
  test('run when the rest has ended, told how', async () => {
    const good = await testPipeline(handled, { n: 1 })
    expect(good.outputs).toEqual({ n: 2 })
    expect(noted(good)).toEqual({ 'tidy/note': 'succeeded |  | 2' })
    const bad = await testPipeline(handled, { n: -1 })
    expect(bad.state).toBe('failed')
    expect(noted(bad)).toEqual({
      'tell/note': ' | second: -1 is negative | 2',
      'tidy/note': 'failed |  | ',
    })
  })

  test('run anew when a failed run is resumed', async () => {
    await using kit = await testWorkspace()
    const first = await kit.run(
      handled,
      { n: 5 },
      { faults: [fault('second', { error: new Error('gone') })] },
    )
    expect(noted(first)).toMatchObject({ 'tell/note': ' | second: gone | 2' })
    const again = await kit.resume(first.id, handled)
    expect(again.outputs).toEqual({ n: 6 })
    expect(noted(again)).toMatchObject({ 'tidy/note': 'succeeded |  | 6' })
  })

  test('fail the run where they fail', async () => {
    const run = await testPipeline(
      handled,
      { n: 1 },
      { faults: [fault('tidy/note', { error: new Error('no') })] },
    )
    expect(run.state).toBe('failed')
    expect(() => run.outputs).toThrow(/tidy\/note/)
  })

  test('run when the run is cancelled, with signals of their own', async () => {
    const pw = await tempWorkspace()
    const waits = definePipeline({ name: 'waits', inputs: {} }, (p) => {
      p.signal('never')
      p.always((q, { state }) => q.step(note, { state }), { id: 'tidy' })
      return {}
    })
    const handle = await pw.start(waits, {})
    handle.cancel('enough')
    await handle.result().catch(() => undefined)
    const detail = await pw.show(handle.id)
    expect(detail.state).toBe('cancelled')
    const tidy = detail.executions.find(({ node }) => node === 'tidy/note')
    expect(tidy?.state).toBe('succeeded')
  })

  test('of a sub-pipeline run when that has ended', async () => {
    const outer = definePipeline({ name: 'outer', inputs: { n: z.number() } }, (p, input) => {
      const inner = p.step(handled, { n: input.n }, { id: 'inner' })
      return { n: p.step(add, { n: inner.n }, { id: 'last' }).n }
    })
    expect(noted(await testPipeline(outer, { n: 1 }))).toEqual({ 'inner/tidy/note': 'succeeded |  | 2' })
    const bad = await testPipeline(outer, { n: -1 })
    expect(bad.state).toBe('failed')
    expect(noted(bad)).toEqual({
      'inner/tell/note': ' | inner/second: -1 is negative | 2',
      'inner/tidy/note': 'failed |  | ',
    })
  })

  test('refuse what may not be there, and a place that has no end', () => {
    expect(() =>
      definePipeline({ name: 'bare', inputs: {} }, (p) => {
        const first = p.step(add, { n: 1 })
        p.always((q) => q.step(note, { n: first.n }))
        return {}
      }),
    ).toThrow(/'add.n' may not be there when this runs/)
    expect(() =>
      definePipeline({ name: 'inside', inputs: { list: z.array(z.number()) } }, (p, input) => {
        p.map(input.list, (n, q) => {
          ;(q as typeof p).always(() => undefined)
          return q.step(add, { n })
        })
        return {}
      }),
    ).toThrow(/p.always was called inside map 'map'/)
  })
})

describe('undo', () => {
  const undone: string[] = []
  const book = defineStep({
    name: 'book',
    inputs: { what: z.string(), isStubborn: z.boolean().default(false) },
    outputs: { id: z.string() },
    version: '1',
    effect: true,
    retry: { attempts: 2, delay: '1s' },
    run: ({ what }) => ({ id: `id-of-${what}` }),
    undo: ({ what, isStubborn }, { id }, ctx) => {
      if (isStubborn) throw new Error('will not')
      undone.push(`${what} ${id} ${ctx.attempt}`)
    },
  })
  const trip = definePipeline(
    { name: 'trip', inputs: { stubborn: z.boolean().default(false) } },
    (p, input) => {
      const flight = p.step(book, { what: 'flight' }, { id: 'flight' })
      const hotel = p.step(
        book,
        { what: 'hotel', isStubborn: input.stubborn },
        { id: 'hotel', after: [flight] },
      )
      const cars = p.map(['a', 'b'], (what, q) => q.step(book, { what }), { id: 'cars', concurrency: 1 })
      p.step(add, { n: -1 }, { after: [hotel, cars] })
      return {}
    },
  )

  test('takes the effects back in reverse when the run fails, and the run cannot be resumed', async () => {
    undone.length = 0
    await using kit = await testWorkspace()
    const run = await kit.run(trip, {})
    expect(run.state).toBe('failed')
    expect(undone).toHaveLength(4)
    expect(undone.indexOf('hotel id-of-hotel 2')).toBeLessThan(undone.indexOf('flight id-of-flight 2'))
    expect(undone.indexOf('b id-of-b 2')).toBeLessThan(undone.indexOf('a id-of-a 2'))
    await expect(kit.resume(run.id, trip)).rejects.toMatchObject({ code: 'RUN_NOT_RESUMABLE' })
  })

  test('goes on where one cannot be taken back, and says so', async () => {
    undone.length = 0
    const run = await testPipeline(trip, { stubborn: true })
    expect(undone.map((text) => text.split(' ')[0])).toEqual(expect.arrayContaining(['flight', 'a', 'b']))
    expect(undone).toHaveLength(3)
    expect(() => run.outputs).toThrow(/the effect of 'hotel' could not be taken back/)
  })

  test('nothing is taken back when the run succeeds or is cancelled', async () => {
    undone.length = 0
    const good = definePipeline({ name: 'good', inputs: {} }, (p) => {
      const flight = p.step(book, { what: 'flight' })
      const waits = p.signal('never', { after: [flight], timeout: '5s', onTimeout: 'continue' })
      return { id: p.step(book, { what: 'hotel' }, { id: 'hotel', after: [waits] }).id }
    })
    expect((await testPipeline(good, {})).outputs).toEqual({ id: 'id-of-hotel' })
    const pw = await tempWorkspace()
    const handle = await pw.start(good, {})
    handle.cancel()
    await handle.result().catch(() => undefined)
    expect(undone).toEqual([])
  })

  test('only effects have one', () => {
    expect(() => defineStep({ name: 'pure', run: () => {}, undo: () => {} })).toThrow(/undo/)
  })
})

describe('priority and deadline', () => {
  test('of what is ready the one with the higher priority starts first', async () => {
    const order: string[] = []
    const mark = defineStep({
      name: 'mark',
      inputs: { name: z.string() },
      version: '1',
      cache: 'never',
      run: ({ name }) => void order.push(name),
    })
    const ordered = definePipeline({ name: 'ordered', inputs: {} }, (p) => {
      for (const [name, priority] of Object.entries({ first: 0, low: -1, high: 5, higher: 9 }))
        p.step(mark, { name }, { id: name, priority })
      return {}
    })
    await testPipeline(ordered, {}, { concurrency: 1 })
    expect(order.indexOf('higher')).toBeLessThan(order.indexOf('high'))
    expect(order.indexOf('high')).toBeLessThan(order.indexOf('low'))
  })

  test('a run that is not over by its deadline fails', async () => {
    const slow = definePipeline({ name: 'slow', inputs: {} }, (p) => {
      p.sleep('2d')
      return {}
    })
    await using kit = await testWorkspace()
    const deadline = new Date(kit.clock.now() + 3_600_000)
    const run = await kit.run(slow, {}, { deadline })
    expect(run.state).toBe('failed')
    expect(() => run.outputs).toThrow(/was not over by its deadline/)
    const pw = await tempWorkspace()
    await expect(pw.run(slow, {}, { deadline: 'tomorrow' })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
  })
})
