import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkBuildFunction } from '../../src/code/build-check.ts'
import { moduleGraph } from '../../src/code/module-graph.ts'
import { stepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

async function write(root: string, files: Readonly<Record<string, string>>): Promise<void> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
}

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await tempFolder()
  await write(root, files)
  return root
}

/** The modules, packages and gaps of the module `a.ts`. */
async function loads(
  files: Readonly<Record<string, string>>,
): Promise<{ modules: string[]; packages: readonly string[]; gaps: string[] }> {
  const root = await project(files)
  const { modules, packages, gaps } = await moduleGraph(join(root, 'a.ts'))
  return {
    modules: modules.map(({ path }) => path.slice(root.length + 1)).toSorted(),
    packages: Object.keys(packages.versions),
    gaps: gaps.map(({ file, line, reason }) => `${file.slice(root.length + 1)}:${line} ${reason}`),
  }
}

const processStart = Date.now() + 3_600_000

async function codeIn(root: string, name = 'train'): Promise<string> {
  const code = await stepCode({ name, module: join(root, 'steps.ts') }, { root, processStart })
  return code.cacheable ? code.digest : code.reason
}

async function codeOf(files: Readonly<Record<string, string>> | string, name?: string): Promise<string> {
  return codeIn(await project(typeof files === 'string' ? { 'steps.ts': files } : files), name)
}

describe('what a module loads', () => {
  test('a value that is called `type` is imported; types are not', async () => {
    const { modules, gaps } = await loads({
      'a.ts':
        "import type from './value'\nimport type A from './b'\nimport type {} from './c'\nimport { type D } from './d'\nexport type { E } from './e'\nexport type * from './f'\nlet g: import('./g').G",
      'value.ts': 'export default 1',
      'd.ts': 'export type D = 1',
    })
    // A named import of types alone stays an import under verbatimModuleSyntax.
    expect(modules).toEqual(['a.ts', 'd.ts', 'value.ts'])
    expect(gaps).toEqual([])
  })

  test('import = require, require in functions, comments in import()', async () => {
    const { modules } = await loads({
      'a.ts':
        "import b = require('./b')\nimport type c = require('./c')\nfunction f() { return require('./d') }\nvoid import(/* chunk */ './e')\nvoid import(`./f`)",
      'b.ts': '',
      'd.ts': '',
      'e.ts': '',
      'f.ts': '',
    })
    expect(modules).toEqual(['a.ts', 'b.ts', 'd.ts', 'e.ts', 'f.ts'])
  })

  test('createRequire: under the name of require it is followed, under another it is a gap', async () => {
    const { modules, gaps } = await loads({
      'a.ts':
        "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)\nrequire('./b.cjs')\nconst load = createRequire(import.meta.url)\nload('./c.json')",
      'b.cjs': '',
      'c.json': '{}',
    })
    expect(modules).toEqual(['a.ts', 'b.cjs'])
    expect(gaps).toEqual(['a.ts:4 a createRequire() whose result is not called require'])
  })

  test('gaps: computed modules, what is not there, addresses, broken text; each with its line', async () => {
    const { gaps } = await loads({
      'a.ts':
        "// ä€😀\nimport './b.ts'\nvoid import('./' + x)\nvoid import(`./${x}`)\nrequire(x)\nimport './gone'\nimport 'not-installed'\nimport 'https://example.org/x.js'",
      'b.ts': "const a = '😀'\n\nconst = 1",
    })
    expect(gaps.map((gap) => gap.replace(/parsed: .*/, 'parsed')).toSorted()).toEqual([
      'a.ts:3 an import() whose module is not a literal',
      'a.ts:4 an import() whose module is not a literal',
      'a.ts:5 a require() whose module is not a literal',
      "a.ts:6 './gone' cannot be found",
      "a.ts:7 'not-installed' cannot be found",
      "a.ts:8 'https://example.org/x.js' cannot be found",
      'b.ts:3 cannot be parsed',
    ])
  })

  test('a file that appears later is found', async () => {
    const root = await project({ 'a.ts': "import './b.ts'" })
    expect((await moduleGraph(join(root, 'a.ts'))).gaps).toHaveLength(1)
    await write(root, { 'b.ts': '' })
    expect((await moduleGraph(join(root, 'a.ts'))).gaps).toEqual([])
  })

  test('#imports are the project; packages go by their folder, also through a path', async () => {
    const { modules, packages, gaps } = await loads({
      'package.json': '{"imports":{"#lib/*":"./lib/*.ts"}}',
      'a.ts':
        "import '#lib/x'\nimport './node_modules/@s/p/i.js'\nimport 'q/deep.js'\nimport 'fs'\nimport 'node:test'",
      'lib/x.ts': '',
      'node_modules/@s/p/i.js': '',
      'node_modules/q/deep.js': '',
    })
    expect(modules).toEqual(['a.ts', 'lib/x.ts'])
    expect(packages.toSorted()).toEqual(['@s/p', 'q'])
    expect(gaps).toEqual([])
  })

  test('a linked package may export one file to import and another to require: both count', async () => {
    const root = await project({
      'a.ts': "import 'linked'",
      'b.ts': "require('linked')",
      'linked/package.json': '{"name":"linked","exports":{"import":"./esm.mjs","require":"./cjs.cjs"}}',
      'linked/esm.mjs': '',
      'linked/cjs.cjs': '',
    })
    await mkdir(join(root, 'node_modules'))
    await symlink(join(root, 'linked'), join(root, 'node_modules/linked'))
    for (const file of ['a.ts', 'b.ts']) {
      const { modules } = await moduleGraph(join(root, file))
      const paths = modules.map(({ path }) => path.slice(root.length + 1)).toSorted()
      expect(paths).toEqual([file, 'linked/cjs.cjs', 'linked/esm.mjs'])
    }
  })
})

