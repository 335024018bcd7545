import { execFile } from 'node:child_process'
import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { installNode } from './nodes.ts'
import { base, copyTo, run, write, type Printed, type RunOptions } from './project.ts'

const execute = promisify(execFile)
const tsc = fileURLToPath(new URL('../../node_modules/typescript/bin/tsc', import.meta.url))

type Edit = readonly [path: string, from: string, to: string]

let origin: string

beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), 'pipewright-truth-'))
  await write(origin, base)
  const first = await run(origin)
  expect(new Set(Object.values(first.states))).toEqual(new Set(['executed']))
  expect(first.whys['train']).toContain("there is no earlier execution of step 'train'")
})

afterAll(() => rm(origin, { recursive: true, force: true }))

/** A copy of the project, with its workspace, after edits. */
async function edited(edits: readonly Edit[], from = origin): Promise<string> {
  const root = join(await tempFolder(), 'project')
  await copyTo(from, root)
  const texts: Record<string, string> = {}
  for (const [path, before, after] of edits) {
    const text = texts[path] ?? base[path] ?? ''
    if (!text.includes(before)) throw new Error(`${path} does not hold ${before}`)
    texts[path] = text.replace(before, after)
  }
  await write(root, texts)
  // Files are as old as in any project that is not being written this very second.
  const old = new Date(Date.now() - 60_000)
  for (const path of Object.keys(texts)) await utimes(join(root, path), old, old)
  return root
}

/** The project after an edit, run once more in a new process. */
async function after(edits: readonly Edit[], options: RunOptions = {}): Promise<Printed> {
  return run(await edited(edits), options)
}

describe('a hit', () => {
  test.each<[string, readonly Edit[]]>([
    ['nothing', []],
    ['a comment', [['steps.ts', '/** Trains. */', '// Trains the model.\n\n']]],
    ['formatting', [['deep.ts', 'return sum(xs) / xs.length / by', '\n  return (sum(xs)/xs.length/by);\n']]],
    ['a type annotation', [['deep.ts', 'by = 1)', 'by: number = 1): number']]],
    ['an unrelated function in the same file', [['steps.ts', "=> 'hello'", "=> 'goodbye'"]]],
    ['an unrelated export of a helper', [['deep.ts', 'return 0', 'return 1']]],
    ['1 for 1.0', [['inputs.mjs', 'rate: 1', 'rate: 1.0']]],
    ['the order of keys', [['inputs.mjs', "{ list: [1, 2], name: 'é' }", "{ name: 'é', list: [1, 2] }"]]],
    ['the formatting of imported JSON', [['weights.json', '{ "bias": 1 }', '{"bias":1.0}']]],
    ['an equal upstream output', [['data.csv', '1\n2\n', '1.0\n2.0\n']]],
    ['the formatting of a config that is read', [['config.json', '{ "offset": 1 }', '{"offset":1}']]],
  ])('after %s', async (_what, edits) => {
    const { states, whys } = await after(edits)
    expect(states['train']).toBe('reused')
    expect(whys['train']).toMatch(/^train: reused from run [-0-9a-f]{36}, node train$/)
  })

  test('with another loader, an undeclared variable, the same bytes under a new path', async () => {
    expect((await after([], { loader: 'jiti' })).states['train']).toBe('reused')
    expect((await after([], { env: { PIPEWRIGHT_OTHER: '1' } })).states['train']).toBe('reused')
    const root = await edited([['inputs.mjs', 'data.csv', 'other.csv']])
    await write(root, { 'other.csv': base['data.csv']! })
    const { stamp, open, ...states } = (await run(root)).states
    expect(new Set(Object.values(states))).toEqual(new Set(['reused']))
    expect({ stamp, open }).toEqual({ stamp: 'executed', open: 'executed' })
  })

  test('touched files', async () => {
    const root = await edited([])
    const now = new Date()
    for (const path of ['data.csv', 'steps.ts', 'deep.ts', 'config.json', 'node_modules/pkg/package.json'])
      await utimes(join(root, path), now, now)
    expect((await run(root)).states).toMatchObject({ load: 'reused', train: 'reused', report: 'reused' })
  })

  test('0 for -0, and what is undefined for what is absent', async () => {
    const zero = await edited([['inputs.mjs', 'rate: 1', 'rate: 0']])
    expect((await run(zero)).states['train']).toBe('executed')
    await write(zero, { 'inputs.mjs': base['inputs.mjs']!.replace('rate: 1', 'rate: -0') })
    expect((await run(zero)).states['train']).toBe('reused')
    const absent = await edited([['inputs.mjs', 'rate: 1, ', '']])
    expect((await run(absent)).states['train']).toBe('executed')
    await write(absent, { 'inputs.mjs': base['inputs.mjs']!.replace('rate: 1', 'rate: undefined') })
    expect((await run(absent)).states['train']).toBe('reused')
  })

  test('another node id', async () => {
    const { states, whys } = await after([['pipeline.ts', "{ id: 'train' }", "{ id: 'trained' }"]])
    expect(states['trained']).toBe('reused')
    expect(whys['trained']).toMatch(/^trained \(train\): reused from run [-0-9a-f]{36}, node train$/)
  })

  test.each<[string, string, Readonly<Record<string, string>>]>([
    ['inserted', '[1, 9, 2, 3]', { 0: 'reused', 1: 'executed', 2: 'reused', 3: 'reused' }],
    ['in another order', '[3, 1, 2]', { 0: 'reused', 1: 'reused', 2: 'reused' }],
  ])('of the items of a map that stay, where some are %s', async (_what, items, wanted) => {
    const { states } = await after([['inputs.mjs', '[1, 2, 3]', items]])
    for (const [index, state] of Object.entries(wanted))
      expect(states[`squares[${index}]/square`]).toBe(state)
  })
})

