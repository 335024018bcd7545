import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { stepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

type Files = Readonly<Record<string, string>>

const processStart = Date.now() + 3_600_000

async function codeOf(files: Files): Promise<string> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  const code = await stepCode({ name: 'train', module: join(root, 'steps.ts') }, { root, processStart })
  return code.cacheable ? code.digest : code.reason
}

const project: Files = {
  'package-lock.json': '{}',
  'node_modules/zod/package.json': '{"name":"zod","main":"i.js"}',
  'node_modules/zod/i.js': '',
  'node_modules/pkg/package.json': '{"name":"pkg","main":"i.js"}',
  'node_modules/pkg/i.js': '',
  'steps.ts': `import { z } from 'zod'
import { defineStep } from 'pipewright'
import { mean, type Numbers } from './stats.ts'
import * as shapes from './shapes.ts'
import settings from './settings.json' with { type: 'json' }
import { Scaler } from './scaler.ts'

const RATE = 0.1
const limits = { low: 0, high: 1 }
const Row = z.object({ x: z.number() })
const unused = 5

/** Trains. */
function fit(numbers: Numbers, rate = RATE): number {
  return mean(numbers) * rate + limits.high
}

export function neighbour() {
  return unused
}

export const other = defineStep({ name: 'other', run: () => neighbour() })

export const train = defineStep({
  name: 'train',
  inputs: { rows: z.array(Row) },
  run: async ({ rows }: { rows: { x: number }[] }) => {
    const { extra } = await import('./lazy.ts')
    return { fit: fit(rows.map(({ x }) => x)) + shapes.area(2) + settings.bias + extra + new Scaler(2).scale(3) }
  },
})
`,
  'stats.ts': `export type Numbers = readonly number[]
export { mean } from './deep.ts'
export const median = (n: Numbers) => n[0]
`,
  'deep.ts': `import { sum } from './sum.ts'
export function mean(n: readonly number[]) { return sum(n) / n.length }
export function variance(n: readonly number[]) { return 0 }
`,
  'sum.ts': `export const sum = (n: readonly number[]) => n.reduce((a, b) => a + b, 0)
`,
  'shapes.ts': `export const area = (r: number) => r * r
export const edge = (r: number) => r * 4
`,
  'settings.json': '{ "bias": 1 }',
  'lazy.ts': 'export const extra = 1\n',
  'scaler.ts': `class Base { by = 1 }
export class Scaler extends Base {
  constructor(private readonly factor: number) { super() }
  scale(x: number) { return x * this.factor * this.by }
}
`,
}

