import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { declaredColumns, rowShape } from '../../src/artifact/row-schema.ts'
import type { Schema } from '../../src/artifact/schema.ts'

function shape(schema: z.ZodType, side: 'input' | 'output' = 'output'): unknown {
  const found = rowShape(schema, side)!
  return { ...Object.fromEntries(found.properties), required: [...found.required] }
}

/** A schema of which only the JSON Schema is of interest. */
function described(json: object): Schema {
  const jsonSchema = { input: () => json, output: () => json }
  const validate = (value: unknown): { value: unknown } => ({ value })
  return { '~standard': { version: 1, vendor: 'test', validate, jsonSchema } } as never
}

describe('the shape of a row', () => {
  test('through references: schemas that have an id', () => {
    const score = z.number().meta({ id: 'row-schema-score' })
    const row = z.object({ a: score, b: score.nullable() }).meta({ id: 'row-schema-row' })
    expect(shape(row)).toEqual({ a: ['number'], b: ['number', 'null'], required: ['a', 'b'] })
  })

  test('through unions: every property, required where all require it', () => {
    const row = z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('x'), value: z.number(), x: z.boolean() }),
      z.object({ kind: z.literal('y'), value: z.string() }),
    ])
    expect(shape(row)).toEqual({
      kind: ['string'],
      value: ['number', 'string'],
      x: ['boolean'],
      required: ['kind', 'value'],
    })
  })

  test('through intersections', () => {
    const row = described({
      allOf: [
        { properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: { allOf: [{}, { type: ['string', 'null'] }] } } },
      ],
    })
    const { properties, required } = rowShape(row, 'input')!
    expect([...properties]).toEqual([
      ['a', ['integer']],
      ['b', ['string', 'null']],
    ])
    expect([...required]).toEqual(['a'])
  })

  test('with the types of what is not declared', () => {
    const others = (schema: z.ZodType | Schema): unknown => rowShape(schema, 'input')!.others
    expect(others(z.object({ a: z.string() }))).toBe(undefined)
    expect(others(z.strictObject({ a: z.string() }))).toBe(undefined)
    expect(others(z.looseObject({ a: z.string() }))).toEqual(['unknown'])
    expect(others(z.object({ a: z.string() }).catchall(z.number().nullable()))).toEqual(['number', 'null'])
    expect(others(z.object({ a: z.string() }).and(z.record(z.string(), z.number())))).toEqual(['number'])
    expect(others(described({ additionalProperties: true }))).toEqual(['unknown'])
    const choices = z.union([
      z.object({ a: z.string(), b: z.string() }),
      z.object({ a: z.string() }).catchall(z.number()),
    ])
    expect(others(choices)).toEqual(['number'])
    expect(rowShape(choices, 'input')!.properties).toEqual(
      new Map([
        ['a', ['string']],
        ['b', ['string', 'number']],
      ]),
    )
  })

  test('of what a schema takes, and of what it gives', () => {
    const row = z.object({ n: z.string().transform(Number), d: z.number().default(1), at: z.date() })
    expect(shape(row, 'input')).toEqual({
      n: ['string'],
      d: ['number'],
      at: ['unknown'],
      required: ['n', 'at'],
    })
    expect(shape(row)).toEqual({ n: ['unknown'], d: ['number'], at: ['unknown'], required: ['n', 'd', 'at'] })
  })

  test('of schemas that refer to themselves or to nothing', () => {
    const row = described({ $ref: '#/$defs/a', $defs: { a: { $ref: '#/$defs/a' } } })
    expect(rowShape(row, 'output')!.properties.size).toBe(0)
    const properties = {
      a: { $ref: '#/$defs/gone' },
      b: { $ref: 'https://elsewhere' },
      'c/d': { type: 'string' },
    }
    const partly = described({ properties, $defs: { e: { $ref: '#/properties/c~1d' } } })
    expect([...rowShape(partly, 'output')!.properties.values()]).toEqual([
      ['unknown'],
      ['unknown'],
      ['string'],
    ])
    expect(
      rowShape({ '~standard': { version: 1, vendor: 'test', validate: () => ({ value: 1 }) } }, 'output'),
    ).toBe(undefined)
  })

  test('gives columns their types and their order', () => {
    const row = z.object({ b: z.int(), a: z.string().nullable(), list: z.array(z.number()), at: z.date() })
    expect([...declaredColumns(row)]).toEqual([
      ['b', 'number'],
      ['a', 'string'],
      ['list', 'json'],
      ['at', 'string'],
    ])
  })
})
