import fc from 'fast-check'
import { file, table } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { CsvOptions } from '../../src/artifact/csv.ts'
import { bench } from './support.ts'

const Row = z.object({
  n: z.number().or(z.nan()),
  s: z.string(),
  b: z.boolean(),
  big: z.bigint(),
  at: z.date(),
  data: z.object({ list: z.array(z.number()) }),
  maybe: z.string().nullable(),
  absent: z.number().optional(),
})

const rows = fc.array(
  fc.record(
    {
      n: fc.double({ noDefaultInfinity: true }),
      s: fc.string({ unit: 'grapheme' }),
      b: fc.boolean(),
      big: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
      at: fc.date({ noInvalidDate: true }),
      data: fc.record({ list: fc.array(fc.integer()) }),
      maybe: fc.option(fc.string()),
      absent: fc.integer(),
    },
    { requiredKeys: ['n', 's', 'b', 'big', 'at', 'data', 'maybe'] },
  ),
  { maxLength: 20 },
)

const Point = z.object({ x: z.number().or(z.nan()), name: z.string() })

describe('tables', () => {
  test('give back what was put in', async () => {
    const { pass } = await bench()
    await fc.assert(
      fc.asyncProperty(rows, async (given) => {
        // -0 is a number that no cell needs to tell from 0.
        const plain = given.map((row) => ({ ...row, n: row.n === 0 ? 0 : row.n }))
        expect((await pass(table(Row), plain)).toArray()).toEqual(plain)
      }),
      { numRuns: 60 },
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
    expect(read.length).toBe(1)
    expect(read.columns).toEqual([
      { name: 'x', type: 'number', nullable: false },
      { name: 'name', type: 'string', nullable: false },
    ])
    expect(read.column('x')).toEqual(Float64Array.of(1))
    expect([...read]).toEqual(given)
    expect(() => read.row(1)).toThrow('no row 1')
    expect(() => read.column('nam' as 'name')).toThrow("did you mean 'name'?")
    expect((await read.arrow()).numRows).toBe(1)
  })

  test('the digest is of the cells: not of key order, NaN bits or -0', async () => {
    const { encode } = await bench()
    const digest = async (given: unknown): Promise<string> => (await encode(table(Point), given)).digest
    const base = await digest([{ x: 0, name: 'a' }])
    expect(await digest([{ name: 'a', x: -0 }])).toBe(base)
    const odd = new Float64Array(new BigUint64Array([0x7ff8_0000_0000_0001n]).buffer)[0]
    expect(await digest([{ x: odd, name: 'a' }])).toBe(await digest([{ x: Number.NaN, name: 'a' }]))
    expect(
      new Set([
        base,
        await digest([{ x: 1, name: 'a' }]),
        await digest([{ x: 0, name: '' }]),
        await digest([]),
        await digest([
          { x: 0, name: 'a' },
          { x: 0, name: 'a' },
        ]),
      ]).size,
    ).toBe(5)
    const nullable = table(z.object({ a: z.string().nullable() }))
    expect((await encode(nullable, [{ a: null }])).digest).not.toBe(
      (await encode(nullable, [{ a: '' }])).digest,
    )
    const texts = table(z.object({ a: z.string(), b: z.string() }))
    expect((await encode(texts, [{ a: 'xy', b: 'z' }])).digest).not.toBe(
      (await encode(texts, [{ a: 'x', b: 'yz' }])).digest,
    )
  })

  test('an empty table has its declared columns', async () => {
    const { pass } = await bench()
    const empty = await pass(table(Point), [])
    expect(empty.length).toBe(0)
    expect(empty.columns.map(({ name }) => name)).toEqual(['x', 'name'])
    expect(empty.toArray()).toEqual([])
  })

  test('all rows that do not fit are reported, twenty of them in full', async () => {
    const { encode } = await bench()
    const given = Array.from({ length: 30 }, () => ({ x: 'no', name: 'a' }))
    const error: unknown = await encode(table(Point), given).catch((thrown: unknown) => thrown)
    expect((error as Error).message).toContain('30 problems in the rows')
    expect((error as Error).message).toContain('row 20, x')
    expect((error as Error).message).not.toContain('row 21, x')
    expect((error as Error).message).toContain('and 10 more')
  })

  test.each([
    ['mixed types', [{ a: 1 }, { a: 'x' }], "row 2, column 'a' is a string, but the column is a number"],
    [
      'null and undefined',
      [{ a: null }, { a: undefined }],
      "row 2, column 'a' is undefined, but the column has null elsewhere",
    ],
    ['a function', [{ a: () => 1 }], "row 1, column 'a' is a function"],
    ['a Map', [{ a: new Map() }], "row 1, column 'a': the value is an instance of Map"],
    ['no date', [{ a: new Date(Number.NaN) }], "row 1, column 'a' is an invalid date"],
    ['a large bigint', [{ a: 2n ** 64n }], "row 1, column 'a' is outside of 64 bits"],
  ])('%s cannot be stored', async (_name, given, message) => {
    const { encode } = await bench()
    await expect(encode(table(z.object({ a: z.any() })), given)).rejects.toThrow(message)
  })

  test('a consumer that declares other rows is told which column', async () => {
    const { encode, decode } = await bench()
    const artifact = await encode(table(Point), [{ x: 1, name: 'a' }])
    await expect(decode(table(z.object({ x: z.string(), y: z.number() })), artifact)).rejects.toThrow(
      /x: the column is a number, declared is string[\s\S]*y: the column is missing/,
    )
    expect((await decode(table(z.object({ x: z.number() })), artifact)).row(0)).toEqual({ x: 1, name: 'a' })
  })
})

describe('CSV', () => {
  async function read(text: string, schema: z.ZodType, options: CsvOptions = {}): Promise<unknown[]> {
    const { pass } = await bench()
    return (await (await pass(file('text/csv'), Buffer.from(text))).readCsv(schema, options)).toArray()
  }

  test('cells are read as the schema says', async () => {
    const schema = z.object({
      n: z.number(),
      i: z.int(),
      b: z.boolean(),
      s: z.string(),
      d: z.enum(['x', 'y']),
      e: z.number().optional(),
      u: z.string().nullable(),
    })
    expect(await read('n,i,b,s,d,e,u\n1.5,2,true,007,x,,\n-1e3,3,0,,y,4,z\n', schema)).toEqual([
      { n: 1.5, i: 2, b: true, s: '007', d: 'x', u: null },
      { n: -1000, i: 3, b: false, s: '', d: 'y', e: 4, u: 'z' },
    ])
  })

  test('a mark at the start, quotes, delimiters, other headers, lines to skip', async () => {
    const schema = z.object({ a: z.string(), b: z.number() })
    expect(await read('\uFEFFa,b\n"x, ""y""\nz",1\n', schema)).toEqual([{ a: 'x, "y"\nz', b: 1 }])
    expect(await read('a;b\nx;1\n', schema, { delimiter: ';' })).toEqual([{ a: 'x', b: 1 }])
    expect(await read('x,1\n', schema, { header: ['a', 'b'] })).toEqual([{ a: 'x', b: 1 }])
    expect(await read('comment\na,b\nx,1\n', schema, { skipLines: 1 })).toEqual([{ a: 'x', b: 1 }])
    expect(
      await read('a,b\nx,NA\n', z.object({ a: z.string(), b: z.number().nullable() }), { missing: ['NA'] }),
    ).toEqual([{ a: 'x', b: null }])
    expect(await read('a,b\n', schema)).toEqual([])
  })

  test('what is wrong is told with its line', async () => {
    const schema = z.object({ age: z.number(), name: z.string() })
    await expect(read('age,name\n1,a\nold,b\n\n,c\n', schema)).rejects.toThrow(
      /line 3, age[\s\S]*line 5, age/,
    )
    await expect(read('agge,name\n1,a\n', schema)).rejects.toThrow("age (is it 'agge'?)")
    await expect(read('age,name\n1,a,2\n', schema)).rejects.toThrow('line 2: 3 cells, but 2 columns')
    await expect(read('age,name\n1,"a\n', schema)).rejects.toThrow('is no CSV')
  })

  test('schemas that convert, and libraries without JSON Schema', async () => {
    expect(await read('a\n3\n', z.object({ a: z.coerce.number() }))).toEqual([{ a: 3 }])
    const bare = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => ({ value: { length: (value as { a: string }).a.length } }),
      },
    }
    expect(await read('a\nhello\n', bare as never)).toEqual([{ length: 5 }])
  })
})