function edited(path: string, from: string, to: string): Files {
  const text = project[path]!
  if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`)
  return { ...project, [path]: text.replace(from, to) }
}

describe('the code digest is the same', () => {
  test.each([
    ['a comment', edited('steps.ts', '/** Trains. */', '// Trains a model.\n\n')],
    [
      'formatting',
      edited(
        'steps.ts',
        'return mean(numbers) * rate + limits.high',
        'return (\n    mean(numbers)*rate+limits.high\n  );',
      ),
    ],
    ['a type annotation', edited('steps.ts', 'rate = RATE): number', 'rate: number = RATE)')],
    ['an assertion of type', edited('deep.ts', 'sum(n) / n.length', '(sum(n) as number) / n!.length')],
    ['an unrelated function of the module', edited('steps.ts', 'return unused', 'return unused * 2')],
    ['an unrelated constant', edited('steps.ts', 'const unused = 5', 'const unused = 6')],
    ['another step', edited('steps.ts', 'run: () => neighbour()', 'run: () => neighbour() + 1')],
    [
      'a new step',
      edited(
        'steps.ts',
        'export const other',
        "export const more = defineStep({ name: 'more', run: () => 2 })\nexport const other",
      ),
    ],
    ['an unrelated export of a helper’s module', edited('deep.ts', 'return 0', 'return 1')],
    ['an unrelated type', edited('stats.ts', 'readonly number[]', 'number[]')],
    ['quotes and number notation', edited('steps.ts', 'const RATE = 0.1', 'const RATE = 1e-1')],
  ])('after %s', async (_what, files) => {
    expect(await codeOf(files)).toBe(await codeOf(project))
  })

  test('a pipeline, a schema and a pure constant beside it are nothing to it', async () => {
    const more = edited(
      'steps.ts',
      'const unused = 5',
      "const unused = 5\nconst Other = Row.extend({ y: z.string() })\nexport const p = definePipeline({ name: 'p' }, () => ({}))\nenum Side { A, B }\nclass Free { n = 1 }",
    )
    expect(await codeOf(more)).toBe(await codeOf(project))
  })
})

describe('the code digest is another', () => {
  test.each([
    ['a helper in another file', edited('sum.ts', 'a + b, 0', 'a + b, 1')],
    ['a helper of a helper, re-exported', edited('deep.ts', 'sum(n) / n.length', 'sum(n)')],
    ['a constant', edited('steps.ts', 'RATE = 0.1', 'RATE = 0.2')],
    ['a default parameter', edited('steps.ts', 'rate = RATE', 'rate = RATE * 2')],
    ['a member of a constant record', edited('steps.ts', 'high: 1', 'high: 2')],
    ['imported JSON', edited('settings.json', '1', '2')],
    ['a namespace import', edited('shapes.ts', 'r * r', 'r + r')],
    ['a dynamic import', edited('lazy.ts', 'extra = 1', 'extra = 2')],
    ['a class method', edited('scaler.ts', 'x * this.factor', 'x + this.factor')],
    ['a base class', edited('scaler.ts', 'by = 1', 'by = 2')],
    ['a parameter property', edited('scaler.ts', 'private readonly factor', 'factor')],
    ['the schema of an input', edited('steps.ts', 'x: z.number()', 'x: z.number().min(0)')],
    ['its own body', edited('steps.ts', 'new Scaler(2)', 'new Scaler(3)')],
    ['an import of another name', edited('steps.ts', '{ mean, type', '{ median as mean, type')],
    [
      'an import of another module',
      { ...edited('steps.ts', "'./stats.ts'", "'./twin.ts'"), 'twin.ts': project['stats.ts']! },
    ],
    [
      'a statement with an effect',
      edited('deep.ts', 'export function mean', 'globalThis.precision = 5\nexport function mean'),
    ],
    [
      'an effect of a module that is only loaded',
      edited('lazy.ts', 'export', "console.log('loaded')\nexport"),
    ],
    ['a call at the top level', edited('sum.ts', 'export', 'const registered = register()\nexport')],
    ['what changes a constant record', edited('steps.ts', 'return unused', 'limits.high = 9; return unused')],
    ['what is handed a constant record', edited('steps.ts', 'return unused', 'return change(limits)')],
    ['optional chaining', edited('steps.ts', 'rows.map(', 'rows?.map(')],
    ['a text', edited('lazy.ts', 'extra = 1', "extra = '1'")],
    ['a package for a module', edited('steps.ts', "from './stats.ts'", "from 'pkg'")],
    ['an import for its effect', edited('lazy.ts', 'export', "import 'pkg'\nexport")],
    ['an export under another name', edited('stats.ts', '{ mean }', '{ median as mean }')],
    [
      'the version of a package',
      { ...project, 'node_modules/zod/package.json': '{"name":"zod","main":"i.js","version":"9.0.0"}' },
    ],
  ])('after %s', async (_what, files) => {
    const digest = await codeOf(files)
    expect(digest).toMatch(/^sha256:/)
    expect(digest).not.toBe(await codeOf(project))
  })
})

test('the order of loading counts among modules that do something then, and only among them', async () => {
  const of = (imports: readonly string[], effect: string) =>
    codeOf({
      'steps.ts': `${imports.map((name) => `import './${name}.ts'`).join('\n')}
export const train = defineStep({ name: 'train', run: () => 1 })`,
      'a.ts': `${effect}\nexport const a = 1`,
      'b.ts': `${effect}\nexport const b = 1`,
    })
  expect(await of(['a', 'b'], '')).toBe(await of(['b', 'a'], ''))
  expect(await of(['a', 'b'], 'start()')).not.toBe(await of(['b', 'a'], 'start()'))
})

describe('what cannot be told from code is not cached, by name', () => {
  test.each([
    [
      'let calls = 0\nexport const count = () => ++calls',
      'calls',
      "'calls' is given other values while it runs",
    ],
    [
      "import { readFileSync } from 'node:fs'\nexport const config = JSON.parse(readFileSync('c.json', 'utf8'))",
      'config',
      "what 'config' is cannot be told from its code",
    ],
    ['export const now = Date.now()', 'now', "what 'now' is cannot be told from its code"],
    ['export const region = process.env.REGION', 'region', "what 'region' is cannot be told from its code"],
    [
      'const at = (time = Date.now()) => time\nexport const now = at()',
      'now',
      "what 'now' is cannot be told from its code",
    ],
    ['export const { b = Date.now() } = {}', 'b', "what 'b' is cannot be told from its code"],
    ['export const [c = process.pid] = []', 'c', "what 'c' is cannot be told from its code"],
    ['export const { a } = load()', 'a', "what 'a' is cannot be told from its code"],
  ])('%s', async (text, name, reason) => {
    const step = `import * as values from './values.ts'\nexport const train = defineStep({ name: 'train', run: () => values.${name} })`
    expect(await codeOf({ 'steps.ts': step, 'values.ts': text, 'package-lock.json': '{}' })).toContain(reason)
  })

  test('but only where it is reached', async () => {
    const values = 'let calls = 0\nexport const count = () => ++calls\nexport const one = 1'
    const step =
      "import { one } from './values.ts'\nexport const train = defineStep({ name: 'train', run: () => one })"
    expect(await codeOf({ 'steps.ts': step, 'values.ts': values })).toMatch(/^sha256:/)
  })

  test.each([
    ["import { join } from 'node:path'\nconst here = join(import.meta.dirname, 'data')", 'here'],
    [
      "import { createRequire } from 'node:module'\nconst require = createRequire(import.meta.url)",
      "require('node:fs')",
    ],
    ["import pino from 'pino'\nconst log = pino({ level: 'info' })", 'log'],
    ["import { z } from 'zod'\nconst Row = z.object({ a: z.string() }).extend({ b: z.number() })", 'Row'],
    ['const words = ["b", "a"].toSorted()', 'words'],
    ['const seen = new Map([["a", 1]])', 'seen'],
    ['const half = (x) => x / 2, twice = Math.max(1, 2), text = `a${1}`', 'half(twice, text)'],
    ['const settings = Object.freeze({ deep: [1, { a: /x/ }] })', 'settings'],
    ['enum Side { Left = 1, Right }', 'Side.Left'],
  ])('%s is told by its code', async (text, name) => {
    const modules = Object.fromEntries(
      ['pino', 'zod'].flatMap((one) => [
        [`node_modules/${one}/package.json`, `{"name":"${one}","main":"i.js"}`],
        [`node_modules/${one}/i.js`, ''],
      ]),
    )
    const step = `${text}\nexport const train = defineStep({ name: 'train', run: () => ${name} })`
    expect(await codeOf({ ...modules, 'steps.ts': step, 'package-lock.json': '{}' })).toMatch(/^sha256:/)
  })
})
