import { spawn, type ChildProcess } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { definePipeline, defineStep } from 'pipewright'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { deferred, tempFolder, tempWorkspace } from './temp.ts'

const script = fileURLToPath(new URL('./programs/twin.ts', import.meta.url))

interface Twin {
  readonly child: ChildProcess
  /** All that it has said so far. */
  said(): string
  /** Waits until it has said something. */
  says(text: string | RegExp): Promise<void>
}

function twin(root: string, name: string, end: 'end' | 'fail' = 'end'): Twin {
  const child = spawn(process.execPath, ['--import', 'tsx', script, root, name, end], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  onTestFinished(() => void child.kill('SIGKILL'))
  let output = ''
  child.stdout.on('data', (data: Buffer) => (output += String(data)))
  return {
    child,
    said: () => output,
    says: (text) =>
      vi.waitFor(() => expect(output).toMatch(text), {
        timeout: 30_000,
        interval: 20,
      }),
  }
}

function journal(root: string): string[] {
  try {
    return readFileSync(join(root, 'journal.txt'), 'utf8').trimEnd().split('\n')
  } catch {
    return []
  }
}

function entries(root: string, lines: readonly string[]): Promise<void> {
  return vi.waitFor(() => expect(journal(root)).toEqual(lines), { timeout: 30_000, interval: 20 })
}

/** One process executes, another one waits for it. */
async function pair(end: 'end' | 'fail' = 'end'): Promise<{ root: string; holder: Twin; waiter: Twin }> {
  const root = await tempFolder()
  const holder = twin(root, 'holder', end)
  await entries(root, ['holder 1'])
  const waiter = twin(root, 'waiter')
  await waiter.says('arrived')
  // Long enough to execute by mistake.
  await sleep(300)
  expect(journal(root)).toEqual(['holder 1'])
  return { root, holder, waiter }
}

const go = (root: string, name: string): Promise<void> => writeFile(join(root, `${name}.go`), '')

describe('twins in two processes', () => {
  test('run once: the second takes what the first one made', async () => {
    const { root, holder, waiter } = await pair()
    await go(root, 'holder')
    await holder.says('by holder')
    await waiter.says('by holder')
    expect(journal(root)).toEqual(['holder 1'])
  }, 60_000)

  test('one that waits takes over from a killed one', async () => {
    const { root, holder, waiter } = await pair()
    holder.child.kill('SIGKILL')
    await entries(root, ['holder 1', 'waiter 1'])
    await go(root, 'waiter')
    await waiter.says('by waiter')
  }, 60_000)

  test('one that waits runs when the other one has failed', async () => {
    const { root, holder, waiter } = await pair('fail')
    await go(root, 'holder')
    await holder.says('failed RUN_FAILED')
    await entries(root, ['holder 1', 'waiter 1'])
    await go(root, 'waiter')
    await waiter.says('by waiter')
  }, 60_000)

  test('one that waits is cancelled at once, the other one goes on', async () => {
    const { root, holder, waiter } = await pair()
    const pw = await tempWorkspace({ root })
    await pw.cancel(/run (\S+)/.exec(waiter.said())![1]!)
    await waiter.says('failed RUN_CANCELLED')
    expect(holder.said()).not.toContain('by')
    await go(root, 'holder')
    await holder.says('by holder')
    expect(journal(root)).toEqual(['holder 1'])
  }, 60_000)
})

test('two workspaces of one process on one folder run twins once, and hold no slot for those that wait', async () => {
  const calls: number[] = []
  const started = deferred()
  const gate = deferred()
  const held = defineStep({
    name: 'held',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: async ({ n }) => {
      calls.push(n)
      if (n === 1) {
        started.resolve()
        await gate.promise
      }
      return { n: n + 1 }
    },
  })
  const one = definePipeline({ name: 'one' }, (p) => p.step(held, { n: 1 }))
  const both = definePipeline({ name: 'both' }, (p) => {
    const first = p.step(held, { n: 1 }, { id: 'first' })
    const other = p.step(held, { n: 10 }, { id: 'other' })
    return { n: first.n, other: other.n }
  })
  const root = await tempFolder()
  const [a, b] = [await tempWorkspace({ root }), await tempWorkspace({ root })]
  const running = a.run(one, {})
  await started.promise
  const waiting = b.run(both, {}, { concurrency: 1 })
  await vi.waitFor(() => expect(calls).toEqual([1, 10]))
  gate.resolve()
  expect((await running).outputs).toEqual({ n: 2 })
  expect((await waiting).outputs).toEqual({ n: 2, other: 11 })
  expect(calls).toEqual([1, 10])
})

test('a run that makes no entries waits for none', async () => {
  const calls: string[] = []
  const gate = deferred()
  const held = defineStep({
    name: 'held',
    version: '1',
    run: async () => {
      calls.push('held')
      if (calls.length === 1) await gate.promise
    },
  })
  const pipeline = definePipeline({ name: 'held' }, (p) => p.step(held, {}))
  const root = await tempFolder()
  const pw = await tempWorkspace({ root })
  const running = pw.run(pipeline, {})
  await vi.waitFor(() => expect(calls).toHaveLength(1))
  await pw.run(pipeline, {}, { cache: 'readonly' })
  expect(calls).toHaveLength(2)
  gate.resolve()
  await running
})
