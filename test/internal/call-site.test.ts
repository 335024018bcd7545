import { execFileSync } from 'node:child_process'
import { mkdir, realpath, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
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

test('source maps of the package and of the caller do not hide the module that is loaded', async () => {
  const root = await installed()
  const kit = join(root, 'node_modules/kit/dist')
  // As tsc writes them with `sourceMap` and `inlineSources`: each line is one of `src`.
  const mapped = async (file: string, name: string): Promise<void> => {
    const text = readFileSync(file, 'utf8')
    const mappings = text.replaceAll(/[^\n]/g, '').replaceAll('\n', ';AACA')
    const map = {
      version: 3,
      sources: [name],
      sourcesContent: [text],
      names: [],
      mappings: `AAAA${mappings}`,
    }
    await writeFile(`${file}.map`, JSON.stringify(map))
    const link = `//# sourceMappingURL=${basename(file)}.map`
    await writeFile(file, `${text}\n${link}`)
  }
  await mapped(join(kit, 'internal/call-site.js'), '../../src/internal/call-site.ts')
  await mapped(join(kit, 'index.js'), '../src/index.ts')
  await mapped(join(root, 'steps.mjs'), 'src/steps.ts')
  const env = { ...process.env, PRINT: '1' }
  for (const [args, file] of [
    [['--enable-source-maps', join(root, 'steps.mjs')], 'steps.mjs'],
    [[tsx, join(root, 'steps.ts')], 'steps.ts'],
  ] as const) {
    const output = execFileSync(process.execPath, args, { encoding: 'utf8', env, cwd: root })
    expect(JSON.parse(output)).toEqual({ file: join(root, file), line: 3 })
  }
})

test('queries are no part of a file, and lines of TypeScript are those that were written', async () => {
  const root = await installed()
  const text =
    "import { define } from 'kit'\ninterface A {\n  a: 1\n}\nenum E {\n  a,\n}\nconsole.log(JSON.stringify(define()))"
  await writeFile(join(root, 'typed.ts'), text)
  await writeFile(join(root, 'load.mjs'), "await import('./typed.ts?t=1#x')")
  const output = execFileSync(process.execPath, [tsx, join(root, 'load.mjs')], {
    encoding: 'utf8',
    cwd: root,
  })
  expect(JSON.parse(output)).toEqual({ file: join(root, 'typed.ts'), line: 8 })
})

test('evaluated code has no file of its own; hosts that change stacks do no harm and find their own again', () => {
  const file = fileURLToPath(import.meta.url)
  const installedHost = () => Object.getOwnPropertyDescriptor(Error, 'prepareStackTrace')
  const host = installedHost()
  const formats: readonly (() => unknown)[] = [
    () => [],
    () => undefined,
    () => {
      throw new Error('no stack')
    },
  ]
  try {
    for (const format of formats) {
      Error.prepareStackTrace = format
      expect(callSite()?.file).toBe(file)
      expect(installedHost()).toMatchObject({ value: format })
    }
    const get = () => formats[0]
    Object.defineProperty(Error, 'prepareStackTrace', { get, configurable: true })
    expect(callSite()?.file).toBe(file)
    expect(installedHost()).toMatchObject({ get })
  } finally {
    if (host === undefined) Reflect.deleteProperty(Error, 'prepareStackTrace')
    else Object.defineProperty(Error, 'prepareStackTrace', host)
  }
  const limit = Error.stackTraceLimit
  // oxlint-disable-next-line typescript/no-implied-eval -- what is being tested
  const evaluated: unknown = new Function('callSite', 'return callSite()')(callSite)
  expect((evaluated as { file: string }).file).toBe(file)
  expect(Error.stackTraceLimit).toBe(limit)
})
