import { spawnSync } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder, tempWorkspace } from './temp.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const tsx = path('../../node_modules/tsx/dist/esm/index.mjs')

test('a step of 1,000 calls, killed after 100, 200 and 300 of them and within one, makes each once', async () => {
  const root = await tempFolder()
  const start = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', tsx, path('programs/charges.ts'), root, ...args], {
      encoding: 'utf8',
    })
  expect(start('after 100').signal).toBe('SIGKILL')
  const pw = await tempWorkspace({ root })
  const { id } = (await pw.runs()).items[0]!
  for (const cut of ['after 200', 'within 250', 'after 300']) expect(start(cut, id).signal).toBe('SIGKILL')
  const last = start('', id)
  expect(last.stderr).toBe('')
  expect(last.stdout.trim()).toBe('{"sum":1000}')
  const lines = (await readFile(join(root, 'journal.txt'), 'utf8')).trim().split('\n')
  const keys = new Map<string, string[]>()
  for (const line of lines) {
    const [n, key] = line.split(' ') as [string, string]
    keys.set(n, [...(keys.get(n) ?? []), key])
  }
  expect(keys.size).toBe(1_000)
  const repeated = [...keys].filter(([, asked]) => asked.length > 1)
  expect(repeated.map(([n, asked]) => [n, asked.length, new Set(asked).size])).toEqual([['250', 2, 1]])
  expect(new Set([...keys.values()].flat()).size).toBe(1_000)
})
