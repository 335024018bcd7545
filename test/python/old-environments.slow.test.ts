import { mkdir, readdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import {
  complete,
  keepInUse,
  takeIntoUse,
  takeOutOfUse,
} from '../../src/python/environment/environment-folder.ts'
import { environmentsOf } from '../../src/python/environment/old-environments.ts'
import { withProcessLock } from '../../src/python/environment/process-lock.ts'
import { findingsExitCode } from '../../src/cli/exit-codes.ts'
import { pipewright, projectFolder } from '../cli/command.ts'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'

const day = 24 * 60 * 60 * 1_000
const bytes = 3_000

async function environment(
  folder: string,
  name: string,
  { days, isComplete = true }: { readonly days: number; readonly isComplete?: boolean },
): Promise<string> {
  const venv = join(folder, name.padStart(16, '0'))
  await mkdir(join(venv, 'lib'), { recursive: true })
  await writeFile(join(venv, 'lib', 'big.py'), '#'.repeat(bytes))
  if (isComplete) await complete(venv, { tool: 'pip', requirements: `${name}.txt`, python: '3.12.1', ms: 5 })
  const at = new Date(Date.now() - days * day)
  await utimes(isComplete ? join(venv, 'pipewright-complete.json') : venv, at, at)
  return venv
}

async function workspace() {
  const root = await tempFolder()
  const pw = await tempWorkspace({ root })
  return { root, pw, folder: join(root, '.pipewright', 'python') }
}

describe('gc of Python environments', () => {
  test('removes what was not used for the age, and what is half-made, with its bytes', async () => {
    const { pw, folder } = await workspace()
    const old = await environment(folder, 'a1', { days: 40 })
    const half = await environment(folder, 'b1', { days: 1, isComplete: false })
    await environment(folder, 'c1', { days: 20 })
    await environment(folder, 'd1', { days: 0, isComplete: false })
    await mkdir(join(folder, 'of-somebody-else'))
    const options = { olderThan: '30d', environmentsOlderThan: '30d' } as const
    const dry = await pw.gc({ ...options, dryRun: true })
    expect(dry.environments).toEqual([
      { path: old, requirements: 'a1.txt', bytes: expect.any(Number) as number },
    ])
    expect(dry.environments[0]!.bytes).toBeGreaterThan(bytes)
    expect(await environmentsOf(folder)).toHaveLength(4)
    expect(await pw.gc(options)).toMatchObject({ environments: dry.environments })
    const { environments } = await pw.gc({ olderThan: '30d', environmentsOlderThan: '12h' })
    expect(environments.map(({ path, requirements }) => [path, requirements])).toEqual([
      [half, null],
      [join(folder, 'c1'.padStart(16, '0')), 'c1.txt'],
    ])
    expect(await readdir(folder)).toEqual(['00000000000000d1', 'of-somebody-else'])
  })

  test('spares what is used or made, whatever the age', async () => {
    const { pw, folder } = await workspace()
    const used = await environment(folder, 'a1', { days: 40 })
    expect(await takeIntoUse(used)).toBe(true)
    const made = await environment(folder, 'b1', { days: 40, isComplete: false })
    await withProcessLock(
      `${made}.lock`,
      undefined,
      () => undefined,
      async () => {
        expect((await pw.gc({ olderThan: 0 })).environments).toEqual([])
      },
    )
    expect((await pw.gc({ olderThan: 0 })).environments).toMatchObject([{ path: made }])
    expect(await environmentsOf(folder)).toMatchObject([{ path: used }])
  })

  test('one that is used while it is to be removed stays complete; one that was removed is not used', async () => {
    const { folder } = await workspace()
    const venv = await environment(folder, 'a1', { days: 40 })
    const since = Date.now() - day
    const stopUse = keepInUse(venv)
    await takeIntoUse(venv)
    expect(await takeOutOfUse(venv, since)).toBe(false)
    expect(await takeIntoUse(venv)).toBe(true)
    stopUse()
    expect(await takeOutOfUse(venv, Date.now())).toBe(true)
    expect(await takeIntoUse(venv)).toBe(false)
  })

  test('the command line tells what it frees', async () => {
    const cwd = await projectFolder()
    await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
    await writeFile(join(cwd, 'package-lock.json'), '{}')
    const folder = join(cwd, '.pipewright', 'python')
    await tempWorkspace({ root: cwd })
    const venv = await environment(folder, 'a1', { days: 40 })
    const dry = await pipewright(cwd, 'gc', '--dry-run')
    expect(dry.out).toMatch(
      /would remove .* 1 Python environment \(3\.\d KiB\)\n {2}.*a1 {2}a1\.txt {2}3\.\d KiB/,
    )
    expect(dry.out).toContain(venv)
    expect((await pipewright(cwd, 'gc', '--environments-older-than', '90d')).out).not.toContain('Python')
    const { out } = await pipewright(cwd, 'gc', '--json')
    expect(JSON.parse(out)).toMatchObject({ environments: [{ path: venv, requirements: 'a1.txt' }] })
  })
})

test('one whose files come and go meanwhile is told of', async () => {
  const { folder } = await workspace()
  const venv = await environment(folder, 'a1', { days: 0, isComplete: false })
  const over = new AbortController()
  const installing = (async () => {
    for (let number = 0; !over.signal.aborted; number++) {
      const temporary = join(venv, `temporary-${number % 40}`)
      await mkdir(join(temporary, 'inner'), { recursive: true })
      await rm(temporary, { recursive: true })
    }
  })()
  try {
    for (let look = 0; look < 200; look++) expect(await environmentsOf(folder)).toHaveLength(1)
  } finally {
    over.abort()
    await installing
  }
})

test('doctor tells which Pythons the settings and steps name, and whether they work', async () => {
  const cwd = await projectFolder()
  await writeFile(join(cwd, 'package.json'), '{ "type": "module" }')
  await writeFile(join(cwd, 'requirements.txt'), '')
  await writeFile(
    join(cwd, 'pipewright.config.ts'),
    `export default { python: { requirements: 'requirements.txt' }, pipelines: { p: 'p.ts' } }\n`,
  )
  await writeFile(
    join(cwd, 'p.ts'),
    `import { definePipeline, definePythonStep } from 'pipewright'
const common = { module: 'm', function: 'f' }
const steps = [
  definePythonStep({ ...common, name: 'a' }),
  definePythonStep({ ...common, name: 'b', python: 'python3' }),
  definePythonStep({ ...common, name: 'c', python: { venv: '.venv' } }),
]
export const p = definePipeline({ name: 'p' }, (p) => {
  for (const step of steps) p.step(step, {})
  return {}
})
`,
  )
  const { code, out } = await pipewright(cwd, 'doctor', '--json')
  expect(code).toBe(findingsExitCode)
  const { checks } = JSON.parse(out) as { checks: { name: string; status: string; message: string }[] }
  expect(
    checks.filter(({ name }) => name === 'python').map(({ status, message }) => [status, message]),
  ).toEqual([
    ['ok', 'requirements.txt: no environment yet: the first run makes it'],
    ['ok', expect.stringMatching(/^python3: Python 3\.\d+\.\d+ \(.*\)$/) as string],
    ['fail', expect.stringContaining('.venv is no virtual environment') as string],
  ])
})
