import { join } from 'node:path'
import { definePipeline, defineStep, type Settings, type Workspace } from 'pipewright'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import type { MetadataStore } from '../../src/record/metadata.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { deferred, tempFolder, tempWorkspace } from './temp.ts'

/** A workspace whose metadata store is held up, or otherwise disturbed, in some of its methods. */
async function disturbed(
  root: string,
  disturb: (real: MetadataStore) => Partial<MetadataStore>,
  settings: Settings = {},
): Promise<Workspace> {
  const real = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
  return tempWorkspace({ ...settings, root, metadata: { ...real, ...disturb(real) } })
}

/** A pipeline whose first step hangs until it is told, once; an effect follows. */
function interrupted(effect: () => number = () => 7) {
  const calls = { first: 0, effect: 0 }
  const first = defineStep({
    name: 'first',
    version: '1',
    cache: 'never',
    grace: 10,
    outputs: { n: z.number() },
    run: (_inputs, ctx): { n: number } | Promise<{ n: number }> =>
      ++calls.first > 1
        ? { n: 1 }
        : new Promise((_resolve, reject) =>
            ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
          ),
  })
  const last = defineStep({
    name: 'last',
    version: '1',
    effect: true,
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: () => {
      calls.effect++
      return { n: effect() }
    },
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => p.step(last, { n: p.step(first, {}).n }))
  return { pipeline, calls }
}

/** How often somebody has gone on with a run. */
async function resumesOf(root: string, run: string): Promise<number> {
  const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
  let count = 0
  for await (const { event } of metadata.events(run)) if (event.type === 'run.resumed') count++
  await metadata.close()
  return count
}

function codeOf(promise: Promise<unknown>): Promise<string> {
  return promise.then(
    () => 'succeeded',
    (error: unknown) => (error as { code: string }).code,
  )
}

describe('two who follow a run whose owner has died', () => {
  test.each([
    ['acquire', 'fails'],
    ['acquire', 'succeeds'],
    ['detail', 'fails'],
    ['detail', 'succeeds'],
  ])('the one that is late at %s gets the end of a run that %s', async (late, how) => {
    const end = how === 'fails' ? 'RUN_FAILED' : 'succeeded'
    const effect = (): number => {
      if (how === 'fails') throw new Error('card refused')
      return 7
    }
    const root = await tempFolder()
    const { pipeline, calls } = interrupted(effect)
    const [gate, held] = [deferred(), deferred()]
    let armed = false
    const hold = async (): Promise<void> => {
      if (!armed) return
      held.resolve()
      await gate.promise
    }
    const owner = await tempWorkspace({ root })
    const quick = await tempWorkspace({ root })
    const slow = await disturbed(root, (real) => ({
      acquire: async (...args) => {
        if (late === 'acquire') await hold()
        return real.acquire(...args)
      },
      detail: async (run) => {
        if (late === 'detail') await hold()
        return real.detail(run)
      },
    }))
    const { id } = await owner.start(pipeline, {}, { key: 'k' })
    await vi.waitFor(() => expect(calls.first).toBe(1))
    const second = await slow.start(pipeline, {}, { key: 'k' })
    armed = true
    await owner.close()
    await held.promise
    const first = await quick.start(pipeline, {}, { key: 'k' })
    expect([first.id, second.id]).toEqual([id, id])
    expect(await codeOf(first.result())).toBe(end)
    gate.resolve()
    expect(await codeOf(second.result())).toBe(end)
    expect(calls).toEqual({ first: 2, effect: 1 })
    expect(await resumesOf(root, id)).toBe(1)
    expect(await quick.show(id)).toMatchObject({
      state: how === 'fails' ? 'failed' : 'succeeded',
      owner: null,
    })
  })
})

describe('a cancel while nobody drives the run', () => {
  async function given() {
    const root = await tempFolder()
    const { pipeline, calls } = interrupted()
    const [gate, held, asked] = [deferred(), deferred(), deferred()]
    let armed = false
    const owner = await tempWorkspace({ root })
    const follower = await disturbed(root, (real) => ({
      acquire: async (...args) => {
        if (armed) {
          held.resolve()
          await gate.promise
        }
        return real.acquire(...args)
      },
      requestCancel: async (...args) => {
        await real.requestCancel(...args)
        asked.resolve()
      },
    }))
    const { id } = await owner.start(pipeline, {}, { key: 'k' })
    await vi.waitFor(() => expect(calls.first).toBe(1))
    const handle = await follower.start(pipeline, {}, { key: 'k' })
    armed = true
    await owner.close()
    await held.promise
    return { root, calls, gate, asked, handle, id }
  }

  test('by one who follows it: it is not gone on with', async () => {
    const { calls, gate, asked, handle } = await given()
    handle.cancel('stop it')
    await asked.promise
    gate.resolve()
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED', state: 'cancelled' })
    expect(calls.effect).toBe(0)
  })

  test('by anybody else: the same', async () => {
    const { root, calls, gate, handle, id } = await given()
    await (await tempWorkspace({ root })).cancel(id, 'stop it')
    gate.resolve()
    await expect(handle.result()).rejects.toThrow('stop it')
    expect(calls.effect).toBe(0)
  })

  test('whoever resumes the run by name goes on with it', async () => {
    const root = await tempFolder()
    const { pipeline, calls } = interrupted()
    const owner = await tempWorkspace({ root })
    const { id } = await owner.start(pipeline, {})
    await vi.waitFor(() => expect(calls.first).toBe(1))
    await owner.close()
    const pw = await tempWorkspace({ root })
    await pw.cancel(id, 'stop it')
    expect((await pw.resume(id, pipeline)).outputs).toEqual({ n: 7 })
  })
})

describe('the options of one who attaches', () => {
  test.each([
    ['this workspace', 'later'],
    ['this workspace', 'before'],
    ['another workspace', 'later'],
    ['another workspace', 'before'],
  ])('to a run of %s: a signal that is aborted %s, and onUpdate', async (where, when) => {
    const root = await tempFolder()
    const { pipeline, calls } = interrupted()
    const owner = await tempWorkspace({ root })
    const other = where === 'this workspace' ? owner : await tempWorkspace({ root })
    const first = await owner.start(pipeline, {}, { key: 'k' })
    await vi.waitFor(() => expect(calls.first).toBe(1))
    const controller = new AbortController()
    if (when === 'before') controller.abort(new Error('enough'))
    const told: string[] = []
    const second = await other.start(
      pipeline,
      {},
      {
        key: 'k',
        signal: controller.signal,
        onUpdate: ({ event }) => {
          told.push(event.type)
          throw new Error('its own affair')
        },
      },
    )
    controller.abort(new Error('enough'))
    for (const handle of [first, second]) {
      await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED', state: 'cancelled' })
      await expect(handle.result()).rejects.toThrow('was cancelled: enough')
    }
    expect(told.at(-1)).toBe('run.finished')
  })

  test('a signal that is aborted when the run has succeeded changes nothing', async () => {
    const pw = await tempWorkspace()
    const { pipeline, calls } = interrupted()
    calls.first = 1
    const { run } = await pw.run(pipeline, {}, { key: 'k' })
    const signal = AbortSignal.abort()
    expect((await pw.run(pipeline, {}, { key: 'k', signal })).outputs).toEqual({ n: 7 })
    expect(await pw.show(run.id)).toMatchObject({ state: 'succeeded' })
  })
})

describe('attaching', () => {
  test('a run that is removed after its key was found was not there', async () => {
    const root = await tempFolder()
    const { pipeline, calls } = interrupted()
    calls.first = 1
    const { run } = await (await tempWorkspace({ root })).run(pipeline, {}, { key: 'k' })
    const pw = await disturbed(root, (real) => ({
      runByKey: async (...args) => {
        const found = await real.runByKey(...args)
        if (found !== undefined) await real.remove({ runs: [found], blobs: [], cacheKeys: [] })
        return found
      },
    }))
    const again = await pw.run(pipeline, {}, { key: 'k' })
    expect(again.outputs).toEqual({ n: 7 })
    expect(again.run.id).not.toBe(run.id)
  })

  test('another structure is refused while the run goes on', async () => {
    const root = await tempFolder()
    const { pipeline, calls } = interrupted()
    const owner = await tempWorkspace({ root })
    const { id } = await owner.start(pipeline, {}, { key: 'k' })
    await vi.waitFor(() => expect(calls.first).toBe(1))
    const other = definePipeline({ name: 'p' }, () => ({}))
    await expect((await tempWorkspace({ root })).start(other, {}, { key: 'k' })).rejects.toMatchObject({
      code: 'STRUCTURE_CHANGED',
    })
    expect((await owner.show(id)).state).toBe('running')
  })
})

describe('closing a workspace', () => {
  test('that is about to start a run gives the run up', async () => {
    const root = await tempFolder()
    const { pipeline } = interrupted()
    const [gate, held] = [deferred(), deferred()]
    const pw = await disturbed(root, (real) => ({
      append: async (...args) => {
        await real.append(...args)
        if (args[0].event.type !== 'run.started') return
        held.resolve()
        await gate.promise
      },
    }))
    const starting = codeOf(pw.start(pipeline, {}))
    await held.promise
    const closing = pw.close()
    gate.resolve()
    await closing
    expect(await starting).toBe('WORKSPACE_CLOSED')
    const again = await tempWorkspace({ root })
    const [run] = (await again.runs()).items
    expect(run).toMatchObject({ state: 'interrupted', owner: null })
  })

  test('that is about to record a run leaves none', async () => {
    const root = await tempFolder()
    const { pipeline } = interrupted()
    const [gate, held] = [deferred(), deferred()]
    const pw = await disturbed(root, (real) => ({
      runByKey: async (...args) => {
        held.resolve()
        await gate.promise
        return real.runByKey(...args)
      },
    }))
    const starting = codeOf(pw.start(pipeline, {}, { key: 'k' }))
    await held.promise
    const closing = pw.close()
    gate.resolve()
    await closing
    expect(await starting).toBe('WORKSPACE_CLOSED')
    expect((await (await tempWorkspace({ root })).runs()).items).toEqual([])
  })
})