describe('a step that a function makes', () => {
  test('is another one when the function was given something else', async () => {
    const { states, whys } = await after([['steps.ts', 'power(2)', 'power(3)']])
    expect(states['squares[0]/square']).toBe('executed')
    expect(states['train']).toBe('reused')
    expect(whys['squares[0]/square']).toContain('captured exponent')
  })

  test('is another one when its function does something else', async () => {
    const { states, whys } = await after([['steps.ts', 'n: n ** exponent', 'n: -(n ** exponent)']])
    expect(states['squares[0]/square']).toBe('executed')
    expect(states['train']).toBe('reused')
    expect(whys['squares[0]/square']).toContain('power in steps.ts')
  })
})

/** Compiles a copy of the project to `dist`, data beside it. */
async function compiled(root: string): Promise<void> {
  const compilerOptions = {
    target: 'es2024',
    module: 'nodenext',
    rewriteRelativeImportExtensions: true,
    resolveJsonModule: true,
    outDir: 'dist',
    sourceMap: true,
    inlineSources: true,
    noCheck: true,
    types: [],
  }
  await write(root, {
    'tsconfig.json': JSON.stringify({ compilerOptions, files: ['main.ts', 'lazy.ts'] }),
    'dist/config.json': base['config.json']!,
  })
  await execute(process.execPath, [tsc, '-p', root], { cwd: root })
}

describe('what a process has loaded counts, not what lies in a file now', () => {
  // A parameter property is written anew by a compiler, so that such a class counts by what it was compiled to.
  const plain: Edit = [
    'scaler.ts',
    'constructor(private readonly by: number) {}',
    'by: number\n  constructor(by: number) { this.by = by }',
  ]

  test('TypeScript and what it was compiled to are the same; a build that is older than its source is not', async () => {
    const root = await edited([plain])
    await compiled(root)
    expect((await run(root)).states['train']).toBe('executed')
    const { states } = await run(root, { main: 'dist/main.js' })
    expect(states).toMatchObject({ load: 'reused', train: 'reused', report: 'reused' })
    await write(root, { 'deep.ts': base['deep.ts']!.replace('by = 1', 'by = 2') })
    const source = await run(root)
    expect(source.states['train']).toBe('executed')
    const stale = await run(root, { main: 'dist/main.js' })
    expect(stale.states['train']).toBe('reused')
    expect(stale.outputs).not.toEqual(source.outputs)
    await compiled(root)
    const rebuilt = await run(root, { main: 'dist/main.js' })
    expect(rebuilt.states['train']).toBe('reused')
    expect(rebuilt.outputs).toEqual(source.outputs)
  })

  test('a source that is edited while a process runs that has loaded it', async () => {
    const root = await edited([
      [
        'main.ts',
        'const { run, outputs }',
        `await pw.run(pipeline, inputs)
const { writeFileSync } = await import('node:fs')
writeFileSync(process.argv[2] + '/sum.ts', 'export const sum = (xs: number[]) => xs.length')
const { run, outputs }`,
      ],
    ])
    const long = await run(root)
    expect(long.states['train']).toBe('executed')
    expect(long.whys['train']).toContain('not cached: sum.ts was changed after this process had started')
    await write(root, { 'main.ts': base['main.ts']! })
    const fresh = await run(root)
    expect(fresh.states['train']).toBe('executed')
    expect(fresh.whys['train']).toContain('code: sum in sum.ts has changed')
    expect(fresh.outputs).not.toEqual(long.outputs)
  })
})

