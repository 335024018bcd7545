import { cp, mkdir, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkBuildFunction } from '../../src/code/build-check.ts'
import { moduleGraph } from '../../src/code/module-graph.ts'
import { stepCode, type StepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

/** A project of these files; by default with a lockfile and a step `train` in `steps.ts`. */
async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries({
    'package-lock.json': '{}',
    'steps.ts': "export const train = defineStep({ name: 'train', run: () => 1 })",
    ...files,
  })) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

/** Far enough in the future that no file of a test was changed after it. */
const later = Date.now() + 3_600_000

function codeOf(
  root: string,
  name = 'train',
  options: { version?: string; processStart?: number; module?: string } = {},
): Promise<StepCode> {
  const { processStart = later, module = 'steps.ts', ...request } = options
  return stepCode({ name, module: join(root, module), ...request }, { root, processStart })
}

async function digestOf(files: Readonly<Record<string, string>>): Promise<string> {
  const code = await codeOf(await project(files))
  if (!code.cacheable) throw new Error(code.reason)
  return code.digest
}

async function reasonOf(files: Readonly<Record<string, string>>, name?: string): Promise<string> {
  const code = await codeOf(await project(files), name)
  return code.cacheable ? '(cacheable)' : code.reason
}

const step = (imports: string): string =>
  `${imports}\nexport const train = defineStep({ name: 'train', run: () => help() })`

describe('what a module loads', () => {
  test('static and dynamic imports, re-exports, require, JSON, cycles; packages by name', async () => {
    const root = await project({
      'a.ts':
        "import b from './b.js'\nimport type { T } from './types'\nexport * from './c.ts'\nexport { d } from './d'\nconst e = await import('./e.ts'); import fs from 'node:fs'",
      'b.ts':
        "import './a.ts'\nimport { z } from 'zod'\nimport x from '@scope/pkg/deep'\nimport { defineStep } from 'pipewright'",
      'c.ts': "import data from './data.json' with { type: 'json' }",
      'd/index.ts': "const f = require('./f.cjs')",
      'd/f.cjs': 'module.exports = 1',
      'e.ts': 'export {}',
      'types.ts': 'export type T = 1',
      'data.json': '{}',
      'node_modules/zod/package.json': '{"name":"zod","main":"i.js"}',
      'node_modules/zod/i.js': "import './never-followed.js'",
      'node_modules/@scope/pkg/package.json': '{"name":"@scope/pkg"}',
      'node_modules/@scope/pkg/deep.js': '',
    })
    const graph = await moduleGraph(join(root, 'a.ts'))
    expect(graph.gaps).toEqual([])
    expect(graph.modules.map(({ path }) => path.slice(root.length + 1)).toSorted()).toEqual([
      'a.ts',
      'b.ts',
      'c.ts',
      'd/f.cjs',
      'd/index.ts',
      'data.json',
      'e.ts',
    ])
    expect(Object.keys(graph.packages.versions).toSorted()).toEqual(['@scope/pkg', 'zod'])
  })

  test('a linked package is the project’s own; tsconfig paths are followed', async () => {
    const root = await project({
      'app/main.ts': "import 'linked'\nimport '@lib/util'",
      'app/tsconfig.json': '{ "compilerOptions": { "paths": { "@lib/*": ["../lib/*"] } } }',
      'lib/util.ts': '',
      'packages/linked/package.json': '{"name":"linked","type":"module","exports":"./index.ts"}',
      'packages/linked/index.ts': "import './more.ts'",
      'packages/linked/more.ts': '',
    })
    await mkdir(join(root, 'app/node_modules'))
    await symlink(join(root, 'packages/linked'), join(root, 'app/node_modules/linked'))
    const graph = await moduleGraph(join(root, 'app/main.ts'))
    expect(graph.modules.map(({ path }) => path.slice(root.length + 1)).toSorted()).toEqual([
      'app/main.ts',
      'lib/util.ts',
      'packages/linked/index.ts',
      'packages/linked/more.ts',
    ])
    expect(graph.packages.versions).toEqual({})
  })

  test('what cannot be read is named', async () => {
    const root = await project({
      'a.ts': "import './missing.ts'\n\nawait import(name)\nrequire(other)",
      'b.ts': 'const = 1',
    })
    const { gaps } = await moduleGraph(join(root, 'a.ts'))
    expect(gaps.map(({ line, reason }) => `${line} ${reason}`).toSorted()).toEqual([
      "1 './missing.ts' cannot be found",
      '3 an import() whose module is not a literal',
      '4 a require() whose module is not a literal',
    ])
    expect((await moduleGraph(join(root, 'b.ts'))).gaps[0]?.reason).toContain('cannot be parsed')
  })
})

