import { execFile } from 'node:child_process'
import { mkdir, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { pythonCode } from '../../src/python/code/python-code.ts'
import { tempFolder } from '../workspace/temp.ts'
import { different, same, type ClosureCase } from './closure-cases.ts'
import { step } from './programs/reaching.ts'

async function write(root: string, files: ClosureCase['after']): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    const file = join(root, path)
    await mkdir(dirname(file), { recursive: true })
    await (text === null ? rm(file) : writeFile(file, text))
  }
}

async function digestOf(root: string): Promise<string> {
  const code = await pythonCode(step, { root })
  if (!code.cacheable) throw new Error(code.reason)
  return code.digest
}

async function digests({ before, after }: ClosureCase): Promise<[string, string]> {
  const root = await tempFolder()
  await write(root, before)
  const first = await digestOf(root)
  expect(Object.keys(after)).not.toEqual([])
  await write(root, after)
  return [first, await digestOf(root)]
}

describe('not seen', () => {
  test.each(same)('$title', async (one) => {
    const [before, after] = await digests(one)
    expect(after).toBe(before)
  })
})

describe('seen', () => {
  test.each(different)('$title', async (one) => {
    const [before, after] = await digests(one)
    expect(after).not.toBe(before)
  })
})

test('what is widened is said, with the reason', async () => {
  const root = await tempFolder()
  await write(root, {
    'train.py': 'from other import *\ndef f(n):\n    return {"n": n}\n',
    'other.py': 'a = 1\n',
  })
  expect(await pythonCode(step, { root })).toMatchObject({ wide: ['other.py (import * in train)'] })
  await write(root, { 'train.py': 'def f(n):\n    return {"n": eval(n)}\n' })
  expect(await pythonCode(step, { root })).toMatchObject({
    wide: ['the Python of the project (eval may run any code)'],
  })
})

test('of what is installed only what is imported counts, with what that needs', async () => {
  const root = await tempFolder()
  const site = join(root, 'env', 'lib', 'site-packages')
  for (const [name, needs] of [
    ['one', 'Two.Half>=1'],
    ['two_half', "six; extra == 'test'"],
    ['six', ''],
  ])
    await write(site, {
      [`${name}/__init__.py`]: '',
      [`${name}-1.0.dist-info/METADATA`]: `Name: ${name}\nVersion: 1.0\n${needs === '' ? '' : `Requires-Dist: ${needs}\n`}`,
      [`${name}-1.0.dist-info/RECORD`]: `${name}/__init__.py,,\n`,
    })
  await write(root, { 'train.py': 'import one\ndef f(n):\n    return {"n": n}\n' })
  vi.stubEnv('PYTHONPATH', site)
  onTestFinished(() => void vi.unstubAllEnvs())
  // Another name of the interpreter: what it has is known by now under its own.
  const { stdout } = await promisify(execFile)('python3', ['-c', 'import sys;print(sys.executable)'])
  await symlink(stdout.trim(), join(root, 'python-of-this-test'))
  const code = await pythonCode(step, { root, python: { interpreter: './python-of-this-test' } })
  expect(code).toMatchObject({ packages: { 'one (Python)': '1.0', 'two-half (Python)': '1.0' } })
  expect(code).not.toHaveProperty('packages.six (Python)')
})
