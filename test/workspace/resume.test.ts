import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { RunFailedError } from 'pipewright'
import { definePipeline, defineStep, PipewrightError } from 'pipewright'
import { describe, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { deferred, statesOf, tempFolder, tempWorkspace } from './temp.ts'

function fixable(broken: { now: boolean }) {
  const executed: string[] = []
  const ok = defineStep({
    name: 'ok',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => {
      executed.push(`ok ${n}`)
      return { n }
    },
  })
  const flaky = defineStep({
    name: 'flaky',
    version: '1',
    cache: 'never',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => {
      executed.push(`flaky ${n}`)
      if (broken.now && n === 2) throw new Error('broken')
      return { n: n * 10 }
    },
  })
  const pipeline = definePipeline({ name: 'fixable', inputs: { items: z.array(z.number()) } }, (p, input) => {
    const before = p.step(ok, { n: 1 })
    const each = p.map(input.items, (n, q) => q.step(flaky, { n }), { id: 'each', after: [before] })
    const done = p.when(p.step(yes, { n: before.n }).yes, (q) => q.step(ok, { n: 7 }), {
      id: 'maybe',
      after: [each],
    })
    return { all: each.n, done: done.n }
  })
  return { pipeline, executed }
}

const yes = defineStep({
  name: 'yes',
  inputs: { n: z.number() },
  outputs: { yes: z.boolean() },
  run: () => ({ yes: true }),
})

describe('resume', () => {
  test('runs what failed again, and nothing that succeeded', async () => {
    const broken = { now: true }
    const { pipeline, executed } = fixable(broken)
    const pw = await tempWorkspace()
    const error = (await pw
      .run(pipeline, { items: [1, 2, 3] }, { failure: 'continue' })
      .catch((thrown: unknown) => thrown)) as RunFailedError
    expect(executed.toSorted()).toEqual(['flaky 1', 'flaky 2', 'flaky 3', 'ok 1'])
    broken.now = false
    executed.length = 0
    const { outputs } = await pw.resume(error.run, pipeline)
    expect(outputs).toEqual({ all: [10, 20, 30], done: 7 })
    expect(executed.toSorted()).toEqual(['flaky 2', 'ok 7'])
    const detail = await pw.show(error.run)
    expect(detail.state).toBe('succeeded')
    expect(await statesOf(pw, error.run)).toMatchObject({
      'each[1]/flaky': 'succeeded',
      each: 'succeeded',
      'maybe/then/ok': 'succeeded',
    })
    const retried = detail.executions.find(({ node }) => node === 'each[1]/flaky')
    expect(retried?.attempts.map(({ number, end }) => [number, end])).toEqual([
      [1, 'failed'],
      [2, 'succeeded'],
    ])
  })

  test('a run that has succeeded, an unknown run, a changed structure, changed code', async () => {
    const pw = await tempWorkspace()
    const { pipeline } = fixable({ now: false })
    const { run } = await pw.run(pipeline, { items: [] })
    await expect(pw.resume(run.id, pipeline)).rejects.toThrow('there is nothing to resume')
    await expect(pw.resume('nope', pipeline)).rejects.toMatchObject({ code: 'RUN_NOT_FOUND' })
    const make = (version: string, extra: boolean) => {
      const fails = defineStep({ name: 'fails', version, run: () => Promise.reject(new Error('x')) })
      return definePipeline({ name: 'p' }, (p) => {
        const failed = p.step(fails, {})
        if (extra) p.step(yes, { n: 1 }, { after: [failed] })
        return {}
      })
    }
    const failed = (await pw.run(make('1', false), {}).catch((thrown: unknown) => thrown)) as RunFailedError
    await expect(pw.resume(failed.run, make('1', true))).rejects.toMatchObject({ code: 'STRUCTURE_CHANGED' })
    // The version is part of the declaration too: other structure. Code that changes without one:
    await expect(pw.resume(failed.run, make('2', false))).rejects.toMatchObject({ code: 'STRUCTURE_CHANGED' })
    await expect(pw.resume(failed.run)).rejects.toMatchObject({ code: 'PIPELINE_NOT_FOUND' })
  })

  test('the same key attaches, resumes, or is refused for other inputs', async () => {
    const broken = { now: true }
    const { pipeline, executed } = fixable(broken)
    const pw = await tempWorkspace()
    const options = { key: 'today' }
    const error = (await pw
      .run(pipeline, { items: [2] }, options)
      .catch((thrown: unknown) => thrown)) as RunFailedError
    await expect(pw.run(pipeline, { items: [3] }, options)).rejects.toMatchObject({
      code: 'RUN_KEY_CONFLICT',
    })
    broken.now = false
    const resumed = await pw.run(pipeline, { items: [2] }, options)
    expect(resumed.run.id).toBe(error.run)
    const count = executed.length
    const again = await pw.run(pipeline, { items: [2] }, options)
    expect(again.run.id).toBe(error.run)
    expect(again.outputs).toEqual(resumed.outputs)
    expect(executed).toHaveLength(count)
  })

  test('the same key attaches to a run that goes on, here and elsewhere', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const other = await tempWorkspace({ root })
    const end = deferred()
    let calls = 0
    const waits = defineStep({
      name: 'waits',
      effect: true,
      outputs: { n: z.number() },
      run: async () => {
        calls++
        await end.promise
        return { n: 7 }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(waits, {}))
    const handles = await Promise.all([
      pw.start(pipeline, {}, { key: 'a' }),
      pw.start(pipeline, {}, { key: 'a' }),
      other.start(pipeline, {}, { key: 'a' }),
    ])
    expect(new Set(handles.map(({ id }) => id)).size).toBe(1)
    const seen: string[] = []
    const following = (async () => {
      for await (const { event } of handles[2].events()) seen.push(event.type)
    })()
    await new Promise((resolve) => setTimeout(resolve, 300))
    end.resolve()
    for (const handle of handles) expect((await handle.result()).outputs).toEqual({ n: 7 })
    await following
    expect(seen).toEqual(expect.arrayContaining(['node.succeeded', 'run.finished']))
    expect(calls).toBe(1)
  })

  test('whoever is attached goes on with a run that its owner gives up', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const other = await tempWorkspace({ root })
    let calls = 0
    const waits = defineStep({
      name: 'waits',
      version: '1',
      grace: 10,
      outputs: { n: z.number() },
      run: (_inputs, ctx) =>
        ++calls > 1
          ? { n: 7 }
          : new Promise<never>((_resolve, reject) =>
              ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
            ),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(waits, {}))
    const first = await pw.start(pipeline, {}, { key: 'a' })
    const second = await other.start(pipeline, {}, { key: 'a' })
    expect(second.id).toBe(first.id)
    await vi.waitFor(() => expect(calls).toBe(1))
    await pw.close()
    expect((await second.result()).outputs).toEqual({ n: 7 })
  })

  test('a run is taken over within its process too: the old driver hears of it, the new one is the one', async () => {
    const pw = await tempWorkspace()
    let calls = 0
    const waits = defineStep({
      name: 'waits',
      version: '1',
      grace: 10,
      run: (_inputs, ctx) => {
        calls++
        return new Promise<never>((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
        )
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(waits, {}))
    const first = await pw.start(pipeline, {})
    const lost = expect(first.result()).rejects.toMatchObject({ code: 'LEASE_LOST' })
    const second = pw.resume(first.id, pipeline, { takeOver: true })
    const cancelled = expect(second).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    await lost
    await vi.waitFor(() => expect(calls).toBe(2))
    await pw.cancel(first.id)
    await cancelled
  })

  test('a selection that selects nothing leaves no run behind', async () => {
    const pw = await tempWorkspace()
    const { pipeline } = fixable({ now: false })
    const options = { select: { only: ['typo'] } }
    await expect(pw.run(pipeline, { items: [2] }, options)).rejects.toMatchObject({ code: 'SELECTION_EMPTY' })
    expect((await pw.runs()).items).toEqual([])
  })

  test('a run that is being driven is refused to others', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    let end!: () => void
    const waits = defineStep({
      name: 'waits',
      version: '1',
      run: () => new Promise<void>((resolve) => (end = resolve)),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(waits, {}))
    const handle = await pw.start(pipeline, {})
    const other = await tempWorkspace({ root })
    await expect(other.resume(handle.id, pipeline)).rejects.toMatchObject({ code: 'RUN_OWNED' })
    await new Promise((resolve) => setTimeout(resolve, 20))
    end()
    await handle.result()
  })

  test('closing a workspace in the middle leaves a run that can be resumed', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    let started!: () => void
    const running = new Promise<void>((resolve) => (started = resolve))
    let calls = 0
    const waits = defineStep({
      name: 'waits',
      version: '1',
      outputs: { call: z.number() },
      run: (_inputs, ctx) => {
        started()
        if (++calls > 1) return { call: calls }
        return new Promise((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(new Error('told'))),
        )
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(waits, {}))
    const handle = await pw.start(pipeline, {})
    await running
    const result = handle.result().catch((error: unknown) => error)
    await pw.close()
    expect(PipewrightError.isInstance(await result) && ((await result) as PipewrightError).code).toBe(
      'WORKSPACE_CLOSED',
    )
    const again = await tempWorkspace({ root })
    expect((await again.show(handle.id)).state).toBe('interrupted')
    expect((await again.resume(handle.id, pipeline)).outputs).toEqual({ call: 2 })
  })
})

describe('a resume that is overtaken', () => {
  function failsOnce() {
    const broken = { now: true }
    const step = defineStep({
      name: 'step',
      version: '1',
      cache: 'never',
      outputs: { n: z.number() },
      run: () => {
        if (broken.now) throw new Error('broken')
        return { n: 7 }
      },
    })
    return { broken, pipeline: definePipeline({ name: 'p' }, (p) => p.step(step, {})) }
  }

  /** A run that has failed, and a workspace that is held up when it has (or is about to have) taken it. */
  async function given(when: 'before' | 'after') {
    const root = await tempFolder()
    const { broken, pipeline } = failsOnce()
    const [gate, held] = [deferred(), deferred()]
    const quick = await tempWorkspace({ root })
    const { run } = (await quick.run(pipeline, {}).catch((thrown: unknown) => thrown)) as RunFailedError
    broken.now = false
    const real = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
    const hold = async (): Promise<void> => {
      held.resolve()
      await gate.promise
    }
    const acquire: typeof real.acquire = async (...args) => {
      if (when === 'before') await hold()
      const acquired = await real.acquire(...args)
      if (when === 'after') await hold()
      return acquired
    }
    const slow = await tempWorkspace({ root, metadata: { ...real, acquire } })
    return { quick, slow, run, pipeline, gate, held }
  }

  test('by another one that succeeds is refused, and lets go of the run', async () => {
    const { quick, slow, run, pipeline, gate, held } = await given('before')
    const late = expect(slow.resume(run, pipeline)).rejects.toMatchObject({ code: 'RUN_NOT_RESUMABLE' })
    await held.promise
    await quick.resume(run, pipeline)
    gate.resolve()
    await late
    expect(await quick.show(run)).toMatchObject({ state: 'succeeded', owner: null })
  })

  test('by the end of its workspace lets go of the run', async () => {
    const { quick, slow, run, pipeline, gate, held } = await given('after')
    const late = expect(slow.resume(run, pipeline)).rejects.toMatchObject({ code: 'WORKSPACE_CLOSED' })
    await held.promise
    const closing = slow.close()
    gate.resolve()
    await closing
    await late
    expect((await quick.resume(run, pipeline)).outputs).toEqual({ n: 7 })
  })
})

describe('kill -9', () => {
  test('the run goes on where it was: nothing that had finished runs again, effects keep their key', async () => {
    const root = await tempFolder()
    const program = fileURLToPath(new URL('programs/killed.ts', import.meta.url))
    const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url))
    const start = spawn(process.execPath, [tsx, program, root, 'start'], {
      stdio: ['ignore', 'pipe', 'inherit'],
      detached: true,
    })
    let text = ''
    await new Promise<void>((resolve) => {
      start.stdout.on('data', (chunk: Buffer) => {
        text += chunk.toString()
        if (text.includes('hanging') && text.includes('run ')) resolve()
      })
    })
    // The loader starts a child of its own: the whole group is killed, as by a machine that goes down.
    process.kill(-start.pid!, 'SIGKILL')
    await new Promise((resolve) => start.once('close', resolve))
    const id = /run (\S+)/.exec(text)![1]!
    const pw = await tempWorkspace({ root })
    // The child of the loader may take a moment to be gone.
    await expect.poll(async () => (await pw.show(id)).state).toBe('interrupted')
    await pw.close()
    const resume = spawn(process.execPath, [tsx, program, root, 'resume', id], {
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    resume.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()))
    expect(await new Promise((resolve) => resume.once('close', resolve))).toBe(0)
    expect(JSON.parse(output)).toEqual({ n: 102, all: [2, 3, 4] })
    const journal = (await readFile(join(root, 'journal.txt'), 'utf8')).trim().split('\n')
    expect(journal.filter((line) => !line.startsWith('notify')).toSorted()).toEqual([
      'hang 100 attempt 1',
      'hang 100 attempt 2',
      'link 1',
      'link 101',
      'link 2',
      'link 3',
    ])
    expect(journal.filter((line) => line.startsWith('notify'))).toHaveLength(1)
    const after = await tempWorkspace({ root })
    const { executions } = await after.show(id)
    expect(executions.find(({ node }) => node === 'hang')?.attempts.map(({ end }) => end)).toEqual([
      'interrupted',
      'succeeded',
    ])
  }, 60_000)
})