describe('two steps must not share the digest of one', () => {
  const inFunction = 'inside a function or a loop'
  const digest = /^sha256:/

  test.each([
    [
      'in a loop',
      "for (const n of [1, 2]) steps.push(defineStep({ name: 'train', run: () => n }))",
      inFunction,
    ],
    ['in a while loop', "while (more()) steps.push(defineStep({ name: 'train' }))", inFunction],
    ['in a method', "class A { make() { return defineStep({ name: 'train' }) } }", inFunction],
    [
      'by a helper that others may call',
      "export const make = (o) => defineStep({ ...o, retry })\nexport const train = make({ name: 'train', run: a })",
      inFunction,
    ],
    [
      'by a helper under another name',
      "import { defineStep as d } from 'pipewright'\nconst make = (o) => d(o)\nexport const train = make({ name: 'train' })",
      inFunction,
    ],
    [
      'beside one of a computed name',
      "export const train = defineStep({ name: 'train' })\nexport const other = defineStep({ name: NAME })",
      'also defines something whose name is not written as a literal',
    ],
    [
      'with a template as name',
      'export const train = defineStep({ name: `train` })',
      'not written as a literal',
    ],
    [
      'with a computed key',
      "export const train = defineStep({ ['name']: 'train' })",
      'not written as a literal',
    ],
  ])('%s', async (_where, text, reason) => {
    expect(await codeOf(text)).toContain(reason)
  })

  test.each([
    [
      'a pipeline of the same name',
      "definePipeline({ name: 'train' }, () => {}); export const s = defineStep({ name: 'train' })",
    ],
    [
      'a log line',
      "const f = () => log({ name: 'train' }); export const s = defineStep({ name: 'train' }); log({ ...f })",
    ],
    [
      'an imported name',
      "import { defineStep as d } from 'pipewright'; export const s = d({ name: 'train' })",
    ],
    ['a namespace', "import * as pw from 'pipewright'; export const s = pw.defineStep({ 'name': 'train' })"],
    ['an assertion of type', "export const s = defineStep({ name: 'train' } as const)"],
    [
      'a factory of other things',
      "const f = (name) => makeUser({ name }); export const s = defineStep({ name: 'train' })",
    ],
  ])('%s does no harm', async (_what, text) => {
    expect(await codeOf(text)).toMatch(digest)
  })

  test('a helper of a helper, JSON and the real place of a module', async () => {
    const files = {
      'steps.ts':
        "import { data, two } from './one.js'; export const s = defineStep({ name: 'train', run: () => two + data.a })",
      'one.ts':
        "export { default as data } from './data.json' with { type: 'json' }\nexport * from './two.ts'",
      'two.ts': 'export const two = 2',
      'data.json': '{ "a": 1 }',
    }
    const base = await codeOf(files)
    expect(base).toMatch(digest)
    expect(await codeOf({ ...files, 'two.ts': 'export const two = 3' })).not.toBe(base)
    expect(await codeOf({ ...files, 'data.json': '{ "a": 2 }' })).not.toBe(base)
    const root = await project(files)
    const moved = join(await tempFolder(), 'moved')
    await rename(root, moved)
    expect(await codeIn(moved)).toBe(base)
    await symlink(moved, root)
    expect(await codeIn(root)).toBe(base)
    await rm(root)
  })

  test('of a package that is installed twice both versions count', async () => {
    const files = {
      'steps.ts': "import './linked/help.ts'; export const s = defineStep({ name: 'train' })",
      'linked/help.ts': "import 'pkg'",
      'linked/node_modules/pkg/index.js': '',
      'linked/node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0"}',
      'node_modules/pkg/index.js': '',
      'node_modules/pkg/package.json': '{"name":"pkg","version":"2.0.0"}',
    }
    const base = await codeOf(files)
    const nested = '{"name":"pkg","version":"1.0.1"}'
    const own = '{"name":"pkg","version":"2.0.1"}'
    expect(await codeOf({ ...files, 'linked/node_modules/pkg/package.json': nested })).not.toBe(base)
    // Nothing imports it from there.
    expect(await codeOf({ ...files, 'node_modules/pkg/package.json': own })).toBe(base)
    const used = { ...files, 'steps.ts': `import 'pkg'; ${files['steps.ts']}` }
    expect(await codeOf({ ...used, 'node_modules/pkg/package.json': own })).not.toBe(await codeOf(used))
  })
})

