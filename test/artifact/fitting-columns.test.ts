import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { fittingColumns } from '../../src/artifact/fitting-columns.ts'
import { plainFields } from '../../src/artifact/plain-fields.ts'
import type { Schema } from '../../src/artifact/schema.ts'
import { collectRows } from '../../src/artifact/table.ts'
import { toIpc } from '../../src/artifact/table-arrow.ts'
import type { Column } from '../../src/artifact/table-columns.ts'
import { tableDigest } from '../../src/artifact/table-digest.ts'
import { fromIpc } from '../../src/artifact/table-read.ts'
import { ColumnTable } from '../../src/artifact/table-value.ts'
import { Texts } from '../../src/artifact/texts.ts'

/** Numbers of a class that is not zod's own, which says nothing of what it checks. */
const Even = z.core.$constructor<z.ZodType>('Even', (own, definition) => {
  z.core.$ZodNumber.init(own as never, definition as never)
  const { _zod: internals } = own
  const parse = internals.parse.bind(internals)
  internals.parse = (payload, context) => {
    void parse(payload, context)
    if ((payload.value as number) % 2 !== 0) payload.issues.push({ code: 'custom', input: 1, message: 'odd' })
    return payload
  }
})

const columnsOf = (rows: readonly object[]): Promise<readonly Column[]> =>
  collectRows(rows, z.looseObject({}), 'OUTPUT_INVALID').then((table) => ColumnTable.columnsOf(table))

const fitted = async (schema: z.ZodType, rows: readonly object[]): Promise<readonly object[] | undefined> => {
  const columns = fittingColumns(await columnsOf(rows), schema as Schema)
  return columns && new ColumnTable(columns, rows.length).toArray()
}

describe('a schema of plain fields', () => {
  test.each([
    ['numbers in ranges', z.object({ a: z.number().min(0).lt(3).int().positive(), b: z.int() })],
    ['texts, flags, times, bigints', z.object({ a: z.string(), b: z.boolean(), c: z.date(), d: z.bigint() })],
    ['choices', z.object({ a: z.enum(['x', 'y']), b: z.enum({ One: 'one' }) })],
    ['what may be missing', z.object({ a: z.number().optional(), b: z.string().nullish() })],
    ['described ones', z.object({ a: z.number().describe('x').brand('B') }).describe('row')],
  ])('is read: %s', (_, schema) => {
    expect(plainFields(schema)).toBeDefined()
  })

  test.each([
    ['a refinement of a field', z.object({ a: z.number().refine((a) => a > 1) })],
    ['a refinement of the row', z.object({ a: z.number() }).refine(({ a }) => a > 1)],
    ['a check of texts', z.object({ a: z.string().min(1) })],
    ['a format', z.object({ a: z.email() })],
    ['a trimmed text', z.object({ a: z.string().trim() })],
    ['a rounded number', z.object({ a: z.number().overwrite(Math.round) })],
    ['a multiple', z.object({ a: z.number().multipleOf(2) })],
    ['a smaller number', z.object({ a: z.int32(), b: z.float32() })],
    ['a default', z.object({ a: z.number().default(1) })],
    ['a coerced number', z.object({ a: z.coerce.number() })],
    ['a transform', z.object({ a: z.number().transform(String) })],
    [
      'a checked wrapper',
      z.object({
        a: z
          .number()
          .optional()
          .refine((a) => a !== 1),
      }),
    ],
    ['a choice of numbers', z.object({ a: z.literal([1, 2]), b: z.enum({ One: 1 }) })],
    ['a union', z.object({ a: z.number().or(z.nan()) })],
    ['a class of somebody else', z.object({ a: new Even({ type: 'number' }) })],
    ['nested data', z.object({ a: z.array(z.number()) })],
    ['what keeps others', z.looseObject({ a: z.number() })],
    ['what refuses others', z.strictObject({ a: z.number() })],
    ['a range of times', z.object({ a: z.date().min(new Date(0)) })],
    ['another kind of row', z.record(z.string(), z.number())],
  ])('is no other: %s', (_, schema) => {
    expect(plainFields(schema)).toBeUndefined()
  })
})

