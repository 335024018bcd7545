import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkLoader, checkNode, checkOptional, checkPlatform } from '../../src/cli/doctor/software.ts'
import { tempFolder } from '../workspace/temp.ts'

describe('doctor', () => {
  test.each([
    ['20.19.0', 'ok'],
    ['24.1.0', 'ok'],
    ['20.18.9', 'fail'],
    ['18.20.0', 'fail'],
  ])('Node %s: %s', (version, status) => {
    expect(checkNode(version).status).toBe(status)
  })

  test.each([
    ['linux', 'ok'],
    ['darwin', 'ok'],
    ['win32', 'fail'],
    ['freebsd', 'warn'],
  ] as const)('%s: %s', (platform, status) => {
    expect(checkPlatform(platform).status).toBe(status)
  })

  test('TypeScript that needs a compiler loads', async () => {
    expect(await checkLoader()).toMatchObject({ status: 'ok', fix: null })
  })

  test.each([
    ['1.9.1', 'ok', '1.9.1: runs as spans'],
    ['1.3.0', 'warn', 'needs >=1.4.0 <2'],
    ['2.0.0', 'warn', 'needs >=1.4.0 <2'],
    [undefined, 'ok', 'not installed'],
  ])('@opentelemetry/api %s: %s', async (version, status, message) => {
    const root = await tempFolder()
    const folder = join(root, 'node_modules', '@opentelemetry', 'api')
    await mkdir(folder, { recursive: true })
    if (version !== undefined) await writeFile(join(folder, 'package.json'), JSON.stringify({ version }))
    const [found] = await checkOptional(root)
    expect(found).toMatchObject({ status, message: expect.stringContaining(message) as string })
    expect(found!.fix === null).toBe(status === 'ok')
  })
})
