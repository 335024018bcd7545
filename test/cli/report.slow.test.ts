import { execFile } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const start = [
  path('../../node_modules/tsx/dist/cli.mjs'),
  '--tsconfig',
  path('../../tsconfig.json'),
  path('../../src/cli/main.ts'),
]

function pipewright(cwd: string, ...args: string[]): Promise<{ code: number; out: string; err: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [...start, ...args], { cwd, encoding: 'utf8' }, (error, out, err) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error === null ? 0 : -1, out, err })
    })
  })
}

test('report writes the page of a run, says where, and what to do next', async () => {
  const cwd = await tempFolder()
  await writeFile(join(cwd, 'inputs.json'), JSON.stringify({ items: [3, 4] }))
  await pipewright(cwd, 'run', `${path('programs/pipelines.ts')}#doubles`, '--inputs', 'inputs.json')
  const [, id] = /^(\S+) +doubles/m.exec((await pipewright(cwd, 'runs')).out)!
  const first = await pipewright(cwd, 'report', id!)
  expect(first.err).toBe('')
  expect(first.out).toContain(`doubles-${id}.html`)
  expect(first.out).toContain('next: open file://')
  expect(await readFile(join(cwd, `doubles-${id}.html`), 'utf8')).toContain('<!doctype html>')
  const second = await pipewright(cwd, 'report', id!, '--output', 'pages/run.html', '--compare', id!)
  expect(second.out).toContain('pages/run.html')
  expect(await readFile(join(cwd, 'pages/run.html'), 'utf8')).toContain('"comparison"')
  const unknown = await pipewright(cwd, 'report', 'nothing')
  expect(unknown.code).toBe(2)
  expect(unknown.err).toContain('RUN_NOT_FOUND')
})