describe('the check of a build function', () => {
  async function misuses(text: string): Promise<string[]> {
    const root = await project({ 'p.ts': text })
    const found = await checkBuildFunction(join(root, 'p.ts'), 'x')
    for (const { file } of found) expect(file).toBe(join(root, 'p.ts'))
    return found.map(({ line, column, text, fix }) => `${line}:${column} ${text} (${fix})`)
  }
  const inside = (body: string): Promise<string[]> =>
    misuses(`definePipeline({ name: 'x' }, (p, input) => {\n${body}\n})`)

  const branch = 'branch with p.when'
  const compute = 'compute in a step, or take a part with p.pick'
  const iterate = 'run a body for each item with p.map'

  test.each([
    ['if (options.debug && input.flag) {}', `2:22 input.flag (${branch})`],
    ['if (!(options.debug || input.flag)) {}', `2:24 input.flag (${branch})`],
    ['const a = (host, input.flag) ? 1 : 2', `2:18 input.flag (${branch})`],
    ['do {} while (input?.flag)', `2:14 input?.flag (${branch})`],
    ['for (; input["flag"];) {}', `2:8 input["flag"] (${branch})`],
    ['const on = Boolean(input.flag)', `2:20 input.flag (${branch})`],
    ['const s = String(input.flag)', `2:18 input.flag (${compute})`],
    ['const { n = 1, ...rest } = p.step(s, {})\nif (n) {}', `3:5 n (${branch})`],
    ['const { n, ...rest } = p.step(s, {})\nif (rest.m!) {}', `3:5 rest.m (${branch})`],
    ['const a = p.step(s, {}) as never\nconst b = (a.n as never)\nreturn b && 1', `4:8 b (${branch})`],
    ['for (let i = 0; i < input.rows.length; i++) {}', `2:21 input.rows.length (${compute})`],
    ['for (const row of input.rows) {}', `2:19 input.rows (${iterate})`],
    ['const all = [...input.rows]', `2:17 input.rows (${iterate})`],
    ['let total = 0\ntotal += p.step(s, {}).n', `3:10 p.step(s, {}).n (${compute})`],
    ['let n = input.n\nn ??= 1', `3:1 n (${branch})`],
    ['let n = input.n\nn++', `3:1 n (${compute})`],
    ['const t = -input.n', `2:12 input.n (${compute})`],
    ['const é = "😀"; if (input.flag) {}', `2:21 input.flag (${branch})`],
    [
      'p.map(input.rows, (row, q) => {\n  const { n } = q.step(s, { row })\n  q.when(n, (r) => { const m = r.step(s, {}); return m.ok ? {} : {} })\n})',
      `4:54 m.ok (${branch})`,
    ],
  ])('%s', async (body, found) => {
    expect(await inside(body)).toEqual([found])
  })

  test.each([
    'const a = p.step(s, {}); const f = (a) => a ? 1 : 2; f(1)',
    'const a = p.step(s, {}); function f({ a }) { return a ? 1 : 2 }',
    'const n = p.step(s, {}).n; for (const n of [1]) if (n) {}',
    'const n = p.step(s, {}).n; try {} catch (n) { if (n) {} }',
    'const { n } = p.step(s, {}); { const [n] = [1]; if (n) {} }',
    'let last; for (const k of ks) last = p.step(s, {}, { after: last ? [last] : [] })',
    'let n = input.n; if (options.skip) n = undefined; if (n) {}',
    'const input2 = options; if (input2.flag) {}',
    'const f = (input) => input.debug ? 1 : 2; f(options)',
    'const names = ["a", "b"]; const all = [...names.keys()].map((i) => i > 0 ? i : `${i}`)',
    'return { ...p.step(s, {}), b: options.b ?? p.step(t, {}).b }',
    'const steps = Object.values(all); if (steps.length > 1) {}',
    'const limit = 3; if (limit > 2 && !options.debug) p.step(s, { limit: limit || 1 })',
    'if (typeof input.flag === "object") {}',
  ])('nothing is said of: %s', async (body) => {
    expect(await inside(body)).toEqual([])
  })

  test('a build function that stands elsewhere in the module', async () => {
    const body = '{ if (input.flag) {} }'
    for (const text of [
      `export function build(p: Scope, input: Inputs) ${body}\ndefinePipeline({ name: 'x' }, build)`,
      `const build = (p: Scope, input: Inputs) => ${body}\ndefinePipeline({ name: 'x' } as const, build)`,
      `definePipeline({ name: 'x' } satisfies Options, (async (p, input) => ${body}) as never)`,
      `export const other = definePipeline({ name: 'y' }, (p, input) => {})\ndefinePipeline({ name: 'x' }, function (p, input) ${body})`,
    ])
      expect((await misuses(text)).map((line) => line.split(' ')[1])).toEqual(['input.flag'])
    expect(await misuses(`definePipeline({ name: 'y' }, (p, input) => ${body})`)).toEqual([])
    expect(await misuses(`definePipeline({ name: 'x' }, (p, input) => { if ((`)).toEqual([])
  })
})
