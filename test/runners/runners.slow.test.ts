import './loader.ts'
import {
  openWorkspace,
  RunFailedError,
  type PipewrightError,
  type RunnerName,
  type Workspace,
} from 'pipewright'
import { describe, expect, onTestFinished, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { misbehaving, plain, type Mode } from './programs/work.ts'

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
