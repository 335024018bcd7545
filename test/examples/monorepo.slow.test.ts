import { execFile } from 'node:child_process'
import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const execute = promisify(execFile)
const repository = fileURLToPath(new URL('../../', import.meta.url))

test('steps of one package in pipelines of another: an edit of a helper runs what reaches it, and nothing else', async () => {
  const root = await tempFolder()
  const npm = (args: readonly string[], cwd = root) => execute('npm', args, { cwd, maxBuffer: 1e8 })
  await cp(join(repository, 'examples/monorepo'), root, { recursive: true })
  const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', root]
  const [{ filename }] = JSON.parse((await npm(pack, repository)).stdout) as [{ filename: string }]
  await npm(['install', `./${filename}`, '--no-audit', '--no-fund', '--ignore-scripts'])
  const start = async (): Promise<string> => (await npm(['start', '--silent'])).stdout

  expect(await start()).toBe('smooth: executed\nanomalies: executed\nanomalies at 4\n')
  expect(await start()).toBe('smooth: reused\nanomalies: reused\nanomalies at 4\n')
  const helper = join(root, 'packages/steps/mean.ts')
  const text = await readFile(helper, 'utf8')
  await writeFile(helper, text.replace('sum + value, 0) /', 'sum + 1 * value, 0) /'))
  expect(await start()).toBe('smooth: reused\nanomalies: executed\nanomalies at 4\n')
  const runs = await execute('npx', ['pipewright', 'runs', '--limit', '1'], { cwd: root })
  const id = /[0-9a-f]{8}-[-0-9a-f]{27}/.exec(runs.stdout)![0]
  const { stdout } = await execute('npx', ['pipewright', 'explain', id, 'anomalies'], { cwd: root })
  expect(stdout).toContain('mean in packages/steps/mean.ts')
})