describe('a miss, with its reason', () => {
  test.each<[string, readonly Edit[], string]>([
    ['a helper in another file', [['sum.ts', 'a + b, 0', 'a + b, 1']], 'code: sum in sum.ts has changed'],
    ['a helper of a helper', [['deep.ts', '/ xs.length /', '/ 2 /']], 'code: mean in deep.ts has changed'],
    ['a default parameter', [['deep.ts', 'by = 1', 'by = 2']], 'code: mean in deep.ts has changed'],
    ['a constant', [['steps.ts', 'POWER = 2', 'POWER = 3']], 'code: POWER in steps.ts has changed'],
    ['imported JSON', [['weights.json', '1', '2']], 'weights.json has changed'],
    [
      'a class method',
      [['scaler.ts', 'x * this.by', 'x - this.by']],
      'code: Scaler in scaler.ts has changed',
    ],
    ['a dynamic import', [['lazy.ts', '1', '2']], 'code: extra in lazy.ts has changed'],
    ['a re-export', [['stats.ts', 'mean', 'variance as mean']], 'code: '],
    [
      'a config that is read at load',
      [['config.json', '1', '2']],
      'value: what config.ts config is has changed',
    ],
    [
      'a statement with an effect',
      [['scaler.ts', 'export', 'globalThis.precision = 5\nexport']],
      'code: statement 1 in scaler.ts is new',
    ],
    ['its own body', [['steps.ts', '?? 1)', '?? 2)']], 'code: train in steps.ts has changed'],
    [
      'the schema of an output',
      [['steps.ts', 'outputs: { y: z.number() }', 'outputs: { y: z.number().min(0) }']],
      'declaration: ',
    ],
    ['a parameter', [['inputs.mjs', 'rate: 1', 'rate: 2']], 'input rate: 1 -> 2'],
    ['1 for "1"', [['inputs.mjs', 'rate: 1', 'rate: "1"']], 'input rate: 1 -> "1"'],
    ['1 for true', [['inputs.mjs', 'rate: 1', 'rate: true']], 'input rate: 1 -> true'],
    ['null', [['inputs.mjs', 'rate: 1', 'rate: null']], 'input rate: 1 -> null'],
    ['what is given is gone', [['inputs.mjs', 'rate: 1, ', '']], 'input rate: 1 -> (none)'],
    [
      "('1', '2y3') for ('1y2', '3')",
      [['inputs.mjs', "left: '1y2', right: '3'", "left: '1', right: '2y3'"]],
      'input left: "1y2" -> "1"',
    ],
    ['the order of a list', [['inputs.mjs', '[1, 2]', '[2, 1]']], 'input note: '],
    ['another form of the same letter', [['inputs.mjs', "'é'", "'e\u0301'"]], 'input note: '],
    [
      'the version of a package',
      [['node_modules/pkg/package.json', '1.0.0', '1.0.1']],
      'package: pkg 1.0.0 -> 1.0.1',
    ],
    [
      'the version of a package of a package',
      [['node_modules/dep/package.json', '2.0.0', '2.1.0']],
      'package: dep 2.0.0 -> 2.1.0',
    ],
    [
      'what a package has read from a file',
      [['package-settings.json', '0', '1']],
      'value: what steps.ts settings of pkg is has changed',
    ],
    [
      'a plugin that is registered at the top level',
      [['steps.ts', 'precision: 5', 'precision: 6']],
      'code: statement 1 in steps.ts has changed',
    ],
    [
      'the options of a compiler that change what code does',
      [['tsconfig.json', '', '{ "compilerOptions": { "useDefineForClassFields": false } }']],
      'compiler: the options for scaler.ts have changed',
    ],
    ['new bytes under the same path', [['data.csv', '2', '3']], 'input xs: [1,2] -> [1,3]'],
  ])('after %s', async (_what, edits, reason) => {
    const { states, whys } = await after(edits)
    const why = whys['train']!
    expect(states['train']).toBe('executed')
    expect(why).toContain('against run')
    expect(why).toContain(reason)
    // That reason, and hardly any other.
    expect(why.split('\n').filter((line) => line.startsWith('  - ')).length).toBeLessThan(4)
  })

  test('a declared variable', async () => {
    const { states, whys } = await after([], { env: { PIPEWRIGHT_TRUTH: 'eu' } })
    const why = whys['train']!
    expect(states).toMatchObject({ load: 'reused', train: 'executed', report: 'reused' })
    expect(why).toContain('environment: PIPEWRIGHT_TRUTH has changed')
    expect(why).not.toContain('eu')
  })

  test('a diff of the function that has changed', async () => {
    const { whys } = await after([['sum.ts', 'a + b, 0', 'a + b, 1']])
    expect(whys['train']).toContain(`code: sum in sum.ts has changed
      - sum = (xs: number[]) => xs.reduce((a, b) => a + b, 0)
      + sum = (xs: number[]) => xs.reduce((a, b) => a + b, 1)`)
  })

  test('another name of the step', async () => {
    const { states, whys } = await after([['steps.ts', "name: 'train'", "name: 'retrain'"]])
    expect(states['train']).toBe('executed')
    expect(whys['train']).toContain("there is no earlier execution of step 'retrain'")
  })

  test('the predict of a predictor: its model is another one, and what scores it runs again', async () => {
    const { states, whys } = await after([['predictor.ts', 'x * by', 'x + by']])
    expect(states).toMatchObject({ load: 'reused', train: 'reused', fit: 'executed', score: 'executed' })
    expect(whys['fit']).toContain('code: scaled in predictor.ts has changed')
    expect(whys['score']).toContain('input model: ')
  })

  test('a step that has read the time of its execution', async () => {
    const { states, whys } = await after([])
    expect(states['stamp']).toBe('executed')
    expect(whys['stamp']).toContain('not cached: the step read ctx.now')
  })

  test('a step that has read a secret, unless it states a policy: then not even by another value of it', async () => {
    const { states, whys } = await after([], { env: { TRUTH_SECRET: 'of another truth' } })
    expect(states).toMatchObject({ open: 'executed', 'open-once': 'reused' })
    expect(whys['open']).toContain('not cached: the step read ctx.secret')
  })

  test('a step with a policy that reads another secret', async () => {
    const other = [
      'steps.ts',
      "name: 'open-once',\n  secrets: { token: secret('TRUTH_SECRET') }",
      "name: 'open-once',\n  secrets: { token: secret('TRUTH_OTHER') }",
    ] as const
    const { states } = await after([other], { env: { TRUTH_OTHER: 'of another truth' } })
    expect(states['open-once']).toBe('executed')
  })

  test('NaN is no value of JSON', async () => {
    await expect(after([['inputs.mjs', 'rate: 1', 'rate: NaN']])).rejects.toThrow(/NaN/)
  })

  test('another major version of Node', async () => {
    const major = process.versions.node.startsWith('22.') ? 24 : 22
    const { states, whys } = await after([], { node: await installNode(major) })
    expect(states).toMatchObject({ load: 'executed', train: 'executed' })
    expect(whys['train']).toContain(
      `node major version of Node: ${process.versions.node.split('.')[0]} -> ${major}`,
    )
  })
})