describe('columns', () => {
  test('that fit are taken whole; others are dropped, whole numbers become doubles', async () => {
    const schema = z.object({ b: z.number().min(1), a: z.string() })
    expect(await fitted(schema, [{ a: 'é', b: 1n, c: true }])).toEqual([{ a: 'é', b: 1 }])
    const columns = fittingColumns(await columnsOf([{ a: 'é', b: 1.5 }]), schema)!
    expect(columns.map(({ name }) => name)).toEqual(['b', 'a'])
  })

  test.each([
    ['beyond its range', z.object({ a: z.number().gt(1) }), [{ a: 1 }]],
    ['no number', z.object({ a: z.number() }), [{ a: NaN }]],
    ['infinite', z.object({ a: z.number() }), [{ a: -Infinity }]],
    ['no whole number', z.object({ a: z.int() }), [{ a: 1.5 }]],
    ['not exact', z.object({ a: z.number() }), [{ a: 2n ** 60n }]],
    ['missing', z.object({ a: z.number() }), [{ a: 1 }, { a: null }]],
    ['of no column', z.object({ a: z.number(), b: z.number().optional() }), [{ a: 1 }]],
    ['of another type', z.object({ a: z.number() }), [{ a: '1' }]],
    ['no choice', z.object({ a: z.enum(['x']) }), [{ a: 'y' }]],
  ])('with a cell that is %s are looked at row by row', async (_, schema, rows) => {
    expect(await fitted(schema, rows)).toBeUndefined()
  })

  test('of texts that are not in order, or no UTF-8, are looked at row by row', () => {
    const schema = z.object({ a: z.string() })
    const column = (offsets: number[], bytes: number[]): Column => ({
      name: 'a',
      type: 'string',
      missing: 'null',
      valid: undefined,
      cells: new Texts(Int32Array.from(offsets), Uint8Array.from(bytes)),
    })
    expect(fittingColumns([column([0, 2, 3], [0xc3, 0xa9, 0x61])], schema)).toBeDefined()
    expect(fittingColumns([column([0, 1, 3], [0xc3, 0xa9, 0x61])], schema)).toBeUndefined()
    expect(fittingColumns([column([0, 1], [0xff])], schema)).toBeUndefined()
    expect(fittingColumns([column([0, 2, 1], [0x61, 0x61])], schema)).toBeUndefined()
    expect(fittingColumns([column([0, 9], [0x61, 0x61])], schema)).toBeUndefined()
  })

  test('with rubbish where cells are missing are the same table as without', async () => {
    const schema = z.object({ a: z.number().nullable(), t: z.date().nullable(), f: z.boolean().nullable() })
    const valid = Uint8Array.from([1, 0])
    const common = { missing: 'null', valid } as const
    const columns: Column[] = [
      { name: 'a', type: 'number', ...common, cells: Float64Array.from([1, NaN]) },
      { name: 't', type: 'date', ...common, cells: Float64Array.from([1, 1e300]) },
      { name: 'f', type: 'boolean', ...common, cells: Uint8Array.from([1, 1]) },
    ]
    const clean = await columnsOf([
      { a: 1, t: new Date(1), f: true },
      { a: null, t: null, f: null },
    ])
    expect(tableDigest(fittingColumns(columns, schema)!, 2)).toBe(tableDigest(clean, 2))
  })

  test('give what rows give: the same cells, the same digest', async () => {
    const schema = z.object({
      number: z.number(),
      some: z.number().min(-5).max(5).nullable(),
      text: z.string().optional(),
      flag: z.boolean(),
      time: z.date().nullable(),
      choice: z.enum(['x', 'y', 'é']),
    })
    const row = fc.record({
      number: fc.double({ noNaN: true, noDefaultInfinity: true }),
      some: fc.option(fc.double({ min: -6, max: 6, noNaN: true })),
      text: fc.option(fc.string({ unit: 'binary' })),
      flag: fc.boolean(),
      time: fc.option(fc.date({ noInvalidDate: true })),
      choice: fc.constantFrom('x', 'y', 'é'),
    })
    await fc.assert(
      fc.asyncProperty(fc.array(row, { minLength: 1 }), async (given) => {
        const written = await columnsOf(given)
        const bytes = Buffer.concat(await toIpc(written, given.length))
        const { columns, rows } = await fromIpc(bytes)
        const whole = fittingColumns(columns, schema)
        const each = given.map(({ text, ...others }) => (text === null ? others : { ...others, text }))
        const fits = each.every((one) => schema.safeParse(one).success)
        if (whole === undefined) {
          // A column of no cells has no type, or a cell does not fit.
          const isUntyped = columns.some(({ valid }) => valid?.includes(1) === false)
          expect(fits && !isUntyped).toBe(false)
          return
        }
        expect(fits).toBe(true)
        const table = await collectRows(each, schema, 'OUTPUT_INVALID')
        expect(new ColumnTable(whole, rows).toArray()).toEqual(table.toArray())
        expect(tableDigest(whole, rows)).toBe(tableDigest(ColumnTable.columnsOf(table), rows))
      }),
    )
  })
})
