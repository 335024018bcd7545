import './loader.ts'
import { execFile, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  definePipeline,
  defineStep,
  openWorkspace,
  RunFailedError,
  type PipewrightError,
  type RunnerName,
  type Workspace,
} from 'pipewright'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { memoryStore } from '../../src/store/memory-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { growing, misbehaving, plain, shared, spinning, spreading, type Mode } from './programs/work.ts'

async function open(root?: string): Promise<Workspace> {
  const pw = await openWorkspace({ root: root ?? (await tempFolder()) })
  onTestFinished(() => pw.close())
  return pw
}

async function failing(
  pw: Workspace,
  mode: Mode,
  runner: RunnerName,
): Promise<{ readonly code: string | undefined; readonly message: string; readonly cause: unknown }> {
  const error: unknown = await pw.run(misbehaving, { mode }, { runner }).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(RunFailedError)
  const { cause } = (error as RunFailedError).failures[0] as { cause: Error }
  return { code: (cause as PipewrightError).code, message: cause.message, cause: cause.cause }
}

describe.each(['thread', 'process'] as const)('in a %s', (runner) => {
  test('gives the same as inline, is hit by what inline made, and tells the same', async () => {
    const told: string[][] = []
    const outputs: unknown[] = []
    const digests: unknown[] = []
    for (const where of ['inline', runner] as const) {
      const pw = await open()
      const seen: string[] = []
      const { outputs: given, run } = await pw.run(
        plain,
        { n: 4 },
        {
          runner: where,
          captureConsole: true,
          onUpdate: ({ event }) => {
            if (event.type === 'attempt.log') seen.push(`${event.level} ${event.message}`)
            if (event.type === 'attempt.metric') seen.push(`${event.name} ${event.value}`)
            if (event.type === 'attempt.progress') seen.push(`${event.done}/${event.total}`)
          },
        },
      )
      outputs.push(given)
      told.push(seen)
      const { executions } = await pw.show(run.id)
      digests.push(executions.map(({ node, key, metrics, params }) => ({ node, key, metrics, params })))
    }
    expect(outputs[1]).toEqual(outputs[0])
    expect(told[1]).toEqual(told[0])
    expect(digests[1]).toEqual(digests[0])
  })

  test('what one runner has made is a hit for the other', async () => {
    const pw = await open()
    await pw.run(plain, { n: 3 }, { runner })
    const { run } = await pw.run(plain, { n: 3 })
    const { executions } = await pw.show(run.id)
    expect(executions.map(({ reused }) => reused !== null)).toEqual([true, true])
  })

  test('errors keep their type, message, stack and cause', async () => {
    const pw = await open()
    const error: unknown = await pw
      .run(misbehaving, { mode: 'throw' }, { runner })
      .catch((thrown: unknown) => thrown)
    const { cause } = (error as RunFailedError).failures[0] as { cause: Error }
    expect(cause).toMatchObject({ name: 'TypeError', message: 'the step threw' })
    expect(cause.stack).toContain('programs/work.ts:')
    expect(cause.cause).toMatchObject({ name: 'RangeError', message: 'because of this' })
    const { executions } = await pw.show((error as RunFailedError).run)
    const [report] = executions[0]!.attempts[0]!.facts!.reports!
    expect(Buffer.from(await pw.bytes(report!)).toString()).toContain('until then')
  })

  test.each<[Mode, string | undefined, RegExp]>([
    ['exit', 'STEP_CRASHED', /ended its (thread|process) itself, with exit code 3/],
    ['heap', 'STEP_OUT_OF_MEMORY', /took more memory than its limit of 160 MiB/],
    ['uncaught', undefined, /thrown in a timer/],
    ['leak', 'STEP_LEFT_PROCESSES', /left a child process running/],
  ])('%s fails that attempt alone', async (mode, code, message) => {
    const pw = await open()
    const error = await failing(pw, mode, runner)
    expect(error.message).toMatch(message)
    expect(error.code).toBe(code)
    expect((await pw.run(misbehaving, { mode: 'pid' }, { runner })).outputs.text).toMatch(/^\d+$/)
  })

  test('is kept warm', async () => {
    const pw = await open()
    const first = await pw.run(misbehaving, { mode: 'pid' }, { runner })
    const second = await pw.run(misbehaving, { mode: 'pid' }, { runner })
    expect(second.outputs.text).toBe(first.outputs.text)
    if (runner === 'process') expect(first.outputs.text).not.toBe(String(process.pid))
  })

  test('what it prints is its log', async () => {
    const pw = await open()
    const { run } = await pw.run(misbehaving, { mode: 'print' }, { runner })
    const lines: string[] = []
    for await (const { message } of pw.logs(run.id)) lines.push(message)
    expect(lines).toEqual(['to standard output', 'to standard error'])
  })

  test('what it uses is recorded', async () => {
    const pw = await open()
    const { run } = await pw.run(misbehaving, { mode: 'pid' }, { runner })
    const { executions } = await pw.show(run.id)
    const { usage } = executions[0]!.attempts[0]!
    expect(usage).toMatchObject({ runner })
    expect(usage!.memory).toBeGreaterThan(1_000_000)
  })
})

