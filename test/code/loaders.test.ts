import { execFileSync } from 'node:child_process'
import { mkdir, realpath, symlink, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { moduleGraph } from '../../src/code/module-graph.ts'
import { startConditions } from '../../src/code/resolve.ts'
import { stepCode, type StepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

type Files = Readonly<Record<string, string>>

async function write(root: string, files: Files): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

async function project(files: Files): Promise<string> {
  const root = await realpath(await tempFolder())
  await write(root, files)
  return root
}

const processStart = Date.now() + 3_600_000

function codeIn(root: string, module = 'steps.ts', start = processStart): Promise<StepCode> {
  return stepCode({ name: 'train', module: join(root, module) }, { root, processStart: start })
}

async function digestOf(files: Files, module?: string): Promise<string> {
  const code = await codeIn(await project(files), module)
  if (!code.cacheable) throw new Error(code.reason)
  return code.digest
}

async function reasonOf(files: Files, module?: string): Promise<string> {
  const code = await codeIn(await project(files), module)
  return code.cacheable ? '(cacheable)' : code.reason
}

const step = (before = ''): string => `${before}\nconst train = defineStep({ name: 'train', run: () => 1 })`

/** The programs that load TypeScript, and Node. */
const loaders: Readonly<Record<string, readonly string[]>> = {
  node: [],
  tsx: [fileURLToPath(new URL('../../node_modules/tsx/dist/cli.mjs', import.meta.url))],
  jiti: [fileURLToPath(new URL('../../node_modules/jiti/lib/jiti-cli.mjs', import.meta.url))],
}

describe('whichever file a loader takes is in the digest', () => {
  const says = (name: string): string => `globalThis.loaded = ${JSON.stringify(name)}`
  const both = {
    'package.json': '{"type":"module"}',
    'h.js': says('h.js'),
    'h.ts': says('h.ts'),
    'c/package.json': '{}',
    'c/h.js': says('c/h.js'),
    'c/h.ts': says('c/h.ts'),
    'linked/package.json': '{"name":"linked","exports":{"import":"./esm.mjs","require":"./cjs.cjs"}}',
    'linked/esm.mjs': says('linked/esm.mjs'),
    'linked/cjs.cjs': says('linked/cjs.cjs'),
  }
  const print = 'console.log(globalThis.loaded)'

  test.each([
    ['main.js', "import './h.js'", ['node', 'tsx', 'jiti']],
    ['main.ts', "import './h.js'", ['tsx', 'jiti']],
    ['main.ts', "import './h'", ['tsx', 'jiti']],
    ['c/main.cjs', "require('./h')", ['node', 'tsx', 'jiti']],
    ['c/main.cts', "require('./h')", ['tsx', 'jiti']],
    ['main.mjs', "import 'linked'", ['node', 'tsx']],
    ['c/main.ts', "import 'linked'", ['tsx', 'jiti']],
  ])('%s: %s', async (main, text, names) => {
    const root = await project({ ...both, [main]: `${text}\n${print}` })
    await mkdir(join(root, 'node_modules'))
    await symlink(join(root, 'linked'), join(root, 'node_modules/linked'))
    const { modules, gaps } = await moduleGraph(join(root, main))
    expect(gaps).toEqual([])
    const paths = modules.map(({ path }) => path.slice(root.length + 1))
    for (const name of names) {
      const args = [...loaders[name]!, join(root, main)]
      const loaded = execFileSync(process.execPath, args, { cwd: root, encoding: 'utf8' }).trim()
      expect([name, paths]).toEqual([name, expect.arrayContaining([loaded])])
    }
  })

  test('the paths of a tsconfig count, and what Node finds without them', async () => {
    const root = await project({
      'main.ts': "import '@lib/util'",
      'tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/util": ["./lib/src/index.ts"] } } }',
      'lib/package.json': '{"name":"@lib/util","exports":"./dist/index.js"}',
      'lib/src/index.ts': '',
      'lib/dist/index.js': '',
    })
    await mkdir(join(root, 'node_modules/@lib'), { recursive: true })
    await symlink(join(root, 'lib'), join(root, 'node_modules/@lib/util'))
    const { modules } = await moduleGraph(join(root, 'main.ts'))
    const paths = modules.map(({ path }) => path.slice(root.length + 1)).toSorted()
    expect(paths).toEqual(['lib/dist/index.js', 'lib/src/index.ts', 'main.ts'])
  })

  test('conditions that the process was started with', () => {
    expect(
      startConditions(['-C', 'a', '--conditions=b', '--conditions', 'c', '--import', 'tsx', '-C']),
    ).toEqual(['a', 'b', 'c'])
    expect(startConditions([''])).toEqual([])
  })
})

describe('what is loaded in other ways', () => {
  test.each([
    ['a worker', 'steps.ts', "new Worker(new URL('./h.cjs', import.meta.url))"],
    ['a worker beside it', 'steps.ts', "new Worker(new URL('h.cjs', import.meta.url))"],
    ['import.meta.resolve', 'steps.ts', "run(import.meta.resolve('./h.cjs'))"],
    ['require.resolve', 'steps.cjs', "run(require.resolve('./h.cjs'))"],
    ['module.require', 'steps.cjs', "module.require('./h')"],
    ['import = require', 'steps.cts', "import h = require('./h.cjs')"],
  ])('%s counts', async (_what, module, text) => {
    const files = { [module]: step(text), 'h.cjs': '1', 'h.js': '1' }
    const base = await digestOf(files, module)
    expect(await digestOf({ ...files, 'h.cjs': '2', 'h.js': '2' }, module)).not.toBe(base)
  })

  test('what is named only need not be there; data is no code', async () => {
    const files = {
      'steps.ts': step(
        "export const a = new URL('./out/gone.js', import.meta.url); export const b = new URL('./d.csv', import.meta.url)",
      ),
      'd.csv': '1',
    }
    expect(await digestOf({ ...files, 'd.csv': '2' })).toBe(await digestOf(files))
  })

  test.each([
    [
      'createRequire under another name',
      "import { createRequire as c } from 'node:module'\nconst load = c(import.meta.url)\nload('./h.cjs')",
      'steps.ts:2: a createRequire() whose result',
    ],
    [
      'createRequire of the namespace',
      "import * as m from 'node:module'\nconst load = m.createRequire(import.meta.url)\nload('./h.cjs')",
      'steps.ts:2: a createRequire() whose result',
    ],
    [
      'createRequire for another place',
      "import { createRequire } from 'node:module'\nconst require = createRequire(new URL('./sub/', import.meta.url))\nrequire('./h.cjs')",
      'steps.ts:2: a createRequire() for another place',
    ],
    [
      'createRequire taken apart',
      "const { createRequire: make } = await import('node:module')",
      'steps.ts:1: a `createRequire` that is handed on',
    ],
    [
      'createRequire handed on',
      "import { createRequire } from 'node:module'\nuse(createRequire)",
      'steps.ts:2: a `createRequire` that is handed on',
    ],
    [
      'require under another name',
      "const load = require; load('./h.cjs')",
      'steps.ts:1: a `require` that is not called',
    ],
    ['require handed on', 'use(require)', 'steps.ts:1: a `require` that is not called'],
    ['require in an object', 'use({ require })', 'steps.ts:1: a `require` that is not called'],
    ['require called by others', "require.call(null, './h')", 'steps.ts:1: a `require` that is not called'],
    [
      'module.require handed on',
      "const load = module.require; load('./h.cjs')",
      'steps.ts:1: a `require` that is not called',
    ],
  ])('%s is a gap', async (_what, text, reason) => {
    expect(await reasonOf({ 'steps.ts': step(text), 'h.cjs': '' })).toContain(reason)
  })

  test.each([
    "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\nrequire('./h.cjs')",
    "const { createRequire } = await import('node:module')\nconst require = createRequire(import.meta.filename)",
    "if (typeof require !== 'undefined' && require.main === module) main()",
    'schema.require(1); const o = { require: true, createRequire: 1 }; class A { require() {} }',
    'interface T { require: boolean; createRequire(): void }\nlet r: typeof require',
    'declare const require: NodeJS.Require',
    'export { a as require } from "./h.cjs"',
  ])('no gap: %s', async (text) => {
    expect(await reasonOf({ 'steps.ts': step(text), 'h.cjs': '' })).toBe('(cacheable)')
  })
})

describe('no digest for two codes', () => {
  test('steps of one name in modules that import each other', async () => {
    const root = await project({ 'a.ts': step("import './b.ts'"), 'b.ts': step("import './a.ts'") })
    const [a, b] = [await codeIn(root, 'a.ts'), await codeIn(root, 'b.ts')]
    if (!a.cacheable || !b.cacheable) throw new Error('not cacheable')
    expect(a.digest).not.toBe(b.digest)
  })

  test.each([
    ['a class field', "class A { step = defineStep({ name: 'train', run: () => this.x }) }"],
    ['a static block', "class A { static { all.push(defineStep({ name: 'train' })) } }"],
    [
      'a factory of another name',
      "import { d } from './sdk.ts'\nconst make = (o) => d(o)\nexport const t = d({ name: 'train' })",
    ],
  ])('%s', async (_where, text) => {
    expect(await reasonOf({ 'steps.ts': text, 'sdk.ts': '' })).toContain('inside a function')
  })

  test('a package that was changed after the process had started', async () => {
    const root = await project({
      'steps.ts': step("import 'pkg'"),
      'node_modules/pkg/index.js': '',
      'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0"}',
    })
    const { cacheable } = await codeIn(root)
    expect(cacheable).toBe(true)
    const start = Date.now() + 50
    await new Promise((resolve) => setTimeout(resolve, 150))
    await write(root, { 'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.1"}' })
    expect(await codeIn(root, 'steps.ts', start)).toEqual({
      cacheable: false,
      reason: 'node_modules/pkg/package.json was changed after this process had started',
    })
  })

  test('a graph is remembered while its files look the same, and no longer', async () => {
    const root = await project({ 'steps.ts': step("import './h.ts'"), 'h.ts': 'globalThis.h = 1' })
    const graph = await moduleGraph(join(root, 'steps.ts'))
    expect(await moduleGraph(join(root, 'steps.ts'))).toBe(graph)
    expect((await codeIn(root)).cacheable).toBe(true)
    // Of the same size and time: the time at which the file was changed cannot be set.
    const time = new Date(1_000_000_000_000)
    await utimes(join(root, 'h.ts'), time, time)
    const before = await codeIn(root)
    await new Promise((resolve) => setTimeout(resolve, 20))
    await writeFile(join(root, 'h.ts'), 'globalThis.h = 2')
    await utimes(join(root, 'h.ts'), time, time)
    const after = await codeIn(root)
    if (!before.cacheable || !after.cacheable) throw new Error('not cacheable')
    expect(after.digest).not.toBe(before.digest)
  })
})
