import { describe, expect, test } from 'vitest'
import { digestsOf, header, main } from './digests-of.ts'

const digest = /^sha256:/

describe.each(['tsx', 'jiti'])('values that only the process knows (%s)', (loader) => {
  const config = {
    'steps.ts': `${header}import { scaled } from './help.ts'
const offset = Number(process.env.OFFSET ?? 1)
export const train = defineStep({ name: 'train', run: () => scaled(2) + offset })
`,
    'help.ts': `import { readFileSync } from 'node:fs'
const config = JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8')) as { by: number }
const cache = new Map([[1, new Date(0)]])
export const scaled = (n: number) => n * config.by + cache.size
`,
    'config.json': '{ "by": 2 }',
  }

  test('a config that a module has read counts by its content, also in a helper’s module', async () => {
    const base = await digestsOf(config, loader)
    expect(base['train']).toMatch(digest)
    expect(await digestsOf(config, loader)).toEqual(base)
    expect(await digestsOf({ ...config, 'config.json': '{ "by": 3 }' }, loader)).not.toEqual(base)
    expect(await digestsOf({ ...config, 'config.json': '{"by":2.0}' }, loader)).toEqual(base)
    expect(await digestsOf(config, loader, { OFFSET: '5' })).not.toEqual(base)
  })

  // The module of the value is looked at first, through `helper`.
  const readElsewhere = (by: number, defined: string, imported: string, more = '') => ({
    'steps.ts': `${header}${more}import { helper } from './config.ts'
import { by } from './by.ts'
export const train = defineStep({ name: 'train', run: () => helper(2) + by() })
`,
    'by.ts': imported,
    'config.ts': `import { readFileSync } from 'node:fs'
const read = () => JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8')) as { by: number }
${defined}
export const helper = (n: number) => n + 1
`,
    'config.json': `{ "by": ${by} }`,
  })

  test.each([
    [
      'default',
      'export default read()',
      "import config from './config.ts'\nexport const by = () => config.by",
    ],
    [
      'member of a namespace',
      'export default read()',
      "import * as all from './config.ts'\nexport const by = () => all.default.by",
    ],
    [
      'part of a default',
      'export default { read: read(), other: 1 }',
      "import config from './config.ts'\nexport const by = () => config.read.by",
    ],
    [
      'renamed export',
      'const own = read()\nexport { own as config }',
      "import { config } from './config.ts'\nexport const by = () => config.by",
    ],
    [
      'renamed member',
      'const own = read()\nexport { own as config }',
      "import * as all from './config.ts'\nexport const by = () => all.config.by",
    ],
  ])('what only importers know by a name counts: %s', async (_, defined, imported) => {
    const base = await digestsOf(readElsewhere(2, defined, imported), loader)
    expect(base['train']).toMatch(digest)
    expect(await digestsOf(readElsewhere(3, defined, imported), loader)).not.toEqual(base)
  })

  test('what a package exports is not taken for what the project exports by the same name', async () => {
    const of = (by: number, more: string) =>
      digestsOf(
        {
          ...readElsewhere(
            by,
            'export const config = read()',
            "import { config } from './config.ts'\nexport const by = () => config.by",
            more,
          ),
          'node_modules/odd/package.json':
            '{"name":"odd","type":"module","version":"1.0.0","exports":"./index.js"}',
          'node_modules/odd/index.js': 'export const config = { by: 7 }\nexport const other = 1',
        },
        loader,
      )
    for (const more of [
      "import { other } from 'odd'\nexport const others = () => other\n",
      "import * as odd from 'odd'\nexport const others = () => odd.other\n",
    ]) {
      const base = await of(2, more)
      expect(base['train']).toMatch(digest)
      expect(await of(3, more)).not.toEqual(base)
    }
  })

  test('a `run` that was made by a call may have captured anything: it is not cached', async () => {
    const found = await digestsOf(
      {
        'steps.ts': `${header}
export * from './more.ts'
`,
        'more.ts': `${header}
const twice = (fn: (n: number) => number) => (n: number) => fn(n) + fn(n)
const since = (fn: (n: number) => number) => {
  const start = Date.now()
  return () => fn(start)
}
const sum = { step: defineStep({ name: 'sum', run: () => 1 }) }
export const told = defineStep({ name: 'told', run: twice((n) => n + 1) })
export const wrapped = defineStep({ name: 'wrapped', run: since((n) => n + 1) })
export const member = sum.step
`,
      },
      loader,
    )
    expect(found['wrapped']).toContain('its definition calls what may do anything')
    // What its text tells.
    expect(found['told']).toMatch(digest)
    expect(found['member']).toMatch(digest)
  })

  test('an instance of a class of the project counts by its fields and by the code of the class', async () => {
    const of = (by: string, body = 'this.#by * this.scale', base = 'n = 1') =>
      digestsOf(
        {
          'steps.ts': `${header}import { scaler, Scaler } from './scaler.ts'
const own = new Scaler(Number(process.env.BY ?? 1))
export const train = defineStep({ name: 'train', run: () => scaler.by() })
export const fit = defineStep({ name: 'fit', run: () => own.by() })
`,
          'scaler.ts': `class Base { ${base} }
export class Scaler extends Base {
  #by: number
  readonly #parts = new Map([['x', [1n]]])
  scale = 1
  constructor(by: number) { super(); this.#by = by }
  by(): number { return ${body} + this.#parts.size + this.#half() }
  #half(): number { return 0.5 }
}
export const scaler: Scaler = new Scaler(${by})
`,
        },
        loader,
      )
    const base = await of('1')
    expect(base['train']).toMatch(digest)
    expect(base['fit']).toMatch(digest)
    expect(await of('1')).toEqual(base)
    expect((await of('2 - 1 + 1'))['train']).not.toBe(base['train'])
    expect((await of('1', 'this.#by + this.scale'))['fit']).not.toBe(base['fit'])
    expect((await of('1', undefined, 'n = 2'))['fit']).not.toBe(base['fit'])
  })

  test('instances that hold functions, extend what is not of the project, or are of a hidden class are named', async () => {
    const found = await digestsOf(
      {
        'steps.ts': `${header}
class Held { fn = (() => { const at = Date.now(); return () => at })() }
class More extends Map<string, number> {}
const hide = () => { const at = Date.now(); return new (class { get() { return at } })() }
class Secret { #fn = (() => { const at = Date.now(); return () => at })(); get() { return this.#fn() } }
const held = new Held(), more = new More(), hidden = hide(), secret = new Secret()
export const a = defineStep({ name: 'a', run: () => held.fn() })
export const b = defineStep({ name: 'b', run: () => more.size })
export const c = defineStep({ name: 'c', run: () => hidden.get() })
export const d = defineStep({ name: 'd', run: () => secret.get() })
`,
      },
      loader,
    )
    expect(found['a']).toContain(
      "what 'held' is cannot be told from its code, and not read (.fn is a function)",
    )
    expect(found['b']).toContain("what 'more' is cannot be told")
    expect(found['c']).toContain("what 'hidden' is cannot be told")
    expect(found['d']).toContain('(.#fn is a function)')
  })

  test('what cannot be read is named', async () => {
    const found = await digestsOf(
      {
        'steps.ts': `${header}
import { secrets } from './secrets.ts'
class Client { constructor() { secrets.set(this, Date.now()) } get() { return secrets.get(this)! } }
const client = new Client()
const pending = Promise.resolve(1)
const given = [{ n: 1, list: [new Map([['x', new Set([1n, -0])]]), /x/g, new URL('file:///x')] }].at(0)!
const clock = Object.assign({}, { later: setTimeout })
const held = Object.assign(new Map(), { more: 1 })
const now = Object.defineProperty({}, 'now', { get: () => Date.now() })
export const a = defineStep({ name: 'a', run: () => client.get() })
export const b = defineStep({ name: 'b', run: () => pending })
export const c = defineStep({ name: 'c', run: () => clock })
export const d = defineStep({ name: 'd', run: () => held })
export const e = defineStep({ name: 'e', run: () => now })
export const f = defineStep({ name: 'f', run: () => given })
`,
        'secrets.ts': 'export const secrets = new WeakMap<object, number>()',
      },
      loader,
    )
    expect(found['a']).toContain("what 'client' is cannot be told from its code")
    expect(found['b']).toContain("what 'pending' is cannot be told from its code")
    expect(found['c']).toContain('.later is a function')
    expect(found['d']).toContain('members of its own')
    expect(found['e']).toContain('.now is computed when it is read')
    expect(found['f']).toMatch(digest)
  })
})