describe.each(['thread', 'process'] as const)('ending a %s', (runner) => {
  test('a step that hears no cancel is given up after its grace', async () => {
    const pw = await open()
    const handle = await pw.start(misbehaving, { mode: 'deaf' }, { runner })
    for await (const { event } of handle.events()) if (event.type === 'attempt.progress') break
    handle.cancel('enough')
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  })

  test('a step that spins hears nothing and is ended', async () => {
    const pw = await open()
    const handle = await pw.start(misbehaving, { mode: 'spin' }, { runner })
    for await (const { event } of handle.events()) if (event.type === 'attempt.started') break
    setTimeout(() => handle.cancel('enough'), 1_500)
    await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
    expect((await pw.run(misbehaving, { mode: 'pid' }, { runner })).outputs.text).toMatch(/^\d+$/)
  })

  test('a step that spins past its time is ended, and says so', async () => {
    const pw = await open()
    const error: unknown = await pw.run(spinning, {}, { runner }).catch((thrown: unknown) => thrown)
    const [failure] = (error as RunFailedError).failures
    expect(failure!.cause).toMatchObject({ code: 'STEP_TIMEOUT' })
    const { executions } = await pw.show((error as RunFailedError).run)
    expect(executions[0]!.attempts[0]!.end).toBe('timed-out')
  })
})

test('memory beside the heap counts in a process', async () => {
  const error = await failing(await open(), 'buffers', 'process')
  expect(error).toMatchObject({ code: 'STEP_OUT_OF_MEMORY' })
})

test('a crash of native code is that of the attempt', async () => {
  const error = await failing(await open(), 'crash', 'process')
  expect(error).toMatchObject({
    code: 'STEP_CRASHED',
    message: expect.stringContaining('its process crashed (SIGSEGV)') as string,
  })
})

test('a process sees what is declared and what is allowed, and nothing else', async () => {
  process.env['PIPEWRIGHT_TEST_DECLARED'] = 'declared'
  process.env['PIPEWRIGHT_TEST_OTHER'] = 'other'
  const pw = await open()
  expect((await pw.run(misbehaving, { mode: 'env' }, { runner: 'process' })).outputs.text).toBe('declared,')
  const root = await tempFolder()
  await using allowing = await openWorkspace({
    root,
    runners: { process: { env: ['PIPEWRIGHT_TEST_OTHER'] } },
  })
  const { outputs } = await allowing.run(misbehaving, { mode: 'env' }, { runner: 'process' })
  expect(outputs.text).toBe('declared,other')
})

test('a retry after too little memory is given more', async () => {
  const pw = await open()
  const { outputs, run } = await pw.run(growing, { size: 300 })
  expect(outputs.held).toBe(300)
  const { executions } = await pw.show(run.id)
  const ends = executions[0]!.attempts.map(({ end, error }) => [end, error?.code])
  expect(ends).toEqual([
    ['failed', 'STEP_OUT_OF_MEMORY'],
    ['succeeded', undefined],
  ])
})

