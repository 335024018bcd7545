import fc from 'fast-check'
import { table } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import type { Kind } from '../../src/artifact/kind.ts'
import type { ColumnType } from '../../src/artifact/table-columns.ts'
import { collectRows } from '../../src/artifact/table.ts'
import { bench } from './support.ts'

const Row = z.object({
  n: z.number().or(z.nan()),
  s: z.string(),
  b: z.boolean(),
  big: z.bigint(),
  at: z.date(),
  data: z.object({ list: z.array(z.number()) }),
  maybe: z.string().nullable(),
  maybeAt: z.date().nullable(),
  maybeBig: z.bigint().nullable(),
  absent: z.number().optional(),
  absentFlag: z.boolean().optional(),
  absentData: z.array(z.string()).optional(),
})

const bigs = fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })

const rows = fc.array(
  fc.record(
    {
      n: fc.double({ noDefaultInfinity: true }),
      s: fc.string({ unit: 'grapheme' }),
      b: fc.boolean(),
      big: bigs,
      at: fc.date({ noInvalidDate: true }),
      data: fc.record({ list: fc.array(fc.integer()) }),
      maybe: fc.option(fc.string()),
      maybeAt: fc.option(fc.date({ noInvalidDate: true })),
      maybeBig: fc.option(bigs),
      absent: fc.integer(),
      absentFlag: fc.boolean(),
      absentData: fc.array(fc.string()),
    },
    { requiredKeys: ['n', 's', 'b', 'big', 'at', 'data', 'maybe', 'maybeAt', 'maybeBig'] },
  ),
  { maxLength: 20 },
)

const Point = z.object({ x: z.number().or(z.nan()), name: z.string() })

/** A schema that takes anything and has no JSON Schema. */
const bare = {
  '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
}

describe('tables', () => {
  test('give back what was put in', async () => {
    const { pass } = await bench()
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        const read = await pass(table(Row), given)
        expect(read.toArray()).toEqual(given)
        for (const { name } of read.columns) {
          const cells = Array.from({ length: read.length }, (_, i) => read.column(name as 'n')[i])
          expect(cells).toEqual(given.map((row) => row[name as 'n']))
        }
      }),
      { numRuns: 60 },
    )
  })

  test('give back the cells of schemas that say nothing of them', async () => {
    const { pass } = await bench()
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        expect((await pass(table(bare), given)).toArray()).toEqual(given)
      }),
      { numRuns: 30 },
    )
  })

  test('take arrays, iterables, asynchronous iterables and tables', async () => {
    const { encode, pass } = await bench()
    const given = [{ x: 1, name: 'a' }]
    const { digest } = await encode(table(Point), given)
    expect((await encode(table(Point), new Set(given))).digest).toBe(digest)
    async function* later() {
      yield* given
    }
    expect((await encode(table(Point), later())).digest).toBe(digest)
    const read = await pass(table(Point), given)
    expect((await encode(table(Point), read)).digest).toBe(digest)
    expect((await encode(table(Point), read.rows())).digest).toBe(digest)
    const fresh = await collectRows(given, Point, 'OUTPUT_INVALID')
    expect((await encode(table(Point), fresh)).digest).toBe(digest)
    for (const value of [3, null, 'text', { x: 1, name: 'a' }])
      await expect(encode(table(Point), value)).rejects.toThrow('not a table')
  })

  test('are read by row, by column and by Arrow', async () => {
    const { pass } = await bench()
    const given = [
      { x: 1, name: 'a' },
      { x: 2, name: 'b' },
    ]
    const read = await pass(table(Point), given)
    expect(read.length).toBe(2)
    expect(read.columns).toEqual([
      { name: 'x', type: 'number', nullable: false },
      { name: 'name', type: 'string', nullable: false },
    ])
    expect(read.column('x')).toEqual(Float64Array.of(1, 2))
    expect(read.column('name')).toEqual(['a', 'b'])
    expect([...read]).toEqual(given)
    expect(read.row(1)).toEqual({ x: 2, name: 'b' })
    for (const index of [-1, 2, 0.5, Number.NaN]) expect(() => read.row(index)).toThrow(`no row ${index}`)
    expect(() => read.column('nam' as 'name')).toThrow("did you mean 'name'?")
    expect(() => read.column('other thing' as 'name')).toThrow('columns: x, name')
    const arrow = await read.arrow()
    expect(arrow.numRows).toBe(2)
    expect(arrow.toArray().map((row) => ({ ...(row as object) }))).toEqual(given)
  })

  test('without rows have their declared columns; without columns their rows', async () => {
    const { pass } = await bench()
    const empty = await pass(table(Point), [])
    expect(empty.length).toBe(0)
    expect(empty.columns.map(({ name, type }) => [name, type])).toEqual([
      ['x', 'number'],
      ['name', 'string'],
    ])
    expect(empty.toArray()).toEqual([])
    expect(Array.from(empty.column('x'))).toEqual([])
    expect((await empty.arrow()).numRows).toBe(0)
    expect((await pass(table(z.object({})), [{}, {}, {}])).toArray()).toEqual([{}, {}, {}])
    expect((await pass(table(bare), [])).columns).toEqual([])
  })

  test('larger than one piece', async () => {
    const { encode, decode } = await bench()
    const given = Array.from({ length: 30_000 }, (_, i) => ({ x: i / 7, name: `${'é'.repeat(i % 50)}${i}` }))
    const artifact = await encode(table(Point), given)
    expect(artifact.size).toBeGreaterThan(1024 * 1024)
    expect((await decode(table(Point), artifact)).toArray()).toEqual(given)
  })

  test('names that mean something to JavaScript are columns like others', async () => {
    const { pass } = await bench()
    const given = [JSON.parse('{"__proto__":"x","constructor":1,"":2,"a.b":3}')] as unknown[]
    const [row] = (await pass(table(bare), given)).toArray()
    expect(JSON.stringify(row)).toBe('{"__proto__":"x","constructor":1,"":2,"a.b":3}')
  })

  test('columns that come late, or are missing throughout', async () => {
    const { pass } = await bench()
    const given = [{ a: 1 }, { b: 'x' }, { a: 2, b: 'y', c: true }]
    expect((await pass(table(bare), given)).toArray()).toEqual(given)
    const nulls = [{ a: null }, { a: null }]
    expect((await pass(table(z.object({ a: z.number().nullable() })), nulls)).toArray()).toEqual(nulls)
    expect((await pass(table(z.object({ a: z.date().nullable() })), nulls)).toArray()).toEqual(nulls)
    expect(
      (await pass(table(z.object({ a: z.number().optional() })), [{}, { a: undefined }])).toArray(),
    ).toEqual([{}, {}])
  })
})