describe('the code digest', () => {
  test('covers every module that is loaded, and the versions of packages', async () => {
    const help = {
      'steps.ts': step("import { help } from './help.ts'"),
      'help.ts': "export * from './deep.ts'",
      'deep.ts': 'export const help = 1',
    }
    const base = await digestOf(help)
    expect(await digestOf(help)).toBe(base)
    expect(await digestOf({ ...help, 'unrelated.ts': 'x' })).toBe(base)
    expect(await digestOf({ ...help, 'package-lock.json': '{ }' })).toBe(base)
    expect(await digestOf({ ...help, 'deep.ts': 'export const help = 2' })).not.toBe(base)
    const packaged = {
      'steps.ts': step("import { help } from 'pkg'"),
      'node_modules/pkg/package.json': '{"name":"pkg","main":"i.js"}',
      'node_modules/pkg/i.js': '',
    }
    const withPackage = await digestOf(packaged)
    expect(await digestOf({ ...packaged, 'package-lock.json': '{ "version": 2 }' })).toBe(withPackage)
    const bumped = '{"name":"pkg","main":"i.js","version":"2.0.0"}'
    expect(await digestOf({ ...packaged, 'node_modules/pkg/package.json': bumped })).not.toBe(withPackage)
    // A package without a version counts by its bytes.
    expect(await digestOf({ ...packaged, 'node_modules/pkg/i.js': ';' })).not.toBe(withPackage)
  })

  test('is the same in another folder', async () => {
    const root = await project({
      'src/a/steps.ts': step("import { help } from '../help.ts'"),
      'src/help.ts': 'export const help = 1',
    })
    const moved = join(await tempFolder(), 'elsewhere')
    await cp(root, moved, { recursive: true })
    const module = 'src/a/steps.ts'
    const there = await codeOf(moved, 'train', { module })
    expect(there.cacheable && there.digest).toMatch(/^sha256:/)
    expect(await codeOf(root, 'train', { module })).toMatchObject({
      digest: (there as { digest?: string }).digest,
    })
  })

  test('a step in a static field of a class is defined once; one in a field of its instances is not', async () => {
    const of = (modifier: string, factor: number): Promise<string> =>
      digestOf({
        'steps.ts': `export class Steps { ${modifier} train = defineStep({ name: 'train', run: () => ${factor} }) }`,
      })
    const base = await of('static', 1)
    expect(base).toMatch(/^sha256:/)
    expect(await of('static', 2)).not.toBe(base)
    await expect(of('', 1)).rejects.toThrow('inside a function or a loop')
  })

  test('a version stands for the code', async () => {
    const root = await project({ 'steps.ts': 'await import(anything)' })
    const one = await codeOf(root, 'train', { version: '1' })
    expect(one).toMatchObject({ cacheable: true, pieces: [] })
    expect(await codeOf(root, 'train', { version: '2' })).not.toEqual(one)
    expect(await codeOf(root, 'other', { version: '1' })).not.toEqual(one)
  })

  test.each([
    [
      'made in a function',
      { 'steps.ts': "export const make = () => defineStep({ name: 'train' })" },
      'inside a function',
    ],
    [
      'made in a callback',
      { 'steps.ts': "['train'].map((name) => defineStep({ name }))" },
      'inside a function',
    ],
    [
      'beside a factory',
      {
        'steps.ts':
          "export const a = defineStep({ name: 'train' }); const make = (name) => defineStep({ name })",
      },
      'inside a function',
    ],
    [
      'with a name that is no literal',
      { 'steps.ts': "const name = 'train'; export const a = defineStep({ name })" },
      'not written as a literal',
    ],
    [
      'with options spread',
      { 'steps.ts': 'export const a = defineStep({ ...options })' },
      'not written as a literal',
    ],
    [
      'twice',
      {
        'steps.ts':
          "export const a = defineStep({ name: 'train' }); export const b = defineStep({ name: 'train' })",
      },
      'more than once',
    ],
    [
      'with an import that cannot be read',
      { 'steps.ts': step('const x = await import(path)') },
      'steps.ts:1: an import() whose module is not a literal',
    ],
    [
      'with a broken helper',
      { 'steps.ts': step("import './help.ts'"), 'help.ts': '((' },
      'help.ts:1: cannot be parsed',
    ],
  ])('%s it is not cacheable, by name', async (_name, files, reason) => {
    expect(await reasonOf(files)).toContain(reason)
  })

  test('nor when a file was changed after the process had started', async () => {
    const root = await project({})
    expect(await codeOf(root, 'train', { processStart: Date.now() - 60_000 })).toEqual({
      cacheable: false,
      reason: 'steps.ts was changed after this process had started',
    })
    expect(await stepCode({ name: 'x', module: undefined }, { root })).toMatchObject({
      reason: expect.stringContaining('module is not known') as string,
    })
    expect(await codeOf(root, 'train', { module: 'gone.ts' })).toMatchObject({ cacheable: false })
  })

  test('a method named like the step, or another function’s object, is no other definition', async () => {
    expect(
      await reasonOf({
        'steps.ts':
          "export const train = defineStep({ name: 'train', run: () => log({ name: 'x' }) })\nclass A { b() { return other({ name: 'train' }) } }",
      }),
    ).toBe('(cacheable)')
  })
})

