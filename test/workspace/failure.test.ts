import { definePipeline, defineStep, PipewrightError, RunFailedError } from 'pipewright'
import { chmod, mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { deferred, statesOf, tempFolder, tempWorkspace } from './temp.ts'

const pass = defineStep({
  name: 'pass',
  version: '1',
  inputs: { value: z.number() },
  outputs: { value: z.number() },
  run: ({ value }) => ({ value }),
})

function failing(times: number, options: { attempts?: number; retryIf?: (error: unknown) => boolean } = {}) {
  let calls = 0
  const step = defineStep({
    name: 'failing',
    version: '1',
    inputs: { value: z.number() },
    outputs: { value: z.number() },
    retry: {
      attempts: options.attempts ?? 1,
      delay: 5,
      backoff: 'constant',
      ...(options.retryIf === undefined ? {} : { retryIf: options.retryIf }),
    },
    run: ({ value }) => {
      if (++calls <= times) throw new Error(`failure ${calls}`)
      return { value }
    },
  })
  return { step, calls: () => calls }
}

describe('failure', () => {
  test('the error names the node, keeps the cause and the way to go on', async () => {
    const { step } = failing(9)
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, { value: 1 }))
    const error = await pw.run(pipeline, {}).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(RunFailedError)
    const failed = error as RunFailedError
    expect(failed.code).toBe('RUN_FAILED')
    expect(failed.failures).toMatchObject([{ node: 'failing', message: 'failure 1' }])
    expect(failed.message).toContain(`pipewright resume ${failed.run}`)
    expect((failed.cause as Error).message).toBe('failure 1')
    expect((await pw.show(failed.run)).state).toBe('failed')
  })

  test('stop starts nothing new; continue runs what does not depend on it', async () => {
    const build = (name: string) =>
      definePipeline({ name }, (p) => {
        const broken = p.step(failing(9).step, { value: 1 })
        const fine = p.step(pass, { value: 1 })
        p.step(pass, { value: fine.value }, { id: 'after-fine' })
        p.step(pass, { value: broken.value }, { id: 'after-broken' })
        return {}
      })
    const pw = await tempWorkspace({ concurrency: 1 })
    const stopped = (await pw.run(build('stop'), {}).catch((error: unknown) => error)) as RunFailedError
    expect(await statesOf(pw, stopped.run)).toEqual({ failing: 'failed' })
    const continued = (await pw
      .run(build('continue'), {}, { failure: 'continue' })
      .catch((error: unknown) => error)) as RunFailedError
    expect(await statesOf(pw, continued.run)).toEqual({
      failing: 'failed',
      pass: 'succeeded',
      'after-fine': 'reused',
      'after-broken': 'blocked',
    })
  })

  test('retries up to the total of attempts, and records each', async () => {
    const { step, calls } = failing(2, { attempts: 3 })
    const pw = await tempWorkspace()
    const { run } = await pw.run(
      definePipeline({ name: 'p' }, (p) => p.step(step, { value: 1 })),
      {},
    )
    expect(calls()).toBe(3)
    const [execution] = (await pw.show(run.id)).executions
    expect(execution?.attempts.map(({ end }) => end)).toEqual(['failed', 'failed', 'succeeded'])
  })

  test('retryIf decides; an invalid output is never tried again', async () => {
    const never = failing(9, { attempts: 3, retryIf: () => false })
    const pw = await tempWorkspace()
    await expect(
      pw.run(
        definePipeline({ name: 'p' }, (p) => p.step(never.step, { value: 1 })),
        {},
      ),
    ).rejects.toThrow('failure 1')
    expect(never.calls()).toBe(1)
    let calls = 0
    const wrong = defineStep({
      name: 'wrong',
      version: '1',
      outputs: { value: z.number() },
      retry: { attempts: 3, delay: 1 },
      run: () => {
        calls++
        return { value: 'text' as unknown as number }
      },
    })
    await expect(
      pw.run(
        definePipeline({ name: 'q' }, (p) => p.step(wrong, {})),
        {},
      ),
    ).rejects.toThrow(/output 'value'.*does not fit/)
    expect(calls).toBe(1)
  })

  test('failFast cancels what runs', async () => {
    const started = deferred()
    const aborted = deferred<unknown>()
    const slow = defineStep({
      name: 'slow',
      version: '1',
      run: async (_inputs, ctx) => {
        started.resolve()
        await new Promise((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)),
        )
      },
    })
    const broken = defineStep({
      name: 'broken',
      version: '1',
      run: async () => {
        await started.promise
        throw new Error('broken')
      },
    })
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(slow, {})
      p.step(broken, {})
      return {}
    })
    const error = (await pw
      .run(pipeline, {}, { failFast: true })
      .catch((thrown: unknown) => thrown)) as RunFailedError
    aborted.resolve(undefined)
    expect(error.message).toContain('broken')
    expect(await statesOf(pw, error.run)).toEqual({ slow: 'cancelled', broken: 'failed' })
  })
})

