import { definePipeline, defineStep, PipewrightError, table, type RunFailedError } from 'pipewright'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { deferred, tempWorkspace } from './temp.ts'

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

const failureOf = (result: Promise<unknown>): Promise<RunFailedError> =>
  result.then(
    () => Promise.reject(new Error('it succeeded')),
    (error: unknown) => error as RunFailedError,
  )

describe('a run that is to end does not wait for', () => {
  test('a named resource that an abandoned attempt holds', async () => {
    const end = deferred()
    const stubborn = defineStep({
      name: 'stubborn',
      version: '1',
      resources: { gpu: 1 },
      timeout: 20,
      grace: 10,
      retry: { attempts: 2, delay: 1 },
      run: () => end.promise,
    })
    const pw = await tempWorkspace({ resources: { gpu: 1 } })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(stubborn, {}))
    const error = await failureOf(pw.run(pipeline, {}, { timeout: 150 }))
    expect(error.code).toBe('RUN_TIMEOUT')
    end.resolve()
  })

  test('an equal execution of another run', async () => {
    const end = deferred()
    const started = deferred()
    const slow = defineStep({
      name: 'slow',
      version: '1',
      run: () => {
        started.resolve()
        return end.promise
      },
    })
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(slow, {}))
    const first = await pw.start(pipeline, {})
    await started.promise
    const second = await pw.start(pipeline, {})
    await sleep(20)
    second.cancel('not needed')
    expect((await failureOf(second.result())).code).toBe('RUN_CANCELLED')
    end.resolve()
    await first.result()
  })

  test('rows that never come, past the time of their step', async () => {
    let closed = false
    async function* rows(): AsyncGenerator<{ a: number }> {
      try {
        yield { a: 1 }
        await sleep(60)
        yield { a: 2 }
        await sleep(60)
        yield { a: 3 }
      } finally {
        closed = true
      }
    }
    const streams = defineStep({
      name: 'streams',
      version: '1',
      timeout: 30,
      grace: 10,
      outputs: { rows: table(z.object({ a: z.number() })) },
      run: () => ({ rows: rows() }),
    })
    const pw = await tempWorkspace()
    const error = await failureOf(
      pw.run(
        definePipeline({ name: 'p' }, (p) => p.step(streams, {})),
        {},
      ),
    )
    expect(error.failures[0]?.cause).toMatchObject({ code: 'STEP_TIMEOUT' })
    await sleep(100)
    expect(closed).toBe(true)
  })

  test('a claim that an ended run has left', async () => {
    const metadata = await openSqliteMetadata(':memory:')
    let full = true
    let lookups = 0
    const pw = await tempWorkspace({
      metadata: {
        ...metadata,
        append: (event, lease) =>
          full && event.event.type === 'node.succeeded'
            ? Promise.reject(new PipewrightError('STORE_FULL', 'full'))
            : metadata.append(event, lease),
        cached: async (key) => {
          if (full && lookups++ % 2 === 1) await sleep(50)
          return metadata.cached(key)
        },
      },
    })
    const same = defineStep({
      name: 'same',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: ({ n }) => ({ n }),
    })
    const pipeline = definePipeline({ name: 'p', inputs: { list: z.array(z.number()) } }, (p, input) => ({
      all: p.map(input.list, (n, q) => q.step(same, { n })).n,
    }))
    const handle = await pw.start(pipeline, { list: [1, 2, 3, 4, 5, 6] })
    expect((await failureOf(handle.result())).code).toBe('STORE_FULL')
    await sleep(100)
    full = false
    expect((await pw.resume(handle.id, pipeline)).outputs).toEqual({ all: [1, 2, 3, 4, 5, 6] })
  })
})

test('what waits for something else ends when nothing new is to start', async () => {
  const end = deferred()
  const slow = defineStep({ name: 'slow', version: '1', resources: { gpu: 1 }, run: () => end.promise })
  const fails = defineStep({
    name: 'fails',
    version: '1',
    run: async () => {
      await sleep(20)
      throw new Error('at once')
    },
  })
  const pw = await tempWorkspace({ resources: { gpu: 1 } })
  const holder = await pw.start(
    definePipeline({ name: 'holder' }, (p) => p.step(slow, {})),
    {},
  )
  await sleep(20)
  const waiter = definePipeline({ name: 'waiter' }, (p) => {
    p.step(slow, {})
    p.step(defineStep({ name: 'other', version: '1', resources: { gpu: 1 }, run: () => undefined }), {})
    p.step(fails, {})
    return {}
  })
  expect((await failureOf(pw.run(waiter, {}))).failures).toMatchObject([{ node: 'fails' }])
  end.resolve()
  await holder.result()
})

test.each(['input', 'retryIf'])('an %s that is never done with does not hold up a cancel', async (where) => {
  const never = (): Promise<never> => new Promise(() => undefined)
  const step = defineStep({
    name: 'step',
    version: '1',
    grace: 10,
    retry: { attempts: 2, ...(where === 'retryIf' ? { retryIf: never } : {}) },
    inputs: { n: z.number().refine(where === 'input' ? never : () => true) },
    run: () => {
      throw new Error('x')
    },
  })
  const pw = await tempWorkspace()
  const handle = await pw.start(
    definePipeline({ name: 'p' }, (p) => p.step(step, { n: 1 })),
    {},
  )
  await sleep(50)
  handle.cancel()
  await failureOf(handle.result())
})

const odd = Object.assign(new Error('replaced'), { message: { status: 500 } as unknown as string })
const bare: unknown = Object.create(null)

test.each([
  ['an error whose message is no text', odd, undefined, 'status: 500'],
  ['a retryIf that throws what no text can be made of', new Error('first'), bare, 'retryIf itself threw'],
])('%s fails the step, and the next run too', async (_name, thrown, byRetryIf, message) => {
  let tries = 0
  const step = defineStep({
    name: 'step',
    version: '1',
    retry: {
      attempts: 2,
      delay: 1,
      ...(byRetryIf === undefined
        ? {}
        : {
            retryIf: () => {
              throw byRetryIf
            },
          }),
    },
    run: () => {
      tries++
      throw thrown
    },
  })
  const pw = await tempWorkspace()
  const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
  expect((await failureOf(pw.run(pipeline, {}))).message).toContain(message)
  expect((await failureOf(pw.run(pipeline, {}))).message).toContain(message)
  expect(tries).toBe(byRetryIf === undefined ? 4 : 2)
})

test('times longer than a timer takes do not end at once', async () => {
  const step = defineStep({
    name: 'step',
    version: '1',
    timeout: '30d',
    grace: '30d',
    run: () => sleep(20),
  })
  const pw = await tempWorkspace()
  await pw.run(
    definePipeline({ name: 'p' }, (p) => p.step(step, {})),
    {},
    { timeout: '60d' },
  )
})

test('a run that was cancelled stays cancelled when its time is up too', async () => {
  const step = defineStep({ name: 'step', version: '1', run: () => sleep(2_000) })
  const pw = await tempWorkspace()
  const handle = await pw.start(
    definePipeline({ name: 'p' }, (p) => p.step(step, {})),
    {},
    { timeout: 1_500 },
  )
  handle.cancel('enough')
  expect((await failureOf(handle.result())).code).toBe('RUN_CANCELLED')
  expect((await pw.show(handle.id)).state).toBe('cancelled')
})
