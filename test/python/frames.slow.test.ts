import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { table, type PythonStepDefinition, type Report, type Specs, type Table } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { pythonStep } from './steps.ts'

const venv = join(import.meta.dirname, '../../node_modules/.cache/python')
if (!existsSync(venv))
  throw new Error('run scripts/install-python.sh: it makes the environment of these tests')

function frameStep<const I extends Specs, const O extends Specs>(name: string, inputs: I, outputs: O) {
  return pythonStep(name, inputs, outputs, { module: 'frames', python: { venv } } as Partial<
    PythonStepDefinition<I, O>
  >)
}

const Row = z.object({
  n: z.number().int(),
  x: z.number(),
  yes: z.boolean(),
  text: z.string(),
  at: z.date(),
  big: z.bigint(),
  tags: z.array(z.json()),
  note: z.string().optional(),
  maybe: z.number().nullable(),
})
type Row = z.infer<typeof Row>

const rows: Row[] = [
  {
    n: 1,
    x: 1,
    yes: true,
    text: 'ä,"\n',
    at: new Date('2026-01-02'),
    big: 2n ** 60n,
    tags: ['a', { b: null }],
    maybe: 1.5,
  },
  { n: 2, x: -0.5, yes: false, text: '', at: new Date(1), big: 1n, tags: [], note: 'x', maybe: null },
]

const listOf = (outputs: { rows: unknown }): unknown[] => (outputs.rows as Table<unknown>).toArray()

const failure = (run: Promise<unknown>): Promise<Error & { code?: string; fix?: string }> =>
  run.then(
    () => {
      throw new Error('the step has succeeded')
    },
    (error: Error) => error,
  )

describe('a table arrives as what the annotation asks for, and comes back as it was', () => {
  test.each(['by_pandas', 'by_name', 'by_option', 'by_polars', 'by_dicts'])('%s', async (name) => {
    const step = frameStep(name, { rows: table(Row) }, { rows: table(Row) })
    expect(listOf((await testStep(step, { rows })).outputs)).toEqual(rows)
  })

  test('by_pyarrow', async () => {
    const Small = Row.pick({ n: true, text: true })
    const step = frameStep('by_pyarrow', { rows: table(Small) }, { rows: table(Small) })
    expect(listOf((await testStep(step, { rows })).outputs)).toEqual([{ n: 1, text: 'ä,"\n' }])
  })

  test('also without rows', async () => {
    const step = frameStep('by_name', { rows: table(Row) }, { rows: table(Row) })
    expect(listOf((await testStep(step, { rows: [] })).outputs)).toEqual([])
  })

  test('also a large one', async () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({ n: index, x: index / 3 }))
    const Pair = z.object({ n: z.number().int(), x: z.number() })
    const step = frameStep('doubles', { rows: table(Pair) }, { rows: table(Pair) })
    const doubled = listOf((await testStep(step, { rows: many })).outputs) as { x: number }[]
    expect(doubled).toHaveLength(50_000)
    expect(doubled[49_999]!.x).toBe((49_999 / 3) * 2)
  })
})

describe.each(['pyarrow', 'polars', 'pyarrow,polars'])('without %s a table', (hidden) => {
  beforeEach(() => {
    process.env['PYTHONPATH'] = join(import.meta.dirname, 'programs/hiding')
    process.env['PYTHON_HIDDEN_PACKAGES'] = hidden
  })

  afterEach(() => {
    delete process.env['PYTHONPATH']
    delete process.env['PYTHON_HIDDEN_PACKAGES']
  })

  test.each(['by_pandas', 'by_dicts', ...(hidden.includes('polars') ? [] : ['by_polars'])])(
    'arrives and comes back as it was: %s',
    async (name) => {
      const step = frameStep(name, { rows: table(Row) }, { rows: table(Row) })
      expect(listOf((await testStep(step, { rows })).outputs)).toEqual(rows)
    },
  )

  test.each<[string, z.ZodObject, readonly unknown[]]>([
    [
      'integers',
      z.object({ n: z.number().int(), x: z.number() }),
      [
        { n: 1, x: 3 },
        { n: 2, x: 4 },
      ],
    ],
    ['nullable', z.object({ n: z.number().nullable() }), [{ n: 1 }, { n: null }]],
    [
      'missing',
      z.object({ text: z.string().nullable(), x: z.number().nullable() }),
      [
        { text: 'a', x: 1 },
        { text: null, x: null },
      ],
    ],
    ['zone', z.object({ at: z.date() }), [{ at: new Date('2026-01-02T02:00:00Z') }]],
    [
      'index',
      z.object({ text: z.string(), x: z.number() }),
      [
        { text: 'a', x: 4 },
        { text: 'b', x: 2 },
      ],
    ],
  ])('is one of ours: %s', async (which, row, expected) => {
    const step = frameStep('makes', { which: z.string() }, { rows: table(row) })
    expect(listOf((await testStep(step, { which })).outputs)).toEqual(expected)
  })
})