describe('time limits', () => {
  test('an attempt past its time gets its signal; one that reacts ends at once', async () => {
    const polite = defineStep({
      name: 'polite',
      version: '1',
      timeout: 20,
      run: (_inputs, ctx) =>
        new Promise<void>((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(new Error('stopped'))),
        ),
    })
    const pw = await tempWorkspace()
    const error = (await pw
      .run(
        definePipeline({ name: 'p' }, (p) => p.step(polite, {})),
        {},
      )
      .catch((thrown: unknown) => thrown)) as RunFailedError
    expect(PipewrightError.isInstance(error.failures[0]?.cause) && error.failures[0].cause.code).toBe(
      'STEP_TIMEOUT',
    )
    const [execution] = (await pw.show(error.run)).executions
    expect(execution?.attempts[0]?.end).toBe('timed-out')
  })

  test('one that does not is abandoned after its grace: its context throws, its result is refused, the next try may succeed', async () => {
    const late = deferred<unknown>()
    let calls = 0
    const stubborn = defineStep({
      name: 'stubborn',
      version: '1',
      timeout: 20,
      grace: 20,
      retry: { attempts: 2, delay: 1 },
      outputs: { call: z.number() },
      run: async (_inputs, ctx) => {
        const call = ++calls
        if (call === 1) {
          await new Promise((resolve) => setTimeout(resolve, 150))
          try {
            ctx.log.info('still here')
            late.resolve('logged')
          } catch (error) {
            late.resolve((error as PipewrightError).code)
          }
        }
        return { call }
      },
    })
    const pw = await tempWorkspace()
    const { outputs } = await pw.run(
      definePipeline({ name: 'p' }, (p) => p.step(stubborn, {})),
      {},
    )
    expect(outputs.call).toBe(2)
    expect(await late.promise).toBe('STEP_ABANDONED')
  })

  test('an effect is not tried again while its abandoned attempt still runs', async () => {
    const end = deferred()
    let calls = 0
    const effect = defineStep({
      name: 'effect',
      effect: true,
      timeout: 10,
      grace: 10,
      retry: { attempts: 3, delay: 1 },
      run: async () => {
        calls++
        await end.promise
      },
    })
    const pw = await tempWorkspace()
    const error = (await pw
      .run(
        definePipeline({ name: 'p' }, (p) => p.step(effect, {})),
        {},
      )
      .catch((thrown: unknown) => thrown)) as RunFailedError
    end.resolve()
    expect(calls).toBe(1)
    expect(error.failures[0]?.cause).toMatchObject({ code: 'STEP_ABANDONED' })
  })

  test('nor by a resume, while it still runs', async () => {
    const end = deferred()
    let calls = 0
    const effect = defineStep({
      name: 'effect',
      effect: true,
      grace: 10,
      run: async () => {
        if (++calls === 1) await end.promise
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(effect, {}))
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const handle = await pw.start(pipeline, {})
    await vi.waitFor(() => expect(calls).toBe(1))
    handle.cancel()
    await handle.result().catch(() => undefined)
    // Another workspace of the process is no other world.
    await pw.close()
    const again = await tempWorkspace({ root })
    const error = (await again
      .resume(handle.id, pipeline)
      .catch((thrown: unknown) => thrown)) as RunFailedError
    expect(error.failures[0]?.cause).toMatchObject({ code: 'STEP_ABANDONED' })
    expect(calls).toBe(1)
    end.resolve()
    await vi.waitFor(async () => {
      await again.resume(handle.id, pipeline)
    })
    expect(calls).toBe(2)
  })

  test('a success is none the less for a folder that is hard to remove', async () => {
    let calls = 0
    const effect = defineStep({
      name: 'effect',
      effect: true,
      retry: { attempts: 3, delay: 1 },
      outputs: { at: z.string() },
      run: async (_inputs, ctx) => {
        calls++
        await mkdir(join(ctx.workdir, 'cache'))
        await writeFile(join(ctx.workdir, 'cache', 'module'), 'x')
        await chmod(join(ctx.workdir, 'cache'), 0o555)
        return { at: ctx.workdir }
      },
    })
    const pw = await tempWorkspace()
    const { outputs } = await pw.run(
      definePipeline({ name: 'p' }, (p) => p.step(effect, {})),
      {},
    )
    expect(calls).toBe(1)
    await expect(rm(outputs.at)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  test('a run past its time fails with RUN_TIMEOUT', async () => {
    const slow = defineStep({
      name: 'slow',
      version: '1',
      run: (_inputs, ctx) =>
        new Promise<void>((_r, reject) => ctx.signal.addEventListener('abort', () => reject(new Error('x')))),
    })
    const pw = await tempWorkspace()
    const error = (await pw
      .run(
        definePipeline({ name: 'p' }, (p) => p.step(slow, {})),
        {},
        { timeout: 30 },
      )
      .catch((thrown: unknown) => thrown)) as RunFailedError
    expect(error.code).toBe('RUN_TIMEOUT')
    expect((await pw.show(error.run)).state).toBe('failed')
  })
})

describe('cancellation', () => {
  test('by handle, by signal; what runs is told', async () => {
    const started = [deferred(), deferred()]
    let runs = 0
    const waiting = defineStep({
      name: 'waiting',
      version: '1',
      run: (_inputs, ctx) => {
        started[runs++]!.resolve()
        return new Promise<void>((_r, reject) =>
          ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
        )
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      const first = p.step(waiting, {})
      p.step(pass, { value: 1 }, { after: [first] })
      return {}
    })
    const pw = await tempWorkspace()
    const handle = await pw.start(pipeline, {})
    await started[0]!.promise
    handle.cancel('enough')
    const error = (await handle.result().catch((thrown: unknown) => thrown)) as RunFailedError
    expect(error.state).toBe('cancelled')
    expect(error.code).toBe('RUN_CANCELLED')
    expect((await pw.show(handle.id)).state).toBe('cancelled')
    expect(await statesOf(pw, handle.id)).toEqual({ waiting: 'cancelled' })
    const controller = new AbortController()
    const second = pw.run(pipeline, {}, { signal: controller.signal }).catch((thrown: unknown) => thrown)
    await started[1]!.promise
    controller.abort(new Error('user went away'))
    expect(((await second) as RunFailedError).message).toContain('user went away')
  })
})

test('another process may ask for the cancel; the owner hears of it', async () => {
  const root = await tempFolder()
  const started = deferred()
  const waiting = defineStep({
    name: 'waiting',
    version: '1',
    run: (_inputs, ctx) => {
      started.resolve()
      return new Promise<void>((_r, reject) =>
        ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
      )
    },
  })
  const [owner, other] = [await tempWorkspace({ root }), await tempWorkspace({ root })]
  const handle = await owner.start(
    definePipeline({ name: 'p' }, (p) => p.step(waiting, {})),
    {},
  )
  await started.promise
  await other.cancel(handle.id, 'no longer needed')
  await expect(handle.result()).rejects.toThrow('no longer needed')
  expect((await other.show(handle.id)).state).toBe('cancelled')
})

describe('named resources', () => {
  test('bound how many run at once, over all runs of the workspace', async () => {
    let now = 0
    let most = 0
    const gpu = defineStep({
      name: 'gpu',
      version: '1',
      cache: 'never',
      inputs: { n: z.number() },
      resources: { gpu: 1, cpu: 0.1 },
      run: async () => {
        most = Math.max(most, ++now)
        await new Promise((resolve) => setTimeout(resolve, 5))
        now--
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      for (let i = 0; i < 6; i++) p.step(gpu, { n: i }, { id: `g${i}` })
      return {}
    })
    const pw = await tempWorkspace({ resources: { gpu: 2 }, concurrency: 16 })
    await Promise.all([pw.run(pipeline, {}), pw.run(pipeline, {})])
    expect(most).toBe(2)
  })

  test('asking for more than there is fails the step, by name', async () => {
    const greedy = defineStep({ name: 'greedy', version: '1', resources: { gpu: 3 }, run: () => undefined })
    const pw = await tempWorkspace({ resources: { gpu: 2 } })
    await expect(
      pw.run(
        definePipeline({ name: 'p' }, (p) => p.step(greedy, {})),
        {},
      ),
    ).rejects.toThrow("step 'greedy' needs 3 of resource 'gpu', there are 2")
  })
})
