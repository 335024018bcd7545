import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { file, directory, list, metrics, table, type Table } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder } from '../workspace/temp.ts'
import { pythonStep } from './steps.ts'

const failure = (run: Promise<unknown>): Promise<Error & { code?: string; fix?: string }> =>
  run.then(
    () => {
      throw new Error('the step has succeeded')
    },
    (error: Error) => error,
  )

describe('values', () => {
  test('are keyword arguments and a dict; a parameter without an input has its default', async () => {
    const step = pythonStep('add', { a: z.number() }, { total: z.number() })
    expect((await testStep(step, { a: 1 })).outputs).toEqual({ total: 3 })
    const both = pythonStep('add', { a: z.number(), b: z.number() }, { total: z.number() })
    expect((await testStep(both, { a: 1, b: 40 })).outputs).toEqual({ total: 41 })
  })

  test('are checked by the schemas of both sides', async () => {
    const wrong = pythonStep('add', { a: z.number() }, { total: z.string() })
    const error = await failure(testStep(wrong, { a: 1 }))
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID' })
    expect(error.message).toContain("output 'total'")
    const defaulted = pythonStep('add', { a: z.number().default(5) }, { total: z.number() })
    expect((await testStep(defaulted, {})).outputs).toEqual({ total: 7 })
  })

  test('of all shapes come back as they were', async () => {
    const value = {
      texts: ['a', 'é', '𝄞', ''],
      numbers: [0, -1.5, 1e300, 2 ** 53 - 1],
      nested: { none: null, yes: true },
    }
    const step = pythonStep('echo', { value: z.json() }, { value: z.json() })
    expect((await testStep(step, { value })).outputs).toEqual({ value })
  })

  test('that are long travel in files', async () => {
    const step = pythonStep('large', { value: z.array(z.string()) }, { value: z.array(z.string()) })
    const value = Array.from({ length: 20_000 }, (_, index) => `number ${index}`)
    expect((await testStep(step, { value })).outputs.value).toEqual([...value, 'end'])
  })

  test('of a coroutine and of a member of an enumeration are taken', async () => {
    expect(
      (await testStep(pythonStep('later', { a: z.number() }, { total: z.number() }), { a: 1 })).outputs.total,
    ).toBe(2)
    expect((await testStep(pythonStep('colour', {}, { value: z.string() }), {})).outputs.value).toBe('red')
  })

  test('that are metrics may be no finite numbers, on both sides', async () => {
    const one = z.number().or(z.nan()).or(z.literal(-Infinity))
    const scores = metrics({ auc: one })
    const step = pythonStep('metrics_of', { values: scores }, { scores: metrics({ auc: one, worst: one }) })
    const { outputs } = await testStep(step, { values: { auc: NaN } })
    expect(outputs.scores).toEqual({ auc: NaN, worst: -Infinity })
  })

  test.each([
    ['nan', "output 'value', at .a[1]: is NaN, which JSON cannot hold", 'return None'],
    ['date', "output 'value', at [0]: a datetime.date cannot be held by JSON", 'value.isoformat()'],
    ['bytes', "output 'value': a builtins.bytes cannot be held by JSON", 'base64'],
    ['large', 'is too large for a number of JSON to hold exactly', 'return str(value)'],
    ['set', 'a builtins.set cannot be held by JSON', 'return sorted(value)'],
    ['key', 'the key 1 is a int, not a text', 'str(key)'],
    ['object', 'a plain.Odd cannot be held by JSON', 'lists and dicts'],
    ['cycle', 'is nested too deeply, or holds itself', 'flat'],
  ])('that JSON cannot hold are refused with their path: %s', async (which, message, fix) => {
    const step = pythonStep('values', { which: z.string() }, { value: z.json() })
    const error = await failure(testStep(step, { which }))
    expect(error).toMatchObject({ code: 'VALUE_NOT_STORABLE' })
    expect(error.message).toContain("step 'values'")
    expect(error.message).toContain(message)
    expect(error.fix).toContain(fix)
  })

  test('must be a dict with the declared keys', async () => {
    const list = await failure(testStep(pythonStep('returns_list', {}, { total: z.number() }), {}))
    expect(list).toMatchObject({ code: 'OUTPUT_INVALID' })
    expect(list.message).toContain('returns_list returned a list, not a dict of outputs')
    const other = await failure(testStep(pythonStep('returns_other_key', {}, { total: z.number() }), {}))
    expect(other.message).toContain("returned 'totals', which is not a declared output")
    expect(other.fix).toContain("did you mean 'total'?")
    const missing = await failure(
      testStep(pythonStep('returns_other_key', {}, { totals: z.number(), more: z.number() }), {}),
    )
    expect(missing.message).toContain("output 'more': the output is missing")
  })

  test('that no parameter takes, or that one lacks, are told by name', async () => {
    const extra = await failure(
      testStep(pythonStep('add', { a: z.number(), rate: z.number() }, { total: z.number() }), {
        a: 1,
        rate: 2,
      }),
    )
    expect(extra).toMatchObject({ code: 'INPUT_INVALID' })
    expect(extra.message).toContain("takes no parameter 'rate'")
    const lacking = await failure(
      testStep(pythonStep('add', { b: z.number() }, { total: z.number() }), { b: 1 }),
    )
    expect(lacking.message).toContain("needs 'a'")
  })
})

