import { mkdtemp, rm, utimes } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { base, copyTo, run, write, type Printed } from './project.ts'

type Edit = readonly [path: string, from: string, to: string]

let origin: string

beforeAll(async () => {
  origin = await mkdtemp(join(tmpdir(), 'pipewright-truth-'))
  await write(origin, base)
  const first = await run(origin)
  expect(first.states).toEqual({ load: 'executed', train: 'executed', report: 'executed' })
  expect(first.why).toContain("there is no earlier execution of step 'train'")
})

afterAll(() => rm(origin, { recursive: true, force: true }))

/** The project after an edit, run once more in a new process. */
async function after(edits: readonly Edit[], options: Parameters<typeof run>[1] = {}): Promise<Printed> {
  const root = join(await tempFolder(), 'project')
  await copyTo(origin, root)
  const texts: Record<string, string> = {}
  for (const [path, from, to] of edits) {
    const text = texts[path] ?? base[path] ?? ''
    if (!text.includes(from)) throw new Error(`${path} does not hold ${from}`)
    texts[path] = text.replace(from, to)
  }
  await write(root, texts)
  // Files are as old as in any project that is not being written this very second.
  const old = new Date(Date.now() - 60_000)
  for (const path of Object.keys(texts)) await utimes(join(root, path), old, old)
  return run(root, options)
}

describe('a hit', () => {
  test.each<[string, readonly Edit[]]>([
    ['nothing', []],
    ['a comment', [['steps.ts', '/** Trains. */', '// Trains the model.\n\n']]],
    ['formatting', [['deep.ts', 'return sum(xs) / xs.length / by', '\n  return (sum(xs)/xs.length/by);\n']]],
    ['a type annotation', [['deep.ts', 'by = 1)', 'by: number = 1): number']]],
    ['an unrelated function in the same file', [['steps.ts', "=> 'hello'", "=> 'goodbye'"]]],
    ['an unrelated export of a helper', [['deep.ts', 'return 0', 'return 1']]],
    ['1 for 1.0', [['inputs.json', '"rate": 1', '"rate": 1.0']]],
    [
      'the order of keys',
      [['inputs.json', '{ "rate": 1, "csv": "data.csv" }', '{ "csv": "data.csv", "rate": 1 }']],
    ],
    ['an equal upstream output', [['data.csv', '1\n2\n', '1.0\n2.0\n']]],
    ['the formatting of a config that is read', [['config.json', '{ "offset": 1 }', '{"offset":1}']]],
  ])('after %s', async (_what, edits) => {
    const { states, why } = await after(edits)
    expect(states['train']).toBe('reused')
    expect(why).toMatch(/^train: reused from run [-0-9a-f]{36}, node train$/)
  })

  test('with another loader, an undeclared variable, the same bytes under a new path', async () => {
    expect((await after([], { loader: 'jiti' })).states['train']).toBe('reused')
    expect((await after([], { env: { PIPEWRIGHT_OTHER: '1' } })).states['train']).toBe('reused')
    const root = join(await tempFolder(), 'project')
    await copyTo(origin, root)
    await write(root, { 'other.csv': base['data.csv']!, 'inputs.json': '{ "rate": 1, "csv": "other.csv" }' })
    expect((await run(root)).states).toEqual({ load: 'reused', train: 'reused', report: 'reused' })
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
      [['scaler.ts', 'x * this.by', 'x + this.by']],
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
    ['a parameter', [['inputs.json', '"rate": 1', '"rate": 2']], 'input rate: 1 -> 2'],
    ['1 for "1"', [['inputs.json', '"rate": 1', '"rate": "1"']], 'input rate: 1 -> "1"'],
    ['1 for true', [['inputs.json', '"rate": 1', '"rate": true']], 'input rate: 1 -> true'],
    ['null', [['inputs.json', '"rate": 1', '"rate": null']], 'input rate: 1 -> null'],
    ['what is given is gone', [['inputs.json', '"rate": 1, ', '']], 'input rate: 1 -> (none)'],
    ['new bytes under the same path', [['data.csv', '2', '3']], 'input xs: [1,2] -> [1,3]'],
  ])('after %s', async (_what, edits, reason) => {
    const { states, why } = await after(edits)
    expect(states['train']).toBe('executed')
    expect(why).toContain('against run')
    expect(why).toContain(reason)
    expect(why.split('\n').length).toBeLessThan(6)
  })

  test('a declared variable', async () => {
    const { states, why } = await after([], { env: { PIPEWRIGHT_TRUTH: 'eu' } })
    expect(states).toEqual({ load: 'reused', train: 'executed', report: 'reused' })
    expect(why).toContain('environment: PIPEWRIGHT_TRUTH has changed')
    expect(why).not.toContain('eu')
  })
})