describe('a store that two machines share', () => {
  /** The project, without its workspace, in a folder of its own with a setting that names the store. */
  async function machine(store: string, cache?: string): Promise<string> {
    const root = join(await tempFolder(), 'elsewhere', 'project')
    await write(root, base)
    await set(root, store, cache)
    return root
  }

  async function set(root: string, store: string, cache?: string): Promise<void> {
    const mode = cache === undefined ? '' : `, { cache: '${cache}' }`
    await write(root, {
      'pipewright.config.mjs': `export default { store: { folder: ${JSON.stringify(store)}, shared: true } }\n`,
      'main.ts': base['main.ts']!.replace('(pipeline, inputs)', `(pipeline, inputs${mode})`),
    })
  }

  const states = (state: string): object => ({ load: state, train: state, report: state })

  test('gives hits to a project in another folder, with its own workspace', async () => {
    const store = await tempFolder()
    const first = await run(await machine(store))
    expect(first.states).toMatchObject(states('executed'))
    const second = await run(await machine(store))
    expect(second.states).toMatchObject(states('reused'))
    expect(second.outputs).toEqual(first.outputs)
    expect(second.whys['train']).toMatch(/^train: reused from run [-0-9a-f]{36}, node train$/)
  })

  test('gives an entry that one has refreshed to the other', async () => {
    const store = await tempFolder()
    const [one, two] = [await machine(store), await machine(store)]
    await run(one)
    const before = await run(two)
    await set(two, store, 'refresh')
    expect((await run(two)).states).toMatchObject(states('executed'))
    const after = await run(one)
    expect(after.states).toMatchObject(states('reused'))
    expect(after.whys['train']).not.toBe(before.whys['train'])
    expect((await run(one)).whys['train']).toBe(after.whys['train'])
  })
})
