import { execFile, spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { mkdir, readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  definePipeline,
  definePythonStep,
  openWorkspace,
  type EnvironmentProgress,
  type PythonEnvironment,
  type Workspace,
} from 'pipewright'
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { failure, tempWorkspace } from '../workspace/temp.ts'
import { needs } from './programs/cached.ts'
import { pathWithoutUv, requirementsProject } from './requirements-project.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const withUv = path('../../node_modules/.cache/python/bin')

const saved = { ...process.env }

beforeEach(() => {
  // uv only where a test says so.
  process.env['PATH'] = pathWithoutUv(saved['PATH'])
})

afterEach(() => {
  for (const name of ['PATH', 'PIP_INDEX_URL', 'PIP_RETRIES', 'PIP_NO_INDEX', 'PIP_FIND_LINKS']) {
    if (saved[name] === undefined) delete process.env[name]
    else process.env[name] = saved[name]
  }
})

const python: PythonEnvironment = { requirements: 'requirements.txt' }

function pipelineOf(others: object = {}) {
  const step = definePythonStep({
    name: 'needing',
    outputs: { version: z.string() },
    module: 'needs',
    function: 'f',
    version: '1',
    cache: 'never',
    ...others,
  })
  return definePipeline({ name: 'needing' }, (p) => ({ version: p.step(step, {}).version }))
}

async function logOf(pw: Workspace, run: string): Promise<string> {
  const lines: string[] = []
  for await (const line of pw.logs(run)) lines.push('message' in line ? line.message : '')
  return lines.join('\n')
}

describe.each(['pip', 'uv'])('an environment of requirements, made by %s', (tool) => {
  test('is made once for a content of the file, and told', async () => {
    if (tool === 'uv') process.env['PATH'] = `${withUv}${delimiter}${process.env['PATH']}`
    const { root, need } = await requirementsProject()
    const pw = await tempWorkspace({ root, python })
    const first = await pw.run(pipelineOf(), {})
    expect(first.outputs.version).toBe('1.0')
    const log = await logOf(pw, first.run.id)
    expect(log).toContain(`making the environment of requirements.txt with ${tool}`)
    expect(log).toContain('tiny')
    const again = await pw.run(pipelineOf(), {})
    expect(await logOf(pw, again.run.id)).not.toContain('making the environment')
    await need('2.0')
    expect((await pw.run(pipelineOf(), {})).outputs.version).toBe('2.0')
    const made = (await readdir(join(root, '.pipewright', 'python'))).filter((name) => !name.includes('.'))
    expect(made).toHaveLength(2)
  })
})

test.each(['pip', 'uv'])(
  'who listens is told how %s makes it, and the log of the run says it too',
  async (tool) => {
    if (tool === 'uv') process.env['PATH'] = `${withUv}${delimiter}${process.env['PATH']}`
    const { root } = await requirementsProject()
    const pw = await tempWorkspace({ root, python })
    const told: EnvironmentProgress[] = []
    pw.onEnvironment(() => {
      throw new Error('a listener that fails')
    })
    const forget = pw.onEnvironment((progress) => told.push(progress))
    // Its key needs the versions: it is made before there is a run.
    const { run } = await pw.run(needs, {})
    expect(told[0]).toMatchObject({ state: 'making', requirements: 'requirements.txt', tool, packages: 0 })
    expect(told.at(-1)).toMatchObject({ state: 'made', packages: 1 })
    const log = await logOf(pw, run.id)
    for (const { line } of told) expect(log).toContain(line)
    const again = await pw.run(needs, {}, { cache: 'refresh' })
    expect(await logOf(pw, again.run.id)).not.toContain('making the environment')
    forget()
    const before = told.length
    await writeFile(join(root, 'requirements.txt'), '')
    await pw.plan(needs, {})
    expect(told).toHaveLength(before)
  },
)

test('that one was not made is told', async () => {
  const { root } = await requirementsProject()
  process.env['PIP_NO_INDEX'] = '1'
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-ours==9\n')
  const pw = await tempWorkspace({ root, python })
  const told: EnvironmentProgress[] = []
  pw.onEnvironment((progress) => told.push(progress))
  const { code } = await pw.plan(needs, {})
  expect(Object.values(code)[0]!.uncacheable).toContain('cannot be made')
  expect(told.at(-1)!.state).toBe('failed')
})

test('an environment counts for the cache by the versions that are installed in it', async () => {
  const { root, need } = await requirementsProject()
  const pw = await tempWorkspace({ root, python })
  const first = await pw.plan(needs, {})
  expect(Object.values(first.code)[0]).toMatchObject({ uncacheable: null })
  expect((await pw.plan(needs, {})).code).toEqual(first.code)
  await need('2.0')
  expect((await pw.plan(needs, {})).code).not.toEqual(first.code)
})

test('two processes make an environment once', async () => {
  const { root } = await requirementsProject()
  const run = async (): Promise<string> => {
    const pw = await openWorkspace({ root, python })
    try {
      const { outputs } = await pw.run(pipelineOf(), {})
      return outputs.version
    } finally {
      await pw.close()
    }
  }
  const tsx = path('../../node_modules/tsx/dist/esm/index.mjs')
  const other = promisify(execFile)(process.execPath, [
    '--import',
    tsx,
    path('programs/make-environment.ts'),
    root,
  ])
  const [mine, { stdout }] = await Promise.all([run(), other])
  expect([mine, stdout.trim()]).toEqual(['1.0', '1.0'])
})

test('a tool ends with the process that was killed while it made an environment, and another makes it', async () => {
  const { root } = await requirementsProject()
  const slow = join(root, 'slow')
  await mkdir(slow)
  const pid = join(root, 'pid')
  await writeFile(
    join(slow, 'uv'),
    `#!/bin/sh\n[ "$1" = --version ] && exit 0\nmkdir -p "$4"\nsleep 600 &\necho $! > ${pid}.new\nmv ${pid}.new ${pid}\nwait\n`,
    { mode: 0o755 },
  )
  const tsx = path('../../node_modules/tsx/dist/esm/index.mjs')
  const program = ['--import', tsx, path('programs/make-environment.ts'), root]
  const env = { ...process.env, PATH: `${slow}${delimiter}${process.env['PATH']}` }
  const killed = spawn(process.execPath, program, { env, stdio: 'ignore' })
  while (!existsSync(pid)) await delay(20)
  killed.kill('SIGKILL')
  const isThere = (): boolean => {
    try {
      return process.kill(Number(readFileSync(pid, 'utf8')), 0)
    } catch {
      return false
    }
  }
  onTestFinished(() => void (isThere() && process.kill(Number(readFileSync(pid, 'utf8')), 'SIGKILL')))
  for (let turn = 0; isThere() && turn < 100; turn++) await delay(50)
  expect(isThere()).toBe(false)
  const pw = await tempWorkspace({ root, python })
  expect((await pw.run(pipelineOf(), {})).outputs.version).toBe('1.0')
})

test('requirements that cannot be met fail with what the tool says, and leave nothing', async () => {
  const { root } = await requirementsProject()
  process.env['PIP_NO_INDEX'] = '1'
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-ours==9\n')
  const pw = await tempWorkspace({ root, python })
  const trying = pipelineOf({ retry: { attempts: 3, delay: '10ms' } })
  const detail = await pw.show(await failure(pw.run(trying, {})))
  const [{ error, attempts }] = detail.executions as [(typeof detail.executions)[0]]
  expect(error).toMatchObject({ code: 'ENVIRONMENT_INVALID' })
  expect(error!.message.split('\n')[0]).toBe(
    "step 'needing': the environment of requirements.txt cannot be made: No matching distribution found for no-such-package-of-ours==9",
  )
  expect(attempts).toHaveLength(1)
  expect(await readdir(join(root, '.pipewright', 'python'))).toEqual([])
})

test('a package index that is not reached is told as the tool tells it', async () => {
  const { root } = await requirementsProject()
  process.env['PIP_INDEX_URL'] = 'http://127.0.0.1:9/simple'
  process.env['PIP_RETRIES'] = '1'
  delete process.env['PIP_FIND_LINKS']
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-ours==9\n')
  const pw = await tempWorkspace({ root, python })
  const detail = await pw.show(await failure(pw.run(pipelineOf(), {})))
  expect(detail.executions[0]!.error!.message).toContain('refused')
})
