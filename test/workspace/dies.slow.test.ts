import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { expect, test } from 'vitest'
import { tempFolder, tempWorkspace } from './temp.ts'

const program = fileURLToPath(new URL('programs/dies.ts', import.meta.url))
const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/loader.mjs', import.meta.url))

test('a step that ends its process again and again is not tried for ever', async () => {
  const root = await tempFolder()
  const start = (...args: string[]) =>
    spawnSync(process.execPath, ['--import', tsx, program, root, ...args], { encoding: 'utf8' })
  expect(start().signal).toBe('SIGKILL')
  const pw = await tempWorkspace({ root })
  const { id } = (await pw.runs()).items[0]!
  // The first start is not on record; five that are lost in a row are enough.
  for (let time = 1; time <= 5; time++) expect(start(id).signal).toBe('SIGKILL')
  const last = start(id)
  expect(last.signal).toBeNull()
  expect(last.stdout).toContain('lost with its process 5 times in a row')
})