describe('files and folders', () => {
  test('arrive as paths and are returned by path', async () => {
    const folder = await tempFolder()
    await mkdir(join(folder, 'in'))
    await writeFile(join(folder, 'a.txt'), 'text')
    await writeFile(join(folder, 'in', 'b.txt'), 'b')
    const step = pythonStep(
      'copies',
      { text: file('text/plain'), folder: directory(), many: list(file()) },
      { text: file('text/plain'), folder: directory(), raw: file(), many: list(file()) },
    )
    const { outputs } = await testStep(step, {
      text: join(folder, 'a.txt'),
      folder: join(folder, 'in'),
      many: [join(folder, 'a.txt'), join(folder, 'a.txt')],
    })
    expect(await outputs.text.text()).toBe('TEXT')
    expect([...(await outputs.raw.bytes())]).toEqual([0, 1])
    expect(await readFile(join(await outputs.folder.path(), 'b.txt'), 'utf8')).toBe('b')
    expect(await Promise.all(outputs.many.map((one) => one.text()))).toEqual(['text', 'text'])
  })

  test('that are not there, or lead out of the folder, are refused', async () => {
    const nowhere = await failure(testStep(pythonStep('no_file', {}, { text: file() }), {}))
    expect(nowhere).toMatchObject({ code: 'OUTPUT_INVALID' })
    expect(nowhere.message).toContain('is not there')
    const all = await failure(testStep(pythonStep('whole_folder', {}, { folder: directory() }), {}))
    expect(all.message).toContain('the folder of the attempt itself is returned')
    const out = await failure(testStep(pythonStep('link_out', {}, { text: file() }), {}))
    expect(out.message).toContain('leads out of ctx.workdir')
  })
})

describe('tables without any package', () => {
  const Row = z.object({
    n: z.number().int(),
    x: z.number(),
    text: z.string(),
    at: z.date(),
    big: z.bigint(),
    tags: z.array(z.json()),
    note: z.string().optional(),
    maybe: z.number().nullable(),
  })

  test('are lists of dicts, and come back as they were', async () => {
    const rows = [
      {
        n: 1,
        x: 1,
        text: 'ä,"\n',
        at: new Date('2026-01-02'),
        big: 2n ** 60n,
        tags: ['a', { b: null }],
        maybe: 1.5,
      },
      { n: 2, x: NaN, text: '', at: new Date(0), big: 1n, tags: [], note: 'x', maybe: null },
    ]
    const nan = Row.extend({ x: z.number().or(z.nan()) })
    const step = pythonStep('typed_rows', { rows: table(nan) }, { rows: table(nan) })
    const { outputs } = await testStep(step, { rows })
    expect((outputs.rows as Table<unknown>).toArray()).toEqual(rows)
  })

  test('are checked row by row', async () => {
    const step = pythonStep(
      'rows_of',
      { rows: table(z.object({ n: z.number() })) },
      { rows: table(z.object({ n: z.number().max(2) })) },
    )
    const error = await failure(testStep(step, { rows: [{ n: 1 }, { n: 2 }] }))
    expect(error).toMatchObject({ code: 'OUTPUT_INVALID' })
    expect(error.message).toMatch(/row 2.*n/)
    const none = await failure(testStep(pythonStep('no_table', {}, { rows: table(z.object({})) }), {}))
    expect(none.message).toContain("output 'rows': a int is no table")
    const row = await failure(
      testStep(pythonStep('no_row', {}, { rows: table(z.object({ n: z.number() })) }), {}),
    )
    expect(row.message).toContain("output 'rows', row 2: is a int, not a dict")
  })
})