describe('the digest of a table', () => {
  const digestOf = async (kind: Kind<unknown, never>, ...values: unknown[]): Promise<readonly string[]> => {
    const { encode } = await bench()
    const digests: string[] = []
    for (const value of values) digests.push((await encode(kind, value)).digest)
    return digests
  }

  test('is not of key order, NaN bits or -0', async () => {
    const nan = (bits: bigint): number => new Float64Array(new BigUint64Array([bits]).buffer)[0]!
    for (const kind of [table(Point), table(bare)]) {
      const equal = await digestOf(
        kind,
        [
          { x: 0, name: 'a' },
          { x: Number.NaN, name: 'b' },
        ],
        [
          { name: 'a', x: -0 },
          { x: nan(0x7ff8_0000_0000_0001n), name: 'b' },
        ],
        [
          { x: -0, name: 'a' },
          { name: 'b', x: nan(0xfff8_dead_beef_0000n) },
        ],
      )
      expect(new Set(equal).size).toBe(1)
    }
    const [one, two] = await digestOf(table(bare), [{ a: { b: 1, c: 2 } }], [{ a: { c: 2, b: 1 } }])
    expect(one).toBe(two)
    const turned = z.object({ name: Point.shape.name, x: Point.shape.x })
    expect(await digestOf(table(turned), [{ x: 1, name: 'a' }])).toEqual(
      await digestOf(table(Point), [{ x: 1, name: 'a' }]),
    )
  })

  test('is of the documented bytes', async () => {
    const bytes = Buffer.concat([
      Buffer.from(
        '{"columns":[{"missing":"null","name":"a","type":"string"},{"missing":null,"name":"b","type":"number"}],"rows":2}\n',
      ),
      Buffer.of(1, 1, 0, 2, 0, 0, 0, 0, 0, 0, 0),
      Buffer.from('é'),
      Buffer.of(0),
      Buffer.from(Float64Array.of(1.5, 0).buffer),
    ])
    const given = [
      { b: 1.5, a: 'é' },
      { b: -0, a: null },
    ]
    expect(await digestOf(table(bare), given)).toEqual([sha256(bytes)])
  })

  test('is of every cell, name, type and missing one, and of the order of rows', async () => {
    const values: unknown[] = [
      [],
      [{ a: 'x', b: 'yz' }],
      [{ a: 'xy', b: 'z' }],
      [{ a: 'xy', c: 'z' }],
      [{ a: 'xy', b: 'Z' }],
      [{ a: 'xy', b: null }],
      [{ a: 'xy', b: '' }],
      [{ a: 'xy', b: undefined }],
      [{ a: 'xy' }],
      [{ a: 'xy', b: 1 }],
      [{ a: 'xy', b: 1n }],
      [{ a: 'xy', b: true }],
      [{ a: 'xy', b: new Date(1) }],
      [{ a: 'xy', b: [1] }],
      [{ a: 'xy', b: '[1]' }],
      [{ a: 'x' }, { a: 'y' }],
      [{ a: 'y' }, { a: 'x' }],
      [{ a: 0 }, { a: null }],
      [{ a: null }, { a: 0 }],
      [{ a: 0 }, { a: 0 }],
    ]
    const digests = await digestOf(table(bare), ...values)
    expect(new Set(digests).size).toBe(values.length)
  })

  test('changes with any cell', async () => {
    const { encode } = await bench()
    const cell = fc.oneof(fc.double({ noDefaultInfinity: true, noNaN: true }), fc.constant(null))
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.record({ a: cell, b: cell }), { minLength: 1, maxLength: 20 }),
        fc.nat(),
        async (given, at) => {
          const changed = given.map((row) => ({ ...row }))
          const row = changed[at % given.length]!
          row.a = row.a === 7 ? 8 : 7
          const kind = table(bare)
          expect((await encode(kind, changed)).digest).not.toBe((await encode(kind, given)).digest)
        },
      ),
      { numRuns: 40 },
    )
  })
})

