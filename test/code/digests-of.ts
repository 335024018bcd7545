import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { tempFolder } from '../workspace/temp.ts'

const execute = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const loaders: Readonly<Record<string, string>> = {
  tsx: path('node_modules/tsx/dist/cli.mjs'),
  jiti: path('node_modules/jiti/lib/jiti-cli.mjs'),
}

/** The program that tells them. */
export const main = `
import { stepCode } from ${JSON.stringify(path('src/code/step-digest.ts'))}
import * as steps from './steps.ts'
const root = process.argv[2]!
const found: Record<string, string> = {}
for (const [key, step] of Object.entries(steps)) {
  const { name, module, run } = step as never
  const code = await stepCode({ name, module, run }, { root, processStart: Date.now() + 3_600_000 })
  found[key] = code.cacheable ? code.digest : code.reason
}
console.log(JSON.stringify(found))
`

export const header = "import { defineStep } from 'pipewright'\n"

/** The digest of each step that `steps.ts` exports, or why it has none, as a process of its own tells them. */
export async function digestsOf(
  files: Readonly<Record<string, string>>,
  loader = 'tsx',
  env: Readonly<Record<string, string>> = {},
): Promise<Record<string, string>> {
  const root = await tempFolder()
  // What a project has of the package: its own modules count by format numbers.
  for (const [name, text] of Object.entries({
    'package.json': '{"type":"module"}',
    'package-lock.json': '{}',
    'main.ts': main,
    'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
    'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(path('src/define/step.ts'))}`,
    ...files,
  })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const { stdout } = await execute(process.execPath, [loaders[loader]!, join(root, 'main.ts'), root], {
    // As the library lets it load modules.
    env: { ...process.env, JITI_SOURCE_MAPS: 'true', ...env },
  })
  return JSON.parse(stdout) as Record<string, string>
}
