import { defineCommandStep, definePipeline, file, type RunDetail, type Workspace } from 'pipewright'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { usedByGroup, watchTree } from '../../src/execute/child/process-tree.ts'
import { withUsage } from '../../src/execute/outside-work.ts'
import { startGroup } from '../../src/internal/process-group.ts'
import { failure, tempWorkspace } from '../workspace/temp.ts'
import { FakeEngine, fakeImage } from './fake-engine.ts'

const node = process.execPath
const mebibyte = 2 ** 20

afterEach(() => vi.unstubAllEnvs())

/** Holds so many mebibytes for a while, then writes a file. */
const taking = (mebibytes: number, milliseconds = 700): string =>
  `const held = Buffer.alloc(${mebibytes * mebibyte}, 1)
   setTimeout(() => require('node:fs').writeFileSync(process.argv[1], String(held.length)), ${milliseconds})`

const retry = { attempts: 3, delay: 1, escalate: { memory: 3 } } as const

function pipelineOf(command: readonly string[], more: object) {
  const step = defineCommandStep({
    name: 'take',
    outputs: { out: file('text/plain') },
    command: command as [string, ...string[]],
    ...more,
  })
  return definePipeline({ name: 'takes' }, (p) => ({ out: p.step(step, {}).out }))
}

async function attemptsOf(pw: Workspace, run: string): Promise<RunDetail['executions'][number]['attempts']> {
  return (await pw.show(run)).executions[0]!.attempts
}

const ofNode = (mebibytes: number): string[] => [node, '-e', taking(mebibytes), '--', '{out}']

describe('the memory of a command', () => {
  test('that takes more than it may is told, and the next attempt may take more', async () => {
    const pw = await tempWorkspace()
    const { run } = await pw.run(pipelineOf(ofNode(250), { resources: { memory: '150MiB' }, retry }), {})
    const [first, second, ...others] = await attemptsOf(pw, run.id)
    expect(others).toEqual([])
    expect(first!.error).toMatchObject({ code: 'STEP_OUT_OF_MEMORY' })
    expect(first!.error!.message).toMatch(
      /^step 'take': '.*node' took more memory than its limit of 150 MiB\nFix: raise resources.memory/,
    )
    for (const attempt of [first, second]) {
      expect(attempt!.usage).toMatchObject({ runner: 'command' })
      expect(attempt!.usage!.memory).toBeGreaterThan(150 * mebibyte)
    }
    expect(second!.usage!.memory).toBeGreaterThan(250 * mebibyte)
    expect(second!.usage!.memory).toBeLessThan(450 * mebibyte)
  })

  test('counts with that of all it has started', async () => {
    const pw = await tempWorkspace()
    const shell = ['sh', '-c', '"$@"; exit $?', 'sh', ...ofNode(250)]
    const run = await failure(pw.run(pipelineOf(shell, { resources: { memory: '150MiB' } }), {}))
    const [only] = await attemptsOf(pw, run)
    expect(only!.error).toMatchObject({ code: 'STEP_OUT_OF_MEMORY' })
  })

  test('and its CPU time are recorded where there is no limit', async () => {
    const pw = await tempWorkspace()
    const spinning = `const until = Date.now() + 500; while (Date.now() < until); ${taking(80, 200)}`
    const { run } = await pw.run(pipelineOf([node, '-e', spinning, '--', '{out}'], {}), {})
    const { cpu, memory } = (await attemptsOf(pw, run.id))[0]!.usage!
    expect(cpu).toBeGreaterThan(100)
    expect(memory).toBeGreaterThan(80 * mebibyte)
  })

  test('counts with that of the process or thread that it was started from', () => {
    const usage = { runner: 'process', cpu: 5, memory: 80 } as const
    expect(withUsage(usage, { runner: 'command', cpu: 7, memory: 200 })).toEqual({
      runner: 'process',
      cpu: 12,
      memory: 200,
    })
    expect(withUsage(usage, { runner: 'container' })).toEqual(usage)
    expect(withUsage(usage, undefined)).toEqual(usage)
  })
})

test('memory that forked processes share counts once', async () => {
  const program = `
import os, time
held = bytearray(120 * 2**20)
for at in range(0, len(held), 4096): held[at] = 1
for _ in range(3):
    if os.fork() == 0:
        time.sleep(30)
time.sleep(30)
`
  const group = startGroup(['python3', '-c', program], { stdio: 'ignore' })
  let isExceeded = false
  const watch = watchTree(group.process.pid!, 300 * mebibyte, () => (isExceeded = true))
  try {
    // Four processes of 120 MiB each, if what they share were counted each time.
    await vi.waitFor(() => expect(watch.usage().memory).toBeGreaterThan(400 * mebibyte), 10_000)
    expect(isExceeded).toBe(false)
    expect((await usedByGroup(group.process.pid!))!.resident).toBeGreaterThan(400 * mebibyte)
  } finally {
    watch.stop()
    group.kill('SIGKILL')
    await group.ended
  }
})

test('a container that is killed for its memory is told as such, gets more, and is removed', async () => {
  const engine = await FakeEngine.onPath()
  await engine.images({ 'tools:1': fakeImage('a', 'tools') })
  const pw = await tempWorkspace()
  const more = { resources: { memory: '150MiB', cpu: 1 }, retry, container: { image: 'tools:1' } }
  const { run } = await pw.run(pipelineOf(ofNode(250), more), {})
  const [first, second] = await attemptsOf(pw, run.id)
  expect(first!.error).toMatchObject({ code: 'STEP_OUT_OF_MEMORY' })
  expect(first!.error!.message).toContain('the container of')
  expect(first!.error!.message).toContain('took more memory than its limit of 150 MiB')
  expect(second!.usage).toEqual({ runner: 'container' })
  const limits = (await engine.calls('run')).map((args) => args[args.indexOf('--memory') + 1])
  expect(limits).toEqual([String(150 * mebibyte), String(450 * mebibyte)])
  expect(await engine.containers()).toEqual([])
})

test('a container that ends with 137 for another reason is told by its code', async () => {
  const engine = await FakeEngine.onPath()
  await engine.images({ 'tools:1': fakeImage('a', 'tools') })
  const pw = await tempWorkspace()
  const more = { resources: { memory: '500MiB' }, container: { image: 'tools:1' } }
  const run = await failure(pw.run(pipelineOf([node, '-e', 'process.exit(137)', '{out}'], more), {}))
  expect((await attemptsOf(pw, run))[0]!.error).toMatchObject({ code: 'COMMAND_FAILED' })
  expect(await engine.containers()).toEqual([])
})
