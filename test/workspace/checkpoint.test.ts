import { definePipeline, defineStep, type Checkpoint, type StepContext } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { failure, tempFolder, tempWorkspace } from './temp.ts'

const State = z.object({ epoch: z.number() })

/** A pipeline of one step, whose function a test gives. */
function training(run: (ctx: StepContext) => Promise<unknown>, options: object = {}) {
  const step = defineStep({
    name: 'train',
    version: '1',
    outputs: { value: z.unknown() },
    retry: { attempts: 2, delay: 0 },
    ...options,
    run: async (_inputs, ctx) => ({ value: await run(ctx) }),
  })
  return definePipeline({ name: 'training' }, (p) => ({ value: p.step(step, {}).value }))
}

describe('ctx.checkpoint', () => {
  test('is restored after a failure, a timeout and in a resume of another process; not after a success', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const begun: number[] = []
    let until = 2
    let how: 'throw' | 'hang' = 'throw'
    const pipeline = training(
      async (ctx) => {
        let { epoch } = (await ctx.restored(State)) ?? { epoch: 0 }
        begun.push(epoch)
        while (epoch < 6) {
          if (epoch === until) {
            until += 2
            if (how === 'throw') throw new Error(`broken at ${epoch}`)
            how = 'throw'
            await new Promise((resolve) => ctx.signal.addEventListener('abort', resolve))
            throw ctx.signal.reason as Error
          }
          await ctx.checkpoint({ epoch: ++epoch })
        }
        return epoch
      },
      { timeout: 300, cache: 'never' },
    )
    const run = await failure(pw.run(pipeline, {}))
    expect(begun).toEqual([0, 2])
    how = 'hang'
    until = 5
    await pw.close()
    const later = await tempWorkspace({ root })
    expect((await later.resume(run, pipeline)).outputs.value).toBe(6)
    expect(begun).toEqual([0, 2, 4, 5])
    until = Infinity
    await later.run(pipeline, {})
    expect(begun).toEqual([0, 2, 4, 5, 0])
  })

  test('bytes of any size; the latest counts; what does not fit its schema is left alone', async () => {
    const pw = await tempWorkspace()
    const seen: unknown[] = []
    let attempt = 0
    const save: Checkpoint[] = [new Uint8Array(100_000).fill(7), new Uint8Array([1, 2]), [1, 2]]
    const pipeline = training(
      async (ctx) => {
        const bytes = await ctx.restored(z.instanceof(Uint8Array))
        seen.push(bytes === undefined ? await ctx.restored() : [bytes.length, bytes[0]])
        const value = save[attempt++]
        if (value === undefined) return 1
        // Not awaited one by one: they are kept in this order, as they were.
        const first = ctx.checkpoint('first')
        const second = ctx.checkpoint(value)
        if (value instanceof Uint8Array) value.fill(0)
        await Promise.all([first, second])
        throw new Error('again')
      },
      { retry: { attempts: 4, delay: 0 } },
    )
    const { run } = await pw.run(pipeline, {})
    expect(seen).toEqual([undefined, [100_000, 7], [2, 1], [1, 2]])
    const warned: string[] = []
    for await (const { level, message } of pw.logs(run.id)) if (level === 'warn') warned.push(message)
    expect(warned).toHaveLength(1)
    expect(warned[0]).toContain('does not fit its schema')
  })

  test('what JSON cannot hold is told with its path', async () => {
    const pw = await tempWorkspace()
    const pipeline = training((ctx) => ctx.checkpoint({ weights: [1, Number.NaN] } as never))
    await expect(pw.run(pipeline, {})).rejects.toThrow(
      "step 'train' (node 'train'), checkpoint: .weights[1] is NaN",
    )
  })

  test('reading one does not keep the result from the cache; verifying runs without', async () => {
    const pw = await tempWorkspace()
    const begun: number[] = []
    let broken = true
    const pipeline = training(async (ctx) => {
      const { epoch } = (await ctx.restored(State)) ?? { epoch: 0 }
      begun.push(epoch)
      await ctx.checkpoint({ epoch: 3 })
      if (broken) {
        broken = false
        throw new Error('once')
      }
      return 3
    })
    await pw.run(pipeline, {})
    const { verification } = await pw.run(pipeline, {}, { verifyCache: 1 })
    expect(begun).toEqual([0, 3, 0])
    expect(verification).toMatchObject({ verified: 1, mismatches: [] })
  })

  test('collecting garbage spares the one that a resume goes on from, and no other', async () => {
    const pw = await tempWorkspace()
    let broken = true
    const pipeline = training(
      async (ctx) => {
        const bytes = await ctx.restored(z.instanceof(Uint8Array))
        if (!broken) return bytes?.length ?? null
        await ctx.checkpoint(new Uint8Array(50_000).fill(1))
        await ctx.checkpoint(new Uint8Array(60_000).fill(2))
        throw new Error('broken')
      },
      { retry: { attempts: 1 } },
    )
    const run = await failure(pw.run(pipeline, {}))
    await new Promise((resolve) => setTimeout(resolve, 5))
    const { bytes } = await pw.gc({ olderThan: '1d', spare: 0 })
    expect(bytes).toBe(50_000)
    broken = false
    expect((await pw.resume(run, pipeline)).outputs.value).toBe(60_000)
  })
})