describe('a table that is returned', () => {
  test.each<[string, z.ZodObject, readonly unknown[]]>([
    [
      'integers',
      z.object({ n: z.number().int(), x: z.number() }),
      [
        { n: 1, x: 3 },
        { n: 2, x: 4 },
      ],
    ],
    ['categories', z.object({ text: z.enum(['a', 'b']) }), [{ text: 'a' }, { text: 'b' }, { text: 'a' }]],
    ['nullable', z.object({ n: z.number().nullable() }), [{ n: 1 }, { n: null }]],
    ['nullable', z.object({ n: z.number().optional() }), [{ n: 1 }, {}]],
    [
      'missing',
      z.object({ text: z.string().nullable(), x: z.number().nullable() }),
      [
        { text: 'a', x: 1 },
        { text: null, x: null },
      ],
    ],
    [
      'index',
      z.object({ text: z.string(), x: z.number() }),
      [
        { text: 'a', x: 4 },
        { text: 'b', x: 2 },
      ],
    ],
    ['filtered', z.strictObject({ x: z.number() }), [{ x: 2 }]],
    ['zone', z.object({ at: z.date() }), [{ at: new Date('2026-01-02T02:00:00Z') }]],
    ['dates', z.object({ at: z.date() }), [{ at: new Date('2026-01-02') }]],
    [
      'nested',
      z.object({ tags: z.array(z.string()), part: z.object({ b: z.number() }) }),
      [
        { tags: ['a'], part: { b: 1 } },
        { tags: [], part: { b: 2 } },
      ],
    ],
    ['decimals', z.object({ x: z.number() }), [{ x: 1.5 }]],
    ['empty', z.object({ n: z.number() }), []],
    ['chunks', z.object({ n: z.number() }), [{ n: 1 }, { n: 2 }]],
    ['inexact', z.object({ n: z.bigint() }), [{ n: 2n ** 60n }]],
  ])('is one of ours: %s', async (which, row, expected) => {
    const step = frameStep('makes', { which: z.string() }, { rows: table(row) })
    expect(listOf((await testStep(step, { which })).outputs)).toEqual(expected)
  })

  test.each([
    [
      'objects',
      'VALUE_NOT_STORABLE',
      "output 'rows', column 'n': holds objects of several types (dict, int, str)",
      'astype(str)',
    ],
    ['fine', 'VALUE_NOT_STORABLE', "column 'at': holds times finer than a millisecond", "dt.floor('ms')"],
    ['duplicates', 'OUTPUT_INVALID', "has two columns 'n'", 'another name'],
    ['numbered', 'OUTPUT_INVALID', 'the column 0 is named by a int', 'frame.columns'],
    ['bytes', 'VALUE_NOT_STORABLE', "column 'raw': a column of", 'texts or numbers'],
    ['spans', 'VALUE_NOT_STORABLE', "column 'span': a column of duration", 'texts or numbers'],
    ['inexact', 'OUTPUT_INVALID', 'n: Invalid input: expected number, received bigint', undefined],
    ['integers', 'OUTPUT_INVALID', 'raw: Invalid input', undefined],
  ])('or is refused by name: %s', async (which, code, message, fix) => {
    const row = z.object({
      n: z.number().optional(),
      at: z.date().optional(),
      raw: which === 'integers' ? z.string() : z.any(),
    })
    const error = await failure(
      testStep(frameStep('makes', { which: z.string() }, { rows: table(row) }), { which }),
    )
    expect(error).toMatchObject({ code })
    expect(error.message).toContain(message)
    if (fix !== undefined) expect(error.fix).toContain(fix)
  })

  test('is given as a double where its numbers are beyond 64 bits with a sign', async () => {
    const step = frameStep('makes', { which: z.string() }, { rows: table(z.object({ n: z.number() })) })
    const error = await failure(testStep(step, { which: 'large' }))
    expect(error.message).toContain("column 'n': a column of uint64 cannot be stored exactly")
  })
})

describe('values of numpy and pandas', () => {
  test('that are scalars are plain values', async () => {
    const { outputs } = await testStep(frameStep('scalars', {}, { value: z.json() }), {})
    expect(outputs.value).toEqual({ float: 0.5, integer: 7, yes: true, text: 'a', list: [1.5] })
  })

  test('that are none are refused with a fix', async () => {
    const array = await failure(testStep(frameStep('array', {}, { value: z.json() }), {}))
    expect(array.message).toContain("output 'value': a numpy.ndarray cannot be held by JSON")
    expect(array.fix).toBe('return value.tolist()')
    const stamp = await failure(testStep(frameStep('stamp', {}, { value: z.json() }), {}))
    expect(stamp.message).toContain("output 'value', at .at: a pandas")
    expect(stamp.fix).toBe('return value.isoformat()')
  })

  test('that are drawn are the same for the same seed', async () => {
    const step = frameStep('draws', {}, { value: z.array(z.number()) })
    const first = await testStep(step, {}, { seed: 'a' })
    expect((await testStep(step, {}, { seed: 'a' })).outputs).toEqual(first.outputs)
    expect((await testStep(step, {}, { seed: 'b' })).outputs).not.toEqual(first.outputs)
  })
})

describe('a report is made of', () => {
  async function reportsOf(name: string): Promise<readonly Report[]> {
    const step = pythonStep(name, {}, {}, { module: 'reports', python: { venv } } as never)
    return (await testStep(step, {})).reports
  }

  test('figures of matplotlib', async () => {
    const [figure, axes] = await reportsOf('figures')
    expect(figure!.blocks).toMatchObject([{ type: 'image', mediaType: 'image/png', alt: 'A line' }])
    expect(axes!.blocks).toMatchObject([{ type: 'image', alt: 'Loss', caption: 'Loss' }])
  })

  test('frames', async () => {
    const [head, all, series, polars, arrow] = (await reportsOf('frames')).map(({ blocks }) => blocks[0])
    const at = '2026-01-02 00:00:00'
    expect(head).toEqual({
      type: 'table',
      columns: ['n', 'x', 'at'],
      rows: [
        [0, null, at],
        [1, 0.5, at],
      ],
      caption: 'Rows',
    })
    expect(all).toMatchObject({ caption: 'The first 100 of 150 rows' })
    expect(series).toEqual({ type: 'table', columns: ['x', 'n'], rows: [[0.5, 149]] })
    expect(polars).toEqual({ type: 'table', columns: ['a', 'b'], rows: [[1, [1, 2]]] })
    expect(arrow).toEqual({ type: 'table', columns: ['a'], rows: [[null], ['text']] })
  })
})
