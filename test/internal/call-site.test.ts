import { execFileSync } from 'node:child_process'
import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { createJiti } from 'jiti'
import { defineStep } from 'pipewright'
import ts from 'typescript'
import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { callSite } from '../../src/internal/call-site.ts'
import { tempFolder } from '../workspace/temp.ts'

const source = fileURLToPath(new URL('../../src/internal/call-site.ts', import.meta.url))
const tsx = fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url))

/** A package that holds nothing but the function, as it would be installed, and a module that calls it. */
async function installed(): Promise<string> {
  const root = await realpath(await tempFolder())
  const { outputText } = ts.transpileModule(readFileSync(source, 'utf8'), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 },
  })
  const folder = join(root, 'node_modules/kit/dist/internal')
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'call-site.js'), outputText)
  await writeFile(
    join(root, 'node_modules/kit/dist/index.js'),
    "import { callSite } from './internal/call-site.js'\nexport const define = () => callSite()",
  )
  await writeFile(
    join(root, 'node_modules/kit/package.json'),
    '{"name":"kit","type":"module","exports":"./dist/index.js"}',
  )
  await writeFile(join(root, 'package.json'), '{"type":"module"}')
  for (const name of ['steps.mjs', 'steps.ts']) {
    await writeFile(
      join(root, name),
      `import { define } from 'kit'\n\nexport const site = define()\nif (process.env.PRINT) console.log(JSON.stringify(site))`,
    )
  }
  return root
}

test('in this test', () => {
  expect(defineStep({ name: 'here', run: () => undefined }).module).toBe(fileURLToPath(import.meta.url))
  expect(callSite()?.file).toBe(fileURLToPath(import.meta.url))
})

test('under plain Node and under tsx', async () => {
  const root = await installed()
  const env = { ...process.env, PRINT: '1' }
  for (const [args, file] of [
    [[join(root, 'steps.mjs')], 'steps.mjs'],
    [[tsx, join(root, 'steps.ts')], 'steps.ts'],
    [['--enable-source-maps', join(root, 'steps.mjs')], 'steps.mjs'],
  ] as const) {
    const output = execFileSync(process.execPath, args, { encoding: 'utf8', env, cwd: root })
    expect(JSON.parse(output)).toEqual({ file: join(root, file), line: 3 })
  }
})

test('under jiti', async () => {
  const root = await installed()
  const loaded: { site: unknown } = await createJiti(import.meta.url).import(join(root, 'steps.ts'))
  expect(loaded.site).toEqual({ file: join(root, 'steps.ts'), line: 3 })
})

test('in a folder whose name holds brackets, blanks and percent signs', async () => {
  const root = await installed()
  for (const name of ['(group)', 'a b', '100%', 'ä#1']) {
    const file = join(root, name, 'steps.mjs')
    await mkdir(join(root, name))
    await writeFile(file, "import { define } from 'kit'\nconsole.log(JSON.stringify((() => define())()))")
    const output = execFileSync(process.execPath, [file], { encoding: 'utf8' })
    expect(JSON.parse(output)).toEqual({ file, line: 2 })
  }
})

test('evaluated code has no file of its own; a changed format of stacks does no harm', () => {
  // oxlint-disable-next-line typescript/unbound-method -- put back as it was
  const prepare = Error.prepareStackTrace
  Error.prepareStackTrace = (_error, sites) => sites
  try {
    expect(callSite()).toBeUndefined()
  } finally {
    Error.prepareStackTrace = prepare
  }
  const limit = Error.stackTraceLimit
  // oxlint-disable-next-line typescript/no-implied-eval -- what is being tested
  const evaluated: unknown = new Function('callSite', 'return callSite()')(callSite)
  expect((evaluated as { file: string }).file).toBe(fileURLToPath(import.meta.url))
  expect(Error.stackTraceLimit).toBe(limit)
})