describe('rows that cannot be stored', () => {
  test('all that do not fit are counted, twenty in full', async () => {
    const { encode } = await bench()
    const given = Array.from({ length: 1_500 }, (_, i) => ({ x: i === 3 ? 1 : 'no', name: 'a' }))
    const encoding = encode(table(Point), given)
    await expect(encoding).rejects.toMatchObject({ code: 'OUTPUT_INVALID', details: { problems: 1_499 } })
    const { message, details } = await encoding.then(
      () => expect.unreachable(),
      (error: unknown) => error as Error & { details: { issues: unknown[] } },
    )
    expect(message).toContain('1499 problems in the rows')
    expect(message).toContain('row 1, x: ')
    expect(message).not.toContain('row 4, x')
    expect(message).toContain('row 21, x: ')
    expect(message).not.toContain('row 22, x')
    expect(message).toContain('… and 1479 more')
    expect(details.issues).toHaveLength(1_000)
    await expect(encode(table(Point), [{ x: 'no', name: 'a' }])).rejects.toThrow('1 problem in the rows')
    await expect(encode(table(Point), ['text'])).rejects.toThrow(/row 1: /)
    await expect(encode(table(bare), [{ a: 1 }, 3, [1]])).rejects.toThrow(
      /row 2: is not a record[\s\S]*row 3: is not a record/,
    )
  })

  test('cells that cannot be kept are listed as well', async () => {
    const { encode } = await bench()
    const given = [
      { a: 1, b: 1n },
      { a: 'x', b: 2n ** 64n },
      { a: 2, b: () => 1 },
    ]
    await expect(encode(table(bare), given)).rejects.toThrow(
      /3 problems[\s\S]*row 2, column 'a' is a string[\s\S]*row 2, column 'b' is outside[\s\S]*row 3, column 'b' is a function/,
    )
  })

  test('rows that are no plain objects', async () => {
    class Point3 {
      readonly x = 1
    }
    const { encode } = await bench()
    for (const row of [new Point3(), new Map([['x', 1]]), new Date(0)])
      await expect(encode(table(bare), [row])).rejects.toThrow('row 1: is not a record')
  })

  test.each([
    ['mixed types', [{ a: 1 }, { a: 'x' }], "row 2, column 'a' is a string, but the column is a number"],
    ['mixed types', [{ a: [] }, { a: true }], "row 2, column 'a' is a boolean, but the column is a json"],
    [
      'null and undefined',
      [{ a: null }, { a: undefined }],
      "row 2, column 'a' is undefined, but the column has null elsewhere",
    ],
    [
      'absent and null',
      [{ b: 1 }, { a: null, b: 1 }],
      "row 2, column 'a' is null, but the column has undefined elsewhere",
    ],
    ['a function', [{ a: () => 1 }], "row 1, column 'a' is a function"],
    ['a symbol', [{ a: Symbol('x') }], "row 1, column 'a' is a symbol"],
    ['a Map', [{ a: new Map() }], "row 1, column 'a': the value is an instance of Map"],
    ['NaN in data', [{ a: { b: [Number.NaN] } }], "row 1, column 'a': .b[0] is NaN"],
    ['no date', [{ a: new Date(Number.NaN) }], "row 1, column 'a' is an invalid date"],
    ['a large bigint', [{ a: 2n ** 63n }], "row 1, column 'a' is outside of 64 bits"],
    ['a small bigint', [{ a: -(2n ** 63n) - 1n }], "row 1, column 'a' is outside of 64 bits"],
    ['half a character', [{ a: 'ok' }, { a: 'a\ud83d' }], "row 2, column 'a' holds half a character"],
  ])('%s', async (_name, given, message) => {
    const { encode } = await bench()
    for (const kind of [table(z.looseObject({})), table(bare)]) {
      const encoding = encode(kind, given)
      await expect(encoding).rejects.toMatchObject({ code: 'VALUE_NOT_STORABLE' })
      await expect(encoding).rejects.toThrow(message)
    }
  })
})