describe('what loading changes counts as it is, not as it is written', () => {
  const sources: Readonly<Record<string, string>> = {
    'a merge into a constant': `import { readFileSync } from 'node:fs'
const config = { by: 1 }
Object.assign(config, JSON.parse(readFileSync(new URL('./config.json', import.meta.url), 'utf8')))
export const train = defineStep({ name: 'train', run: () => config.by })`,
    'a write to a member': `const config = { by: '1' }
if (process.env.BY !== undefined) config.by = process.env.BY
export const train = defineStep({ name: 'train', run: () => config.by })`,
    'a push': `const list: string[] = []
list.push(process.env.BY ?? '1')
export const train = defineStep({ name: 'train', run: () => list })`,
    'a value given later': `let by = '1'
by = process.env.BY ?? by
export const train = defineStep({ name: 'train', run: () => by })`,
    'a destructured import': `import { env } from 'node:process'
const by = env.BY ?? '1'
export const train = defineStep({ name: 'train', run: () => by })`,
    'a callback at load': `const by = [1].map(() => process.env.BY ?? '1')
export const train = defineStep({ name: 'train', run: () => by })`,
  }
  test.each(Object.entries(sources))('%s', async (_what, text) => {
    const of = (by: string) =>
      digestsOf({ 'steps.ts': `${header}${text}\n`, 'config.json': `{"by":${by}}` }, 'tsx', { BY: by })
    const [first, again, other] = [await of('2'), await of('2'), await of('3')]
    expect(first['train']).toMatch(digest)
    expect(again).toEqual(first)
    expect(other['train']).toMatch(digest)
    expect(other).not.toEqual(first)
  })

  test.each([
    ['a static member of a class', 'class Rates { static by = process.env.BY }', 'Rates.by'],
    ['a member of an enum', 'enum Rates { By = (process.env.BY ?? "1").length }', 'Rates.By'],
    [
      'a member put on a function',
      'function rates() {}\nrates.by = process.env.BY',
      '(rates as never)["by"]',
    ],
  ])('%s cannot be read', async (_what, text, use) => {
    const step = `export const train = defineStep({ name: 'train', run: () => ${use} })`
    expect((await digestsOf({ 'steps.ts': `${header}${text}\n${step}\n` }))['train']).toContain(
      'is given other values while it runs',
    )
  })
})

