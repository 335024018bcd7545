import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const execute = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const tsx = path('node_modules/tsx/dist/cli.mjs')

type Files = Readonly<Record<string, string>>

const main = `
import { stepCode } from ${JSON.stringify(path('src/code/step-digest.ts'))}
import { step } from './steps.ts'
const { name, module, run } = step as never
const code = await stepCode({ name, module, run }, { root: process.argv[2]!, processStart: Date.now() + 3_600_000 })
const result = await (step as never as { run: (inputs: object) => unknown }).run({})
console.log(JSON.stringify({ code: code.cacheable ? code.digest : 'uncacheable: ' + code.reason, result: String(result) }))
`

async function once(files: Files, rate: string): Promise<{ readonly code: string; readonly result: string }> {
  const root = await tempFolder()
  for (const [name, text] of Object.entries({
    'package.json': '{"type":"module"}',
    'main.ts': main,
    'node_modules/pipewright/package.json': '{"name":"pipewright","type":"module","exports":"./index.ts"}',
    'node_modules/pipewright/index.ts': `export * from ${JSON.stringify(path('src/define/step.ts'))}`,
    'node_modules/zod/package.json':
      '{"name":"zod","version":"4.0.0","type":"module","exports":"./index.js"}',
    'node_modules/zod/index.js': `export * from ${JSON.stringify(path('node_modules/zod/index.js'))}\n`,
    ...files,
  })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const { stdout } = await execute(process.execPath, [tsx, join(root, 'main.ts'), root], {
    env: { ...process.env, RATE: rate },
  })
  return JSON.parse(stdout) as { code: string; result: string }
}

const steps = (text: string, use: string, imports = ''): string =>
  `import { defineStep } from 'pipewright'\n${imports}\n${text}\nexport const step = defineStep({ name: 'step', run: () => ${use} })\n`

/** Another `RATE` gives another result: whatever way it takes, the digest is another one, or there is none. */
describe('what loading takes from the world shows', () => {
  test.each<[string, Files]>([
    [
      'a write through a cast',
      { 'steps.ts': steps("const c = { r: '0' }\n;(c as any).r = process.env.RATE", 'c.r') },
    ],
    [
      'a write through an alias',
      { 'steps.ts': steps("const c = { r: '0' }\nconst d = c\nd.r = process.env.RATE!", 'c.r') },
    ],
    [
      'a write to an item',
      { 'steps.ts': steps("const c = [{ r: '0' }]\nfor (const i of c) i.r = process.env.RATE!", 'c[0]!.r') },
    ],
    [
      'a merge into a member',
      {
        'steps.ts': steps(
          "const c = { m: { r: '0' } }\nObject.assign(c.m, { r: process.env.RATE })",
          'c.m.r',
        ),
      },
    ],
    [
      'a pattern that writes',
      { 'steps.ts': steps("const c = { r: '0' }\n;({ RATE: c.r } = process.env as never)", 'c.r') },
    ],
    [
      'a function that is called at the top level',
      {
        'steps.ts': steps("const c = { r: '0' }\nfunction init() { c.r = process.env.RATE! }\ninit()", 'c.r'),
      },
    ],
    [
      'a setter of another module',
      {
        'steps.ts': steps(
          'configure(process.env.RATE!)',
          'get()',
          "import { configure, get } from './state.ts'",
        ),
        'state.ts':
          "const state = { r: '0' }\nexport const configure = (r: string) => { state.r = r }\nexport const get = () => state.r",
      },
    ],
    [
      'a setter that a module outside calls',
      {
        'main.ts': main.replace(
          'const { name',
          "import { configure } from './state.ts'\nconfigure(process.env.RATE!)\nconst { name",
        ),
        'steps.ts': steps('', 'get()', "import { get } from './state.ts'"),
        'state.ts':
          "export const state = { r: '0' }\nexport const configure = (r: string) => { state.r = r }\nexport const get = () => state.r",
      },
    ],
    [
      'a change of imported JSON',
      {
        'steps.ts': steps(
          'Object.assign(c, { r: process.env.RATE })',
          'c.r',
          "import c from './c.json' with { type: 'json' }",
        ),
        'c.json': '{"r":"0"}',
      },
    ],
    [
      'a schema that is run',
      {
        'steps.ts': steps(
          'const c = z.object({ r: z.string().default(() => process.env.RATE!) }).parse({})',
          'c.r',
          "import { z } from 'zod'",
        ),
      },
    ],
    [
      'a schema of another module that is run',
      {
        'steps.ts': steps('const c = S.parse({})', 'c.r', "import { S } from './s.ts'"),
        's.ts':
          "import { z } from 'zod'\nexport const S = z.object({ r: z.string().default(() => process.env.RATE!) })",
      },
    ],
    [
      'a getter',
      { 'steps.ts': steps('const c = { get r() { return process.env.RATE } }\nconst r = c.r', 'r') },
    ],
    [
      'a method that is called get',
      {
        'steps.ts': steps(
          'const env = { get: (n: string) => process.env[n] }\nconst r = env.get("RATE")',
          'r',
        ),
      },
    ],
    [
      'a callback of another module',
      {
        'steps.ts': steps("const [r] = ['RATE'].map(lib.read)", 'r', "import * as lib from './lib.ts'"),
        'lib.ts': 'export const read = (n: string) => process.env[n]',
      },
    ],
    [
      'the environment handed on',
      {
        'steps.ts': steps('const r = env.RATE', 'r', "import { env } from './env.ts'"),
        'env.ts': "export { env } from 'node:process'",
      },
    ],
    [
      'a text made of an object',
      { 'steps.ts': steps('const o = { toString: () => process.env.RATE! }\nconst r = `${o}`', 'r') },
    ],
    [
      'a static member',
      {
        'steps.ts': steps(
          "class C { static r = '0'; static set(r: string) { this.r = r } }\nC.set(process.env.RATE!)",
          'C.r',
        ),
      },
    ],
    [
      'what is put on a function',
      { 'steps.ts': steps('const f = () => 1\nObject.assign(f, { r: process.env.RATE })', '(f as any).r') },
    ],
    [
      'state that a package hides',
      {
        'steps.ts': steps('setRate(process.env.RATE)', 'getRate()', "import { setRate, getRate } from 'pk'"),
        'node_modules/pk/package.json': '{"name":"pk","version":"1.0.0","type":"module","exports":"./i.js"}',
        'node_modules/pk/i.js':
          'let r = 0\nexport const setRate = (v) => { r = v }\nexport const getRate = () => r',
      },
    ],
  ])('%s', async (_what, files) => {
    const [one, again, two] = [await once(files, '1'), await once(files, '1'), await once(files, '2')]
    expect(one.result).not.toBe(two.result)
    expect(again).toEqual(one)
    if (!one.code.startsWith('uncacheable')) expect(one.code).not.toBe(two.code)
  })
})

describe('what may be read is not needed where the code tells all', () => {
  test.each<[string, Files]>([
    [
      'a memo of functions of the step',
      {
        'steps.ts': steps(
          'const memo = new Map<number, number>()\nconst square = (n: number) => { const k = memo.get(n) ?? n * n; memo.set(n, k); return k }',
          'square(3)',
        ),
      },
    ],
    [
      'a table of functions',
      {
        'steps.ts': steps(
          'export const table = { a: (n: number) => n + 1, b: (n: number) => n * 2 }',
          'table.a(1)',
        ),
      },
    ],
    [
      'where the project lies',
      {
        'steps.ts': steps(
          'const here = dirname(fileURLToPath(import.meta.url))',
          'here.length > 0',
          "import { dirname } from 'node:path'\nimport { fileURLToPath } from 'node:url'",
        ),
      },
    ],
    [
      'a schema that another module extends',
      {
        'steps.ts': steps(
          'const Wide = S.extend({ y: z.number() })',
          'Wide.safeParse({}).success',
          "import { z } from 'zod'\nimport { S } from './s.ts'",
        ),
        's.ts': "import { z } from 'zod'\nexport const S = z.object({ x: z.number() })",
      },
    ],
  ])('%s', async (_what, files) => {
    const [one, two] = [await once(files, '1'), await once(files, '2')]
    expect(one.code).toMatch(/^sha256:/)
    expect(two).toEqual(one)
  })
})