describe('what a function says', () => {
  test('is logged: prints of all kinds, logging, warnings', async () => {
    const { logs } = await testStep(pythonStep('says', { text: z.string() }, {}), { text: 'two\nlines' })
    const said = logs.map(({ level, message }) => `${level} ${message}`)
    for (const line of [
      'info two',
      'info lines',
      'info from a child',
      'info by descriptor',
      'warn to stderr',
    ])
      expect(said).toContain(line)
    expect(logs).toContainEqual({ level: 'warn', message: 'by logging', fields: { logger: 'mine' } })
    expect(said).toContain('info informed')
    expect(said.join()).not.toContain('not shown')
    expect(logs).toContainEqual({ level: 'error', message: 'by log', fields: { row: 3 } })
    expect(said.some((line) => line.startsWith('warn') && line.includes('UserWarning: by warnings'))).toBe(
      true,
    )
  })

  test('is reported: metrics, parameters, progress, reports', async () => {
    const result = await testStep(pythonStep('reports', {}, {}), {})
    expect(result.metrics['loss']).toMatchObject({ count: 2, last: NaN })
    expect(result.params).toEqual({ optimiser: 'sgd' })
    expect(result.progress).toEqual([{ done: 1, total: 4 }])
    expect(result.reports).toEqual([{ title: 'Data', blocks: [{ type: 'markdown', text: '**3** rows' }] }])
  })

  test('in bytes that are not UTF-8 is told all the same', async () => {
    const { logs } = await testStep(pythonStep('not_utf8', {}, {}), {})
    expect(logs.map(({ message }) => message)).toEqual(
      expect.arrayContaining([expect.stringContaining('caf\ufffd'), 'half \\udce9', 'half ?']),
    )
  })

  test('with a bar that is drawn over is told once', async () => {
    const { logs } = await testStep(pythonStep('bar', {}, {}), {})
    expect(logs.map(({ message }) => message)).toEqual(['100 %'])
  })

  test('too much is cut in the middle', async () => {
    const { logs } = await testStep(pythonStep('much', { lines: z.number() }, {}), { lines: 200_000 })
    expect(logs.length).toBeLessThan(11_000)
    expect(logs.at(-1)!.message).toBe('the end')
    expect(logs.some(({ message }) => /^… \d+ lines were left out …$/.test(message))).toBe(true)
  })

  test('is kept: checkpoints of values and of bytes', async () => {
    const step = pythonStep('goes_on', {}, { epoch: z.number() })
    const first = await testStep(step, {})
    expect(first.outputs.epoch).toBe(0)
    expect(first.checkpoint).toEqual({ epoch: 1 })
    const second = await testStep(step, {}, { checkpoint: first.checkpoint! })
    expect(second.outputs.epoch).toBe(1)
    const bytes = await testStep(
      pythonStep('goes_on_with_bytes', {}, { length: z.number() }),
      {},
      {
        checkpoint: new Uint8Array([1, 2, 3]),
      },
    )
    expect(bytes.outputs.length).toBe(3)
    expect([...(bytes.checkpoint as Uint8Array)]).toEqual([1, 2, 3, 0, 120])
  })

  test('may ask for what ties it to the execution', async () => {
    const step = pythonStep('asks', {}, { attempt: z.number(), key: z.string() })
    const { outputs } = await testStep(step, {}, { attempt: 3, idempotencyKey: 'key' })
    expect(outputs).toEqual({ attempt: 3, key: 'key' })
  })
})