test('the digest is that of any loader, and of any folder', async () => {
  const files = {
    'steps.ts': `${header}import { help } from './help.ts'
interface Row { x: number }
export const train = defineStep({ name: 'train', run: (row: Row) => help(row.x) })
`,
    'help.ts': 'export function help(x: number): number { return x * 2 }\n',
  }
  const base = await digestsOf(files)
  expect(base['train']).toMatch(digest)
  expect(await digestsOf(files, 'jiti')).toEqual(base)
})

describe('what is used of packages', () => {
  const packaged = (text: string, use: string, more: Readonly<Record<string, string>> = {}) => ({
    'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0","type":"module","exports":"./i.js"}',
    'node_modules/pkg/i.js': text,
    'steps.ts': `${header}${use}\n`,
    ...more,
  })
  const reads = "import { readFileSync } from 'node:fs'\n"
  const json = "JSON.parse(readFileSync(new URL('../../config.json', import.meta.url), 'utf8'))"

  test.each(['tsx', 'jiti'])('an object that has read a file counts by its content (%s)', async (loader) => {
    const of = (by: number) =>
      digestsOf(
        packaged(
          `${reads}export default { config: ${json}, get(key) { return this.config[key] } }`,
          "import pkg from 'pkg'\nexport const train = defineStep({ name: 'train', run: () => pkg.config.by })",
          { 'config.json': `{"by":${by}}` },
        ),
        loader,
      )
    const [first, again, other] = [await of(1), await of(1), await of(2)]
    expect(first['train']).toMatch(digest)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('an instance of a class is nobody’s to read: uncacheable, by name', async () => {
    const found = await digestsOf(
      packaged(
        `${reads}class Config { #all = ${json}; get(key) { return this.#all[key] } }\nexport const config = new Config()\nexport const version = () => 1`,
        `import { config, version } from 'pkg'
import * as all from 'pkg'
export const a = defineStep({ name: 'a', run: () => config.get('by') })
export const b = defineStep({ name: 'b', run: () => version() })
export const c = defineStep({ name: 'c', run: () => all.version() })
export const d = defineStep({ name: 'd', run: () => Object.keys(all) })`,
        { 'config.json': '{}' },
      ),
    )
    expect(found['a']).toContain("steps.ts: what 'config' of 'pkg' is cannot be told from its version")
    expect(found['a']).toContain("'config': it is an object of a class")
    expect(found['d']).toContain("what 'all' of 'pkg' is")
    // Functions are told by the version of the package.
    expect(found['b']).toMatch(digest)
    expect(found['c']).toMatch(digest)
  })

  test('a plugin that is registered at the top level counts by what it is given', async () => {
    const of = (precision: string) =>
      digestsOf(
        packaged(
          'export class Decimal { static precision = 20; static set(o) { Object.assign(this, o) } }',
          `import { Decimal } from 'pkg'
Decimal.set({ precision: Number(process.env.PRECISION) })
export const train = defineStep({ name: 'train', run: () => Decimal.precision })`,
        ),
        'tsx',
        { PRECISION: precision },
      )
    const [first, again, other] = [await of('5'), await of('5'), await of('6')]
    expect(first['train']).toMatch(digest)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  test('a logger changes no result; others can be named', async () => {
    const files = {
      'node_modules/pino/package.json': '{"name":"pino","version":"1.0.0","main":"i.cjs"}',
      'node_modules/pino/i.cjs': 'module.exports = new (class { info() {} })()',
      'steps.ts': `${header}import log from 'pino'\nexport const train = defineStep({ name: 'train', run: () => log.info() })`,
    }
    expect((await digestsOf(files))['train']).toMatch(digest)
  })
})

test('a value that has changed since it was read is told', async () => {
  const found = await digestsOf({
    'main.ts': main
      .replace(
        'found[key] =',
        'Object.assign(config, { by: 7 }); found[key] = code.changedValue?.() + " "; found[key] +=',
      )
      .replace('const root', "import { config } from './steps.ts'\nconst root")
      .replace('Object.entries(steps)', "Object.entries(steps).filter(([name]) => name !== 'config')"),
    'steps.ts': `${header}
export const config = Object.fromEntries([['by', 1]])
Object.assign(config, { more: 2 })
export const train = defineStep({ name: 'train', run: () => config.by })
`,
  })
  expect(found['train']).toMatch(/^steps\.ts config sha256:/)
})
