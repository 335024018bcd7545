import { execFile } from 'node:child_process'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { describe, expect, test } from 'vitest'
import { stepCode } from '../../src/code/step-digest.ts'
import { tempFolder } from '../workspace/temp.ts'

const execute = promisify(execFile)
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

const sources: Readonly<Record<string, string>> = {
  'package.json': '{"type":"module"}',
  'node_modules/pkg/package.json': '{"name":"pkg","version":"1.0.0","type":"module","exports":"./i.js"}',
  'node_modules/pkg/i.js': 'export const twice = (x) => x * 2',
  'src/steps.ts': `import { twice } from 'pkg'
import { mean } from './deep/stats.ts'
import type { Row } from './types.ts'
import weights from './weights.json' with { type: 'json' }
import { rest } from './all.ts'
/** Trains. */
export const train = defineStep({ name: 'train', run: (rows: Row[]): number => mean(rows) + twice(weights.bias) + rest(rows).length })
`,
  'src/deep/stats.ts': `import { type Row } from '../types.ts'
export function mean(rows: readonly Row[], by = 1): number { return rows.length / by }
`,
  'src/all.ts': `'use strict'
import { type Row } from './types.ts'
export const lazy = () => import('./deep/stats.ts')
export function rest<T extends Row>(this: unknown, { x, ...more }: T & { readonly y?: number }, ...all: T[]) {
  all.push({ x, ...more } as unknown as T)
  return <const>[x!, all?.[0] satisfies Row | undefined]
}
export abstract class Base<T> implements Row { declare z: T; x = 1; readonly #n: number = 1; get n(): number { return this.#n } }
`,
  'src/types.ts': 'export interface Row { x: number }\n',
  'src/weights.json': '{ "bias": 1 }',
}

async function project(files: Readonly<Record<string, string>>): Promise<string> {
  const root = await tempFolder()
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true })
    await writeFile(join(root, path), text)
  }
  return root
}

/** Compiles `src` to `dist`. */
async function compile(root: string, options: object = {}): Promise<void> {
  const compilerOptions = {
    target: 'es2022',
    module: 'nodenext',
    rewriteRelativeImportExtensions: true,
    resolveJsonModule: true,
    rootDir: 'src',
    outDir: 'dist',
    sourceMap: true,
    inlineSources: true,
    noCheck: true,
    types: [],
    ...options,
  }
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['src'] }))
  await execute(process.execPath, [tsc, '-p', root], { cwd: root })
}

async function codeOf(root: string, module: string): Promise<string> {
  const processStart = Date.now() + 3_600_000
  const code = await stepCode({ name: 'train', module: join(root, module) }, { root, processStart })
  return code.cacheable ? code.digest : code.reason
}

describe('a compiled module has the code of its source', () => {
  test.each<[string, object]>([
    ['a map beside it', {}],
    ['a map inside', { sourceMap: false, inlineSourceMap: true }],
  ])('by %s', async (_what, options) => {
    const root = await project(sources)
    await compile(root, options)
    const code = await codeOf(root, 'dist/steps.js')
    expect(code).toMatch(/^sha256:/)
    expect(code).toBe(await codeOf(root, 'src/steps.ts'))
  })

  test('as it was when it was compiled: a stale build is not its source', async () => {
    const root = await project(sources)
    await compile(root)
    const before = await codeOf(root, 'dist/steps.js')
    await writeFile(
      join(root, 'src/deep/stats.ts'),
      sources['src/deep/stats.ts']!.replace('by = 1', 'by = 2'),
    )
    expect(await codeOf(root, 'src/steps.ts')).not.toBe(before)
    expect(await codeOf(root, 'dist/steps.js')).toBe(before)
    await compile(root)
    expect(await codeOf(root, 'dist/steps.js')).toBe(await codeOf(root, 'src/steps.ts'))
  })

  test('not where it was edited after it was compiled', async () => {
    const root = await project(sources)
    await compile(root)
    const built = await readFile(join(root, 'dist/deep/stats.js'), 'utf8')
    await writeFile(join(root, 'dist/deep/stats.js'), built.replace('/ by', '* by'))
    const code = await codeOf(root, 'dist/steps.js')
    expect(code).toMatch(/^sha256:/)
    expect(code).not.toBe(await codeOf(root, 'src/steps.ts'))
  })

  test('nor where a compiler has written code anew: that may do what it was told to', async () => {
    const text = `${sources['src/deep/stats.ts']}export const some = (x?: { y: number }) => x?.y ?? 0\n`
    const root = await project({ ...sources, 'src/deep/stats.ts': text })
    await compile(root)
    expect(await codeOf(root, 'dist/steps.js')).toBe(await codeOf(root, 'src/steps.ts'))
    await compile(root, { target: 'es2017' })
    const code = await codeOf(root, 'dist/steps.js')
    expect(code).toMatch(/^sha256:/)
    expect(code).not.toBe(await codeOf(root, 'src/steps.ts'))
  })
})

describe('options of a compiler count where they change what code does', () => {
  const withField = {
    ...sources,
    'src/deep/stats.ts':
      'class Scaler { by = 1 }\nexport const mean = (rows: unknown[]) => rows.length * new Scaler().by\n',
  }
  const configured = (options: object) => ({
    ...withField,
    'tsconfig.json': JSON.stringify({ compilerOptions: options }),
  })
  const of = async (files: Readonly<Record<string, string>>): Promise<string> =>
    codeOf(await project(files), 'src/steps.ts')

  test('fields of classes: whether they are defined or assigned', async () => {
    const base = await of(withField)
    expect(await of(configured({ target: 'es2024', strict: true }))).toBe(base)
    expect(await of(configured({ target: 'es2020' }))).not.toBe(base)
    expect(await of(configured({ useDefineForClassFields: false }))).not.toBe(base)
    expect(await of(configured({ target: 'es2020', useDefineForClassFields: true }))).toBe(base)
  })

  test('JSX; nothing where a step reaches no such code', async () => {
    const drawn = (options: object) => ({
      ...configured(options),
      'src/deep/stats.ts': "export { mean } from './view.tsx'\n",
      'src/deep/view.tsx': 'export const mean = () => <b>mean</b>\n',
    })
    expect(await of(drawn({ jsx: 'react-jsx' }))).not.toBe(await of(drawn({ jsx: 'react' })))
    const { 'src/deep/stats.ts': _, ...plain } = configured({
      experimentalDecorators: true,
      target: 'es2017',
    })
    expect(await of({ ...plain, 'src/deep/stats.ts': sources['src/deep/stats.ts']! })).toBe(await of(sources))
  })
})
