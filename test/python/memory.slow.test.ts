import { definePipeline, type RunDetail, type Workspace } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { failure, tempWorkspace } from '../workspace/temp.ts'
import { pythonStep } from './steps.ts'

const mebibyte = 2 ** 20
const hungry = { module: 'hungry', cache: 'never' } as const

async function attemptsOf(pw: Workspace, run: string): Promise<RunDetail['executions'][number]['attempts']> {
  return (await pw.show(run)).executions[0]!.attempts
}

const taking = (others: object) => {
  const step = pythonStep('take', { mebibytes: z.number() }, { held: z.number() }, { ...hungry, ...others })
  return definePipeline({ name: 'taking', inputs: { mebibytes: z.number() } }, (p, input) => ({
    held: p.step(step, input).held,
  }))
}

describe('the memory of a Python step', () => {
  test('that takes more than it may is told, and the next attempt may take more', async () => {
    const pw = await tempWorkspace()
    const retry = { attempts: 3, delay: 1, escalate: { memory: 3 } }
    const pipeline = taking({ resources: { memory: '150MiB' }, retry })
    const { run, outputs } = await pw.run(pipeline, { mebibytes: 250 })
    expect(outputs.held).toBe(250 * mebibyte)
    const [first, second, ...others] = await attemptsOf(pw, run.id)
    expect(others).toEqual([])
    expect(first!.error).toMatchObject({ code: 'STEP_OUT_OF_MEMORY' })
    expect(first!.error!.message).toMatch(
      /^step 'take': its python process took more memory than its limit of 150 MiB\nFix: raise resources.memory/,
    )
    expect(first!.usage!.runner).toBe('python')
    expect(first!.usage!.memory).toBeGreaterThan(150 * mebibyte)
    expect(second!.usage!.memory).toBeGreaterThan(250 * mebibyte)
    expect(second!.usage!.memory).toBeLessThan(450 * mebibyte)
  })

  test('is that of the attempt, not of those before in the same process', async () => {
    const pw = await tempWorkspace()
    const pipeline = taking({})
    const large = await pw.run(pipeline, { mebibytes: 200 })
    const small = await pw.run(pipeline, { mebibytes: 1 })
    expect((await attemptsOf(pw, large.run.id))[0]!.usage!.memory).toBeGreaterThan(200 * mebibyte)
    if (process.platform === 'linux')
      expect((await attemptsOf(pw, small.run.id))[0]!.usage!.memory).toBeLessThan(150 * mebibyte)
  })

  test('is not what steps before have left in their process', async () => {
    const pw = await tempWorkspace()
    const keep = pythonStep('keep', { mebibytes: z.number() }, { held: z.number() }, hungry)
    const rest = pythonStep(
      'rest',
      { after: z.number() },
      { held: z.number() },
      { ...hungry, resources: { memory: '150MiB' } },
    )
    const pipeline = definePipeline({ name: 'keeping' }, (p) => ({
      held: p.step(rest, { after: p.step(keep, { mebibytes: 200 }).held }).held,
    }))
    expect((await pw.run(pipeline, {})).outputs.held).toBe(0)
  })

  test.runIf(process.platform === 'linux')('nor is its CPU time, where the process is lost', async () => {
    const pw = await tempWorkspace()
    const step = pythonStep(
      'die_after',
      { seconds: z.number() },
      { held: z.number() },
      { ...hungry, resources: { memory: '1GiB' } },
    )
    const pipeline = definePipeline({ name: 'dying', inputs: { seconds: z.number() } }, (p, input) => ({
      held: p.step(step, input).held,
    }))
    await pw.run(pipeline, { seconds: 1.5 })
    const [only] = await attemptsOf(pw, await failure(pw.run(pipeline, { seconds: 0.01 })))
    expect(only!.error).toMatchObject({ code: 'WORKER_FAILED' })
    expect(only!.usage!.cpu).toBeLessThan(1_000)
  })

  test('that it cannot have is told, with the exception and its traceback as the cause', async () => {
    const pw = await tempWorkspace()
    const step = pythonStep(
      'ask_for_all',
      {},
      { held: z.number() },
      { ...hungry, resources: { memory: '2GiB' } },
    )
    const pipeline = definePipeline({ name: 'asking' }, (p) => ({ held: p.step(step, {}).held }))
    const [only] = await attemptsOf(pw, await failure(pw.run(pipeline, {})))
    const { code, message, cause } = only!.error!
    expect(code).toBe('STEP_OUT_OF_MEMORY')
    expect(message).toMatch(
      /^step 'ask-for-all': its function 'ask_for_all' could have no more memory \(its limit is 2 GiB\): MemoryError\nFix: /,
    )
    expect(cause).toMatchObject({ name: 'MemoryError' })
    expect(cause!.stack).toMatch(/hungry\.py", line \d+, in ask_for_all/)
  })

  test('and its CPU time are recorded', async () => {
    const pw = await tempWorkspace()
    const step = pythonStep('spin', {}, { pid: z.number() }, hungry)
    const pipeline = definePipeline({ name: 'spinning' }, (p) => ({ pid: p.step(step, {}).pid }))
    const { run } = await pw.run(pipeline, {})
    const { runner, cpu } = (await attemptsOf(pw, run.id))[0]!.usage!
    expect(runner).toBe('python')
    expect(cpu).toBeGreaterThanOrEqual(290)
  })
})
