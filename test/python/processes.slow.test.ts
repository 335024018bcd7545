import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { definePipeline, definePythonStep, type Workspace } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { failure, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { isAlive } from './alive.ts'
import { pythonStep } from './steps.ts'

const uncached = { cache: 'never' } as const
const counting = pythonStep('count', {}, { calls: z.number(), pid: z.number() }, uncached)
const twice = definePipeline({ name: 'twice' }, (p) => {
  const first = p.step(counting, {}, { id: 'first' })
  const second = p.step(counting, {}, { id: 'second', after: [first] })
  return { first: first.calls, second: second.calls, pid: first.pid, other: second.pid }
})

/** Waits for what happens in another process. */
async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await holds())) await delay(20)
}

function one(name: string, others: object = {}) {
  const step = pythonStep(name, {}, { pid: z.number() }, { ...uncached, ...others })
  return definePipeline({ name: name.replaceAll('_', '-') }, (p) => ({ pid: p.step(step, {}).pid }))
}

async function logOf(pw: Workspace, run: string): Promise<string> {
  const lines: string[] = []
  for await (const line of pw.logs(run)) lines.push('message' in line ? line.message : '')
  return lines.join('\n')
}

test('a process is used again, with what it has imported, and ends with the workspace', async () => {
  const pw = await tempWorkspace()
  const { outputs } = await pw.run(twice, {})
  expect(outputs).toMatchObject({ first: 1, second: 2 })
  expect(outputs.pid).toBe(outputs.other)
  expect((await pw.run(twice, {})).outputs).toMatchObject({ first: 3, pid: outputs.pid })
  expect(isAlive(outputs.pid)).toBe(true)
  await pw.close()
  expect(isAlive(outputs.pid)).toBe(false)
})

test('a process takes one call at a time', async () => {
  const pw = await tempWorkspace()
  const slow = pythonStep('naps', { item: z.number() }, { pid: z.number() }, uncached)
  const both = definePipeline({ name: 'both', inputs: { items: z.array(z.number()) } }, (p, input) => ({
    pids: p.map(input.items, (item, q) => ({ pid: q.step(slow, { item }).pid })).pid,
  }))
  const { outputs } = await pw.run(both, { items: [1, 2] })
  expect(new Set(outputs.pids).size).toBe(2)
})

test('a process whose module has changed is not used again', async () => {
  const root = await tempFolder()
  const path = join(root, 'mine.py')
  await writeFile(path, 'def f():\n    return {"value": 1}\n')
  const pw = await tempWorkspace({ root })
  const step = definePythonStep({
    name: 'changing',
    outputs: { value: z.number() },
    module: 'mine',
    function: 'f',
    version: '1',
    cache: 'never',
  })
  const pipeline = definePipeline({ name: 'changing' }, (p) => ({ value: p.step(step, {}).value }))
  expect((await pw.run(pipeline, {})).outputs.value).toBe(1)
  await writeFile(path, 'def f():\n    return {"value": 22}\n')
  expect((await pw.run(pipeline, {})).outputs.value).toBe(22)
})

test('processes that a function leaves behind are told and ended', async () => {
  for (const name of ['forks', 'zombie']) {
    const pw = await tempWorkspace()
    const { outputs, run } = await pw.run(one(name), {})
    expect(await logOf(pw, run.id)).toContain('left processes behind')
    await until(() => !isAlive(outputs.pid))
    // Nor is anybody left in its group.
    await until(() => !isAlive(-outputs.pid))
    await pw.close()
  }
})

test('what a function has forked does not answer in its place', async () => {
  const pw = await tempWorkspace()
  const { outputs } = await pw.run(one('fork_returns'), {})
  expect(outputs.pid).toBeGreaterThan(0)
})

test('a cancelled run raises Cancelled in the function', async () => {
  const path = join(await tempFolder(), 'state')
  const pw = await tempWorkspace()
  const step = pythonStep('waits', { path: z.string() }, {}, uncached)
  const pipeline = definePipeline({ name: 'waiting', inputs: { path: z.string() } }, (p, input) => {
    p.step(step, { path: input.path })
    return {}
  })
  const handle = await pw.start(pipeline, { path })
  await until(() => existsSync(path))
  handle.cancel()
  await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  expect(await readFile(path, 'utf8')).toBe('cancelled True')
})

