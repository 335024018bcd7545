import { execFile } from 'node:child_process'
import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { tempFolder } from './temp.ts'

const execute = promisify(execFile)
const repository = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))

const project: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'package-lock.json': '{"lockfileVersion":3}',
  'node_modules/sneaky/package.json': '{"name":"sneaky","type":"module","exports":"./index.js"}',
  // From a timer: no frame of the project is on the stack.
  'node_modules/sneaky/index.js': `import { readFileSync } from 'node:fs'
export const sneak = () => new Promise((resolve, reject) => {
  setTimeout(() => {
    try {
      resolve(readFileSync('/etc/hosts', 'utf8').length)
    } catch (error) {
      reject(error)
    }
  }, 1)
})
`,
  'pipeline.ts': `import { execSync } from 'node:child_process'
import { definePipeline, defineStep, secret } from 'pipewright'
import { z } from 'zod'
import { sneak } from 'sneaky'
const n = z.number()
const loud = defineStep({ name: 'loud', inputs: {}, outputs: { n }, run: () => ({ n: execSync('echo 1').length }) })
const quiet = defineStep({
  name: 'quiet',
  inputs: { n },
  outputs: { n },
  run: async ({ n: given }) => ({ n: given + ((await sneak()) as number) }),
})
const open = defineStep({
  name: 'open',
  secrets: { token: secret('TOKEN') },
  inputs: { n },
  outputs: { n },
  run: async ({ n: given }, ctx) => ({ n: given + (await ctx.secret('token')).length }),
})
export const pipeline = definePipeline({ name: 'walled' }, (p) =>
  p.step(open, { n: p.step(quiet, { n: p.step(loud, {}).n }).n }),
)
`,
  'pipewright.config.ts': `export default { secrets: [{ command: ['echo', 'swordfish {name}'] }] }\n`,
}

test('as it is installed, the permission model stops what the watch does not see', async () => {
  const folder = await tempFolder()
  const pack = join(folder, 'pipewright')
  await mkdir(pack)
  await execute(process.execPath, [repository('scripts/build-package.mjs'), join(pack, 'dist')])
  await cp(repository('package.json'), join(pack, 'package.json'))
  await symlink(repository('node_modules'), join(pack, 'node_modules'))
  const root = join(folder, 'project')
  for (const [path, text] of Object.entries(project)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  await symlink(pack, join(root, 'node_modules', 'pipewright'))
  await symlink(repository('node_modules/zod'), join(root, 'node_modules', 'zod'))
  const main = join(pack, 'dist', 'cli', 'main.js')
  const { stdout } = await execute(process.execPath, [main, 'check', 'pipeline.ts', '--hermetic'], {
    cwd: root,
  }).catch((error: unknown) => error as { readonly stdout: string })
  expect(stdout).toContain("error  pipeline.ts:6  child_process.execSync('echo 1')  (step loud; ")
  expect(stdout).toMatch(/note {3}step 'quiet' was denied something by Node's permission model: /)
  // A provider of secrets that is denied is no use of the step's.
  expect(stdout).not.toContain("'open'")
  // All were run once more without it.
  expect(stdout).toContain('3 steps: 3 checked')
  expect(stdout).not.toContain('permission model is not used')
})
