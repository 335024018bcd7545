import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, table, type RunOptions, type Workspace } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import type { Digest } from '../../src/internal/digest.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { blobOf, blobPath, damage, within } from './damage.ts'
import { deferred, statesOf, tempFolder, tempWorkspace } from './temp.ts'

const text = file('text/plain')

/** A run whose last step takes away what the outputs need, and whose first step then waits for its signal. */
async function losesItsOutputs(): Promise<{
  readonly pw: Workspace
  readonly start: (options?: RunOptions) => Promise<{
    readonly id: string
    cancel(reason?: string): void
    result(): Promise<unknown>
  }>
  readonly waiting: Promise<void>
}> {
  const root = await tempFolder()
  const waiting = deferred()
  let blob: Digest | undefined
  let isHeld = false
  const rows = defineStep({
    name: 'rows',
    version: '1',
    outputs: { rows: table(z.object({ x: z.number() })), n: z.number() },
    run: (_inputs, ctx) => {
      if (!isHeld) return { rows: Array.from({ length: 5_000 }, (_, x) => ({ x })), n: 1 }
      waiting.resolve()
      return new Promise<never>((_resolve, reject) =>
        ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)),
      )
    },
  })
  const takeAway = defineStep({
    name: 'take-away',
    version: '1',
    cache: 'never',
    inputs: { n: z.number() },
    outputs: { ok: z.boolean() },
    run: async () => {
      if (blob !== undefined) {
        await rm(blobPath(root, blob))
        isHeld = true
      }
      return { ok: true }
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    const made = p.step(rows, {})
    return { rows: made.rows, ok: p.step(takeAway, { n: made.n }).ok }
  })
  blob = await within(root, async (pw) => blobOf(pw, (await pw.run(pipeline, {})).run.id, 'rows', 'rows'))
  const pw = await tempWorkspace({ root })
  return { pw, start: (options) => pw.start(pipeline, {}, options), waiting: waiting.promise }
}

test('a run that is cancelled while its outputs are made again is cancelled', async () => {
  const { pw, start, waiting } = await losesItsOutputs()
  const handle = await start()
  await waiting
  handle.cancel('enough')
  await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  expect((await pw.show(handle.id)).state).toBe('cancelled')
})

test('a run that is past its time while its outputs are made again has failed for that', async () => {
  const { pw, start } = await losesItsOutputs()
  const handle = await start({ timeout: '1s' })
  await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_TIMEOUT' })
  expect(await pw.show(handle.id)).toMatchObject({ state: 'failed', error: { code: 'RUN_TIMEOUT' } })
})

test('nothing is made again for a node that need not be tried: the run has failed elsewhere', async () => {
  const root = await tempFolder()
  const calls: string[] = []
  const reading = deferred()
  const failed = deferred()
  const write = defineStep({
    name: 'write',
    version: '1',
    outputs: { text },
    run: () => {
      calls.push('write')
      return { text: Buffer.from('x'.repeat(9_000)) }
    },
  })
  const read = defineStep({
    name: 'read',
    version: '1',
    cache: 'never',
    inputs: { text },
    outputs: { n: z.number() },
    run: async ({ text }) => {
      reading.resolve()
      await failed.promise
      return { n: (await text.text()).length }
    },
  })
  let isBad = true
  const bad = defineStep({
    name: 'bad',
    version: '1',
    cache: 'never',
    run: async () => {
      if (!isBad) return
      await reading.promise
      throw new Error('bad')
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    p.step(bad, {})
    return p.step(read, { text: p.step(write, {}).text })
  })
  const alone = definePipeline({ name: 'alone' }, (p) => p.step(write, {}))
  const digest = await within(root, async (pw) =>
    blobOf(pw, (await pw.run(alone, {})).run.id, 'write', 'text'),
  )
  await damage(root, digest, 'corrupt')
  calls.length = 0
  await within(root, async (pw) => {
    const handle = await pw.start(pipeline, {}, { concurrency: 2 })
    for await (const { event } of handle.events()) if (event.type === 'node.failed') failed.resolve()
    await expect(handle.result()).rejects.toThrow('bad')
    expect(calls).toEqual([])
    // It is in nobody's hands any more.
    expect(await statesOf(pw, handle.id)).toEqual({ write: 'reused', bad: 'failed', read: 'cancelled' })
    const before = (await pw.show(handle.id)).executions
    expect(before.find(({ node }) => node === 'read')!.attempts).toMatchObject([
      { number: 1, end: 'lost-input' },
    ])
    const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
    await metadata.rebuild()
    await metadata.close()
    expect((await pw.show(handle.id)).executions).toEqual(before)
    isBad = false
    expect((await pw.resume(handle.id, pipeline)).outputs).toEqual({ n: 9_000 })
    expect(calls).toEqual(['write'])
  })
})
