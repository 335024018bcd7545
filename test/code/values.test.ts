import { execFile } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'

const execute = promisify(execFile)
const path = (name: string): string => fileURLToPath(new URL(`../../${name}`, import.meta.url))
const loaders: Readonly<Record<string, string>> = {
  tsx: path('node_modules/tsx/dist/cli.mjs'),
  jiti: path('node_modules/jiti/lib/jiti-cli.mjs'),
}

const main = `
import { stepCode } from ${JSON.stringify(path('src/code/step-digest.ts'))}
import * as steps from './steps.ts'
const root = process.argv[2]!
const found: Record<string, string> = {}
for (const [key, step] of Object.entries(steps)) {
  const { name, module, line, run } = step as never
  const code = await stepCode({ name, module, line, run }, { root, processStart: Date.now() + 3_600_000 })
  found[key] = code.cacheable ? code.digest : code.reason
}
console.log(JSON.stringify(found))
`

const header = `import { defineStep } from ${JSON.stringify(path('src/define/step.ts'))}
`

async function digestsOf(
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
    ...files,
  })) {
    await mkdir(dirname(join(root, name)), { recursive: true })
    await writeFile(join(root, name), text)
  }
  const { stdout } = await execute(process.execPath, [loaders[loader]!, join(root, 'main.ts'), root], {
    env: { ...process.env, ...env },
  })
  return JSON.parse(stdout) as Record<string, string>
}

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

  const made = (body: string, rest = ''): Readonly<Record<string, string>> => ({
    'steps.ts': `${header}${rest}
function make(kind: string, options: { rate: number; tags?: Set<string> }) {
  const power = (x: number) => x ** options.rate
  return defineStep({ name: \`train-\${kind}\`, run: () => ${body} })
}
export const one = make('one', { rate: 1 })
export const two = make('two', { rate: 2 })
export const again = make('one', { rate: 1 })
for (const n of [1]) void n
`,
  })

  test('steps made by a function count by what they have captured', async () => {
    const base = await digestsOf(made('power(2) + kind.length'), loader)
    expect(base['one']).toMatch(digest)
    expect(base['two']).toMatch(digest)
    expect(base['two']).not.toBe(base['one'])
    expect(base['again']).toBe(base['one'])
    const other = await digestsOf(made('power(3) + kind.length'), loader)
    expect(other['one']).not.toBe(base['one'])
    const helped = (text: string) =>
      digestsOf(made('power(helper(kind))', `const helper = (k: string) => ${text}`), loader)
    const [first, second] = [await helped('k.length'), await helped('k.length + 1')]
    expect(first['one']).toMatch(digest)
    expect(second['one']).not.toBe(first['one'])
  })

  test('what cannot be read is named', async () => {
    const found = await digestsOf(
      {
        'steps.ts': `${header}
class Client { #secret = 1; get() { return this.#secret } }
const client = new Client()
const pending = Promise.resolve(1)
function make(name: string, given: unknown) {
  return defineStep({ name, run: () => given })
}
export const a = defineStep({ name: 'a', run: () => client.get() })
export const b = defineStep({ name: 'b', run: () => pending })
export const c = make('c', new WeakMap())
export const d = make('d', setTimeout)
export const e = make('e', { get now() { return Date.now() } })
export const f = make('f', { n: 1, list: [new Map([['x', new Set([1n, -0])]]), /x/g, new URL('file:///x')] })
`,
      },
      loader,
    )
    expect(found['a']).toContain("what 'client' is cannot be told from its code")
    expect(found['b']).toContain("what 'pending' is cannot be told from its code")
    expect(found['c']).toContain("captured as 'given' cannot be read")
    expect(found['d']).toContain("captured as 'given' cannot be read")
    expect(found['e']).toContain('computed when it is read')
    expect(found['f']).toMatch(digest)
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