test('a function that ignores SIGTERM is killed, with its group, when the grace is over', async () => {
  const path = join(await tempFolder(), 'state')
  const pw = await tempWorkspace()
  const step = pythonStep('ignores', { path: z.string() }, {}, { ...uncached, grace: '300ms' })
  const pipeline = definePipeline({ name: 'ignoring', inputs: { path: z.string() } }, (p, input) => {
    p.step(step, { path: input.path })
    return {}
  })
  const handle = await pw.start(pipeline, { path })
  await until(() => existsSync(path))
  handle.cancel()
  await expect(handle.result()).rejects.toMatchObject({ code: 'RUN_CANCELLED' })
  const pid = Number(await readFile(path, 'utf8'))
  await until(() => !isAlive(pid))
})

test('a function that takes longer than its timeout is stopped, in whatever it waits', async () => {
  const path = join(await tempFolder(), 'state')
  const pw = await tempWorkspace()
  const step = pythonStep('waits', { path: z.string() }, {}, { ...uncached, timeout: '400ms' })
  const pipeline = definePipeline({ name: 'slow', inputs: { path: z.string() } }, (p, input) => {
    p.step(step, { path: input.path })
    return {}
  })
  const detail = await pw.show(await failure(pw.run(pipeline, { path })))
  expect(detail.executions[0]!.attempts[0]).toMatchObject({
    end: 'timed-out',
    error: { code: 'STEP_TIMEOUT' },
  })
})

test('an attempt whose process is lost is tried again in another one', async () => {
  const pw = await tempWorkspace()
  const step = pythonStep(
    'dies_once',
    {},
    { attempt: z.number() },
    { ...uncached, retry: { attempts: 2, delay: 1 } },
  )
  const pipeline = definePipeline({ name: 'dying' }, (p) => ({ attempt: p.step(step, {}).attempt }))
  const { outputs, run } = await pw.run(pipeline, {})
  expect(outputs.attempt).toBe(2)
  const { executions } = await pw.show(run.id)
  expect(executions[0]!.attempts.map(({ error }) => error?.code)).toEqual(['WORKER_FAILED', undefined])
})

test('a step is repeated alone, in Python as anywhere', async () => {
  const pw = await tempWorkspace()
  const { run } = await pw.run(twice, {})
  const repeated = await pw.repeatStep(run.id, 'second', twice)
  expect(repeated.error).toBeUndefined()
  expect(repeated.differences?.map(({ output }) => output)).toContain('calls')
})

test('the seed is of the inputs: equal ones draw the same', async () => {
  const pw = await tempWorkspace()
  const draw = pythonStep(
    'draws',
    {},
    { value: z.number(), seed: z.number(), set: z.array(z.string()) },
    uncached,
  )
  const pipeline = definePipeline({ name: 'drawing' }, (p) => {
    const { value, set } = p.step(draw, {})
    return { value, set }
  })
  const first = (await pw.run(pipeline, {})).outputs
  await pw.close()
  const other = await tempWorkspace()
  expect((await other.run(pipeline, {})).outputs).toEqual(first)
})

test('no process keeps the one that started it, however that ends', async () => {
  const program = fileURLToPath(new URL('programs/left-open.ts', import.meta.url))
  const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/esm/index.mjs', import.meta.url))
  const root = await tempFolder()
  const text = execFileSync(process.execPath, ['--import', tsx, program, root], { encoding: 'utf8' })
  await until(() => !isAlive(Number(text)))
})

test('outside of a worker what it offers does nothing', () => {
  const folder = fileURLToPath(new URL('../../python', import.meta.url))
  const code = `
from pipewright_worker import *
log("a", level="warn", b=1); metric("m", 1); param("p", 2); progress(1, 2); report({}); checkpoint(3)
print(restored("none"), cancelled(), seed(), attempt(), idempotency_key(), workdir().is_dir())`
  const env = { ...process.env, PYTHONPATH: folder, PYTHONDONTWRITEBYTECODE: '1' }
  expect(execFileSync('python3', ['-c', code], { env, encoding: 'utf8' })).toBe(
    'none False None None None True\n',
  )
})

test('a module that is never done with loading is ended with the timeout of the step, and told to have been loading', async () => {
  const pw = await tempWorkspace()
  const step = pythonStep('f', {}, { n: z.number() }, { module: 'never_loads', timeout: 800, grace: 200 })
  const pipeline = definePipeline({ name: 'never-loads' }, (p) => ({ n: p.step(step, {}).n }))
  const { attempts } = (await pw.show(await failure(pw.run(pipeline, {})))).executions[0]!
  expect(attempts).toMatchObject([{ end: 'timed-out', error: { code: 'STEP_TIMEOUT' } }])
  expect(attempts[0]!.error!.message).toMatch(
    /^step 'f': its Python was still loading never_loads when its timeout was over, and was ended\nFix: look for what never ends/,
  )
})