describe('errors', () => {
  test('are those of the function, with their frames and causes', async () => {
    const error = await failure(testStep(pythonStep('fails', {}, {}), {}))
    expect(error.name).toBe('RuntimeError')
    expect(error.message).toBe('bad rows')
    expect(error.stack).toMatch(
      /^RuntimeError: bad rows\n    at fails \(.*programs\/plain\.py:\d+:1\)\nTraceback/,
    )
    expect(error.stack).toContain('raise RuntimeError("bad rows") from error')
    expect(error.stack).not.toContain('pipewright_worker.py')
    expect(error.cause).toMatchObject({
      name: 'ValueError',
      message: expect.stringContaining("'x'") as string,
    })
  })

  test.each([
    ['leaves', 'STEP_FAILED', "called sys.exit('enough')", undefined],
    ['dies', 'WORKER_FAILED', 'ended with code 7', 'about to die'],
    ['closes', 'WORKER_FAILED', 'ended with code 64', 'was closed by the step'],
    ['crashes', 'WORKER_FAILED', 'was ended by SIGSEGV', 'in crashes'],
  ])('are told for a process that ends: %s', async (name, code, message, said) => {
    const error = await failure(testStep(pythonStep(name, {}, {}), {}))
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(message)
    if (said !== undefined) expect(error.message).toContain(said)
  })

  test('name the module, the script, the function or the package that is not there', async () => {
    const none = { total: z.number() }
    const module = await failure(testStep(pythonStep('add', {}, none, { module: 'no.such' }), {}))
    expect(module).toMatchObject({ code: 'FUNCTION_NOT_FOUND' })
    expect(module.message).toContain("there is no Python module 'no.such'")
    const script = await failure(
      testStep(pythonStep('add', {}, none, { module: undefined, script: 'no.py' } as never), {}),
    )
    expect(script.message).toMatch(/the script .*no\.py is not there/)
    const named = await failure(testStep(pythonStep('ad', {}, none), {}))
    expect(named.message).toContain("has no function 'ad'")
    expect(named.fix).toBe("did you mean 'add'?")
    const needs = await failure(testStep(pythonStep('add', {}, none, { module: 'needs' }), {}))
    expect(needs).toMatchObject({ code: 'DEPENDENCY_MISSING' })
    expect(needs.message).toContain("'needs' imports 'no_such_package'")
    const broken = await failure(testStep(pythonStep('add', {}, none, { module: 'broken' }), {}))
    expect(broken.name).toBe('SyntaxError')
    expect(broken.stack).toMatch(/broken\.py:2:1/)
  })

  test('name the interpreter or the environment that is not there', async () => {
    const missing = await failure(testStep(pythonStep('add', {}, {}, { python: 'python-no-such' }), {}))
    expect(missing).toMatchObject({ code: 'ENVIRONMENT_INVALID' })
    expect(missing.message).toContain("there is no Python interpreter 'python-no-such'")
    const other = await failure(testStep(pythonStep('add', {}, {}, { python: { interpreter: 'true' } }), {}))
    expect(other.message).toContain("'true' does not run as a Python interpreter")
    const shim = join(await tempFolder(), 'python3.99')
    const text = 'manager: python3.99: command not found\n\nIt is in these versions:\n  3.99.1'
    await writeFile(shim, `#!/bin/sh\necho '${text}' >&2\nexit 127\n`, { mode: 0o755 })
    const chosen = await failure(testStep(pythonStep('add', {}, {}, { python: shim }), {}))
    expect(chosen.message).toContain('Python interpreter: manager: python3.99: command not found\n')
    expect(chosen.message).toContain('  3.99.1\n')
    const venv = await failure(testStep(pythonStep('add', {}, {}, { python: { venv: 'test' } }), {}))
    expect(venv.message).toContain('is no virtual environment')
    const file = await failure(
      testStep(pythonStep('add', {}, {}, { python: { requirements: 'no.txt' } }), {}),
    )
    expect(file.message).toMatch(/the requirements .*no\.txt cannot be read/)
  })
})