test('rules of the settings choose by what a step asks for', async () => {
  await using pw = await openWorkspace({
    root: await tempFolder(),
    runners: { rules: [{ resources: { memory: '100MiB' }, runner: 'process' }] },
  })
  const { outputs } = await pw.run(misbehaving, { mode: 'pid' })
  expect(outputs.text).not.toBe(String(process.pid))
})

test('what no other process can find runs inline, and says so', async () => {
  const here = defineStep({
    name: 'here',
    cache: 'never',
    outputs: { pid: z.number() },
    run: () => ({ pid: process.pid }),
  })
  const local = definePipeline({ name: 'local' }, (p) => ({ pid: p.step(here, {}).pid }))
  const warnings: string[] = []
  const pw = await openWorkspace({ root: await tempFolder(), store: memoryStore() })
  onTestFinished(() => pw.close())
  const { outputs } = await pw.run(
    local,
    {},
    {
      runner: 'process',
      onUpdate: ({ event }) => {
        if (event.type === 'attempt.log') warnings.push(event.message)
      },
    },
  )
  expect(outputs.pid).toBe(process.pid)
  expect(warnings).toEqual(['runs inline, not in a process: its store cannot be opened anywhere else'])
})

test.each([
  ['inline', false],
  ['thread', true],
  ['process', false],
] as const)('a table that many read, %s: shared by threads: %s', async (runner, isShared) => {
  const pw = await open()
  const { outputs } = await pw.run(shared, { n: 50_000, items: [1, 2, 49_999] }, { runner })
  expect(outputs.texts).toEqual([
    `1 wörd 1 wörd 1 ${isShared}`,
    `2 wörd 2 wörd 2 ${isShared}`,
    `49999 wörd 49999 wörd 49999 ${isShared}`,
  ])
})

test('a module that starts a run when it is loaded for its steps is told so', async () => {
  const root = await tempFolder()
  const error: unknown = await promisify(execFile)(
    process.execPath,
    [
      ...process.execArgv.slice(-2),
      fileURLToPath(new URL('programs/starts-itself.ts', import.meta.url)),
      root,
    ],
    { cwd: fileURLToPath(new URL('../..', import.meta.url)) },
  ).catch((thrown: unknown) => thrown)
  expect((error as { stderr: string }).stderr).toMatch(
    /RUN_IN_WORKER|a run was started while a thread or process/,
  )
})

test('when the process that drives a run is killed, those of its steps end with it', async () => {
  const root = await tempFolder()
  const pids = join(root, 'pids')
  const program = fileURLToPath(new URL('programs/run-orphan.ts', import.meta.url))
  const driver = spawn(process.execPath, [...process.execArgv.slice(-2), program, root, pids], {
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
    stdio: 'ignore',
  })
  const both = await vi.waitFor(
    async () => {
      const found = (await readFile(pids, 'utf8')).split(' ').map(Number)
      expect(found).toHaveLength(2)
      return found
    },
    { timeout: 30_000 },
  )
  driver.kill('SIGKILL')
  const isThere = (pid: number): boolean => {
    try {
      // One that nobody has waited for is a zombie, and as good as gone.
      return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'))
    } catch {
      return false
    }
  }
  await vi.waitFor(() => expect(both.filter(isThere)).toEqual([]), { timeout: 10_000 })
})

test.each(['thread', 'process'] as const)('small values that are large together, in a %s', async (runner) => {
  const pw = await open()
  const given = Object.fromEntries(
    Array.from({ length: 40 }, (_, at) => [`part${at}`, String(at).repeat(2_000).slice(0, 3_500)]),
  )
  const { outputs } = await pw.run(spreading, given, { runner })
  for (const [name, text] of Object.entries(given)) expect(outputs[name]).toBe(`${name} ${text}`)
})