describe('the check of a build function', () => {
  async function misuses(body: string, parameters = '(p, input)'): Promise<string[]> {
    const root = await project({
      'p.ts': `const options = { debug: true }\nexport const x = definePipeline({ name: 'x', inputs: {} }, ${parameters} => {\n${body}\n})`,
    })
    return (await checkBuildFunction(join(root, 'p.ts'), 'x')).map(
      ({ line, column, text }) => `${line}:${column} ${text}`,
    )
  }

  test.each([
    ['if (!input.flag) {}', '3:6 input.flag'],
    ['const a = p.step(s, {})\nconst b = a.n || 1', '4:11 a.n'],
    ['const { n } = p.step(s, {})\nconst b = n ?? 1', '4:11 n'],
    ['const { n } = p.step(s, {})\nwhile (n) {}', '4:8 n'],
    ['const { n: m } = p.step(s, {})\nreturn m ? 1 : 2', '4:8 m'],
    ['const a = p.step(s, {})\nconst t = `value ${a.n}`', '4:20 a.n'],
    ['const a = p.step(s, {})\nif (a.n > 0.9) {}', '4:5 a.n'],
    ['const a = p.step(s, {})\nif (a) {}', '4:5 a'],
    ['const a = p.step(s, {})\nconst b = a.n\nif (b && true) {}', '5:5 b'],
    ['p.map(input.list, (item, q, index) => { if (!item) {}; return q.step(s, { item }) })', '3:46 item'],
    ['p.map(input.list, (item, q, index) => { const t = `${index}`; return {} })', '3:54 index'],
    ['p.when(input.flag, (q) => { const a = q.step(s, {}); return a.n ? a : a })', '3:61 a.n'],
    ['const x = p.pick(input.config, "a")\nswitch (x) {}', '4:9 x'],
    ['p.choose(input.kind, { a: (q) => { const s = q.step(t, {}); return s.n ? s : s } })', '3:68 s.n'],
    ['p.loop({ n: input.n }, (state, q) => { if (state.n) {}; return {} }, {})', '3:44 state.n'],
    ['const go = p.approve()\nif (go.approved) {}', '4:5 go.approved'],
    ['p.always((q, { state }) => { if (state === 1) {} })', '3:34 state'],
  ])('%s', async (body, found) => {
    expect((await misuses(body))[0]).toBe(found)
  })

  test('destructured inputs', async () => {
    expect(await misuses('if (flag) {}', '(p, { flag })')).toEqual(['3:5 flag'])
  })

  test.each([
    'if (options.debug) p.step(s, {})',
    'for (let i = 0; i < 3; i++) p.step(s, {}, { id: `s${i}` })',
    'const names = ["a"]; for (const name of names) if (name) p.step(s, {}, { id: name })',
    'const a = p.step(s, { n: input.n })\nreturn { n: a.n }',
    'p.loop({ n: 1 }, (state, q) => ({ next: q.step(s, { n: state.n }) }))\np.always((q, { state }) => q.step(s, { state }))',
    'let value = input.n\nfor (const k of [1, 2]) value = p.step(s, { value }).value',
  ])('nothing is said of: %s', async (body) => {
    expect(await misuses(body)).toEqual([])
  })

  test('nothing is said where the source is not at hand', async () => {
    expect(await checkBuildFunction('/nowhere/p.ts', 'x')).toEqual([])
    const root = await project({ 'p.ts': 'definePipeline(other, build)' })
    expect(await checkBuildFunction(join(root, 'p.ts'), 'x')).toEqual([])
  })
})