describe('a consumer that declares other rows', () => {
  test.each([
    [z.object({ x: z.string(), name: z.string() }), /x: the column is a number, declared is string/],
    [z.object({ name: z.boolean().nullable() }), /name: the column is a string, declared is boolean or null/],
    [
      z.object({ x: z.number(), y: z.number(), z: z.string() }),
      /y: the column is missing[\s\S]*z: the column is missing/,
    ],
    [z.object({ data: z.string() }), /data: the column is a json, declared is string/],
    [z.object({ maybe: z.string() }), /maybe: cells are null: declared is string/],
    [z.object({ gone: z.number() }), /gone: cells are absent: declared is number/],
    [z.object({ x: z.enum(['a', 'b']) }), /x: the column is a number, declared is string/],
  ])('is told which column %#', async (declared, message) => {
    const { encode, decode } = await bench()
    const artifact = await encode(table(bare), [
      { x: 1, name: 'a', data: [], maybe: null, gone: 1 },
      { x: 1, name: 'a', data: [], maybe: 'x' },
    ])
    const decoding = decode(table(declared as z.ZodType), artifact)
    await expect(decoding).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(decoding).rejects.toThrow(message)
  })

  test.each<[z.ZodType]>([
    [z.object({ x: z.number() })],
    [z.object({ x: z.int(), other: z.string().optional() })],
    [z.object({ x: z.number().or(z.string()), data: z.array(z.any()) })],
    [z.object({ x: z.any(), name: z.unknown() })],
    [z.object({ x: z.literal([1, 'a']) })],
    [z.object({ name: z.enum(['a', 'b']), x: z.number().and(z.number().min(0)) })],
    [z.object({ maybe: z.literal(['x', null]), gone: z.number().optional() })],
    [z.object({ at: z.date() })],
  ])('gets what fits %#', async (declared) => {
    const { encode, decode } = await bench()
    const given = [{ x: 1, name: 'a', data: [1], maybe: null, at: new Date(0) }]
    expect((await decode(table(declared), await encode(table(bare), given))).toArray()).toEqual(given)
  })

  test('an empty table fits any rows', async () => {
    const { encode, decode } = await bench()
    const artifact = await encode(table(Point), [])
    expect((await decode(table(z.object({ other: z.string() })), artifact)).length).toBe(0)
  })

  test('a table that a step passes on is compared as well', async () => {
    const { encode, pass } = await bench()
    const read = await pass(table(Point), [{ x: 1, name: 'a' }])
    await expect(encode(table(z.object({ x: z.string() })), read)).rejects.toThrow(
      'x: the column is a number',
    )
  })
})

test('the record of a table says what is in it', async () => {
  const { encode } = await bench()
  const types: readonly ColumnType[] = ['number', 'string', 'boolean', 'bigint', 'date', 'json']
  const artifact = await encode(table(bare), [
    { number: 1, string: '', boolean: true, bigint: 1n, date: new Date(0), json: {} },
  ])
  expect(artifact.meta).toEqual({
    rows: 1,
    columns: types.map((type) => ({ name: type, type, nullable: false })),
  })
  expect(artifact.digest).not.toBe(artifact.blob)
})
