import { execFile, execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { readdir, writeFile } from 'node:fs/promises'
import { delimiter, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  definePipeline,
  definePythonStep,
  openWorkspace,
  type PythonEnvironment,
  type Workspace,
} from 'pipewright'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { failure, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { needs } from './programs/cached.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const withUv = path('../../node_modules/.cache/python/bin')

/** Writes the wheel of a package of one module that tells its version. */
function writeWheel(folder: string, version: string): string {
  const wheel = join(folder, `tiny-${version}-py3-none-any.whl`)
  execFileSync('python3', ['-c', wheelProgram, wheel, version])
  return wheel
}

const wheelProgram = `
import sys, zipfile
path, version = sys.argv[1:]
info = f"tiny-{version}.dist-info"
with zipfile.ZipFile(path, "w") as wheel:
    wheel.writestr("tiny.py", f"version = '{version}'\\n")
    wheel.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\\nName: tiny\\nVersion: {version}\\n")
    wheel.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    wheel.writestr(f"{info}/RECORD", "")
`

const saved = { ...process.env }

beforeEach(() => {
  // uv only where a test says so.
  process.env['PATH'] = (saved['PATH'] ?? '')
    .split(delimiter)
    .filter((one) => !existsSync(join(one, 'uv')))
    .join(delimiter)
})

afterEach(() => {
  for (const name of ['PATH', 'PIP_INDEX_URL', 'PIP_RETRIES', 'PIP_NO_INDEX', 'PIP_FIND_LINKS']) {
    if (saved[name] === undefined) delete process.env[name]
    else process.env[name] = saved[name]
  }
})

/** A project with a module that needs the package. */
async function project(): Promise<{ root: string; need: (version: string) => Promise<void> }> {
  const root = await tempFolder()
  await writeFile(join(root, 'needs.py'), 'import tiny\n\ndef f():\n    return {"version": tiny.version}\n')
  const need = async (version: string): Promise<void> => {
    await writeFile(join(root, 'packages.txt'), `${writeWheel(root, version)}\n`)
    await writeFile(join(root, 'requirements.txt'), '# by another file\n-r packages.txt\n')
  }
  await need('1.0')
  return { root, need }
}

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
    const { root, need } = await project()
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

test('an environment counts for the cache by the versions that are installed in it', async () => {
  const { root, need } = await project()
  const pw = await tempWorkspace({ root, python })
  const first = await pw.plan(needs, {})
  expect(Object.values(first.code)[0]).toMatchObject({ uncacheable: null })
  expect((await pw.plan(needs, {})).code).toEqual(first.code)
  await need('2.0')
  expect((await pw.plan(needs, {})).code).not.toEqual(first.code)
})

test('two processes make an environment once', async () => {
  const { root } = await project()
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

test('requirements that cannot be met fail with what the tool says, and leave nothing', async () => {
  const { root } = await project()
  process.env['PIP_NO_INDEX'] = '1'
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-ours==9\n')
  const pw = await tempWorkspace({ root, python })
  const detail = await pw.show(await failure(pw.run(pipelineOf(), {})))
  expect(detail.executions[0]!.error).toMatchObject({ code: 'ENVIRONMENT_INVALID' })
  expect(detail.executions[0]!.error!.message).toMatch(
    /No matching distribution found for no-such-package-of-ours==9/,
  )
  expect(await readdir(join(root, '.pipewright', 'python'))).toEqual([])
})

test('a package index that is not reached is told as the tool tells it', async () => {
  const { root } = await project()
  process.env['PIP_INDEX_URL'] = 'http://127.0.0.1:9/simple'
  process.env['PIP_RETRIES'] = '1'
  delete process.env['PIP_FIND_LINKS']
  await writeFile(join(root, 'requirements.txt'), 'no-such-package-of-ours==9\n')
  const pw = await tempWorkspace({ root, python })
  const detail = await pw.show(await failure(pw.run(pipelineOf(), {})))
  expect(detail.executions[0]!.error!.message).toContain('refused')
})
