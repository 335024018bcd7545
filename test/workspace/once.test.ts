import { definePipeline, defineStep, type RunFailedError, type StepContext, type Workspace } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { deferred, tempFolder, tempWorkspace } from './temp.ts'

/** A pipeline of one step, whose function a test gives. */
function calling(run: (ctx: StepContext) => Promise<unknown>, options: object = {}) {
  const step = defineStep({
    name: 'calls',
    version: '1',
    outputs: { value: z.unknown() },
    retry: { attempts: 3, delay: 0 },
    ...options,
    run: async (_inputs, ctx) => ({ value: await run(ctx) }),
  })
  return definePipeline({ name: 'calling' }, (p) => ({ value: p.step(step, {}).value }))
}

const failedRun = (run: Promise<unknown>): Promise<RunFailedError> =>
  run.then(
    () => Promise.reject(new Error('the run has succeeded')),
    (error: unknown) => error as RunFailedError,
  )

/** Ends as a process does: its workspace records nothing more, and the step hears of it. */
async function die(pw: Workspace, { signal }: StepContext): Promise<never> {
  void pw.close()
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  throw signal.reason as Error
}

describe('ctx.once', () => {
  test('1,000 calls, cut off after 100, 200 and 300 commits and within one: each has run once, that one twice', async () => {
    const root = await tempFolder()
    const asked = new Map<number, string[]>()
    let pw: Workspace
    let ends: ((at: number) => boolean) | undefined
    let within: number | undefined
    const pipeline = calling(async (ctx) => {
      let sum = 0
      for (let at = 0; at < 1_000; at++) {
        sum += await ctx.once(`charge ${at}`, async ({ idempotencyKey }) => {
          asked.set(at, [...(asked.get(at) ?? []), idempotencyKey])
          if (at === within) await die(pw, ctx)
          return at
        })
        if (ends?.(at + 1) === true) await die(pw, ctx)
      }
      return sum
    })
    let id: string | undefined
    for (const cut of [100, 200, 300, 350, undefined]) {
      ends = (committed) => committed === cut && cut !== 350
      within = cut === 350 ? 350 : undefined
      pw = await tempWorkspace({ root })
      if (cut === undefined) {
        const { outputs } = await pw.resume(id!, pipeline)
        expect(outputs.value).toBe(499_500)
      } else {
        const handle = id === undefined ? await pw.start(pipeline, {}) : await pw.takeUp(id, pipeline)
        id = handle.id
        await expect(handle.result()).rejects.toMatchObject({ code: 'WORKSPACE_CLOSED' })
        await pw.close()
      }
    }
    expect(asked.size).toBe(1_000)
    const repeated = [...asked].filter(([, keys]) => keys.length > 1)
    expect(repeated.map(([at, keys]) => [at, keys.length])).toEqual([[350, 2]])
    expect(new Set(asked.get(350)).size).toBe(1)
    expect(new Set([...asked.values()].flat()).size).toBe(1_000)
  })

  test('a call that throws is not recorded; what was recorded is given to the next attempt', async () => {
    const pw = await tempWorkspace()
    const ran: string[] = []
    const pipeline = calling(async (ctx) => {
      const first = await ctx.once('first', () => {
        ran.push('first')
        return { id: 1 }
      })
      const second = await ctx.once('second', () => {
        ran.push('second')
        if (ran.filter((name) => name === 'second').length < 3) throw new Error('not yet')
      })
      return [first, second === undefined]
    })
    const { outputs } = await pw.run(pipeline, {})
    expect(outputs.value).toEqual([{ id: 1 }, true])
    expect(ran).toEqual(['first', 'second', 'second', 'second'])
  })

  test('calls of one key from two places share one; calls in flight share commits', async () => {
    const pw = await tempWorkspace()
    let ran = 0
    const open = deferred()
    const pipeline = calling(async (ctx) => {
      const one = async (): Promise<number> => {
        await open.promise
        return ++ran
      }
      const both = [ctx.once('same', one), ctx.once('same', () => one())]
      open.resolve()
      const later = await Promise.all(Array.from({ length: 500 }, (_, at) => ctx.once(`${at}`, () => at)))
      return [...(await Promise.all(both)), await ctx.once('same', one), later.length]
    })
    expect((await pw.run(pipeline, {})).outputs.value).toEqual([1, 1, 1, 500])
    expect(ran).toBe(1)
  })

  test('what JSON cannot hold, a key that is none, and a call that waits for itself are told', async () => {
    const pw = await tempWorkspace()
    const run = (body: (ctx: StepContext) => Promise<unknown>) => failedRun(pw.run(calling(body), {}))
    const date = await run((ctx) => ctx.once('when', () => ({ at: [new Date(0)] })))
    expect(date.failures[0]?.cause).toMatchObject({
      code: 'VALUE_NOT_STORABLE',
      message: expect.stringContaining(
        "step 'calls' (node 'calls'), once 'when': .at[0] is an instance of Date",
      ) as string,
    })
    for (const key of ['', 7 as never]) {
      const bad = await run((ctx) => ctx.once(key, () => 1))
      expect(bad.failures[0]?.cause).toMatchObject({ code: 'DEFINITION_INVALID' })
    }
    const self = await run((ctx) => ctx.once('a', () => ctx.once('a', () => 1)))
    expect(self.failures[0]?.message).toContain("once 'a' would wait for itself")
  })

  test('nothing new is called once the run is cancelled', async () => {
    const pw = await tempWorkspace()
    const ran: number[] = []
    const first = deferred()
    const pipeline = calling(async (ctx) => {
      for (let at = 0; ; at++) {
        await ctx.once(`${at}`, async () => {
          ran.push(at)
          if (at < 2) return
          first.resolve()
          await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
        })
      }
    })
    const handle = await pw.start(pipeline, {})
    await first.promise
    handle.cancel()
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    expect(ran).toEqual([0, 1, 2])
  })

  test('the result is cached, and a new run has keys of its own', async () => {
    const pw = await tempWorkspace()
    const keys: string[] = []
    const pipeline = calling((ctx) =>
      ctx.once('label', ({ idempotencyKey }) => {
        keys.push(idempotencyKey)
        return 'cat'
      }),
    )
    await pw.run(pipeline, {})
    const hit = await pw.run(pipeline, {})
    expect((await pw.show(hit.run.id)).executions[0]?.reused).not.toBeNull()
    await pw.run(pipeline, {}, { cache: 'refresh' })
    expect(new Set(keys).size).toBe(2)
  })

  test('what calls of other code gave is not cached under the code of today', async () => {
    const pw = await tempWorkspace()
    const make = (made: string, fails: boolean) => {
      const step = defineStep({
        name: 'labels',
        outputs: { value: z.string() },
        run: async (_inputs, ctx) => {
          const label = await ctx.once('label', () => made)
          if (fails) throw new Error('broken')
          return { value: label }
        },
      })
      return definePipeline({ name: 'labelling' }, (p) => ({ value: p.step(step, {}).value }))
    }
    const { run } = await failedRun(pw.run(make('old', true), {}))
    const { outputs } = await pw.resume(run, make('new', false), { acceptCode: true })
    expect(outputs.value).toBe('old')
    const [execution] = (await pw.show(run)).executions
    expect(execution?.uncached).toContain('other code')
    expect((await pw.run(make('new', false), {})).outputs.value).toBe('new')
  })
})
