import fc from 'fast-check'
import { json, list } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import { jsonDigest } from '../../src/artifact/json.ts'
import { bench } from './support.ts'

const anything = json(z.any())

describe('json', () => {
  test('a consumer gets a frozen value, never the producer’s object', async () => {
    const { encode, decode } = await bench()
    const kind = json(z.object({ a: z.array(z.object({ b: z.number() })) }))
    const value = { a: [{ b: 1 }] }
    const artifact = await encode(kind, value)
    value.a[0]!.b = 2
    const got = await decode(kind, artifact)
    expect(got).toEqual({ a: [{ b: 1 }] })
    expect(() => (got.a[0]!.b = 3)).toThrow(TypeError)
    expect(artifact).toEqual({
      kind: 'json',
      digest: sha256('{"a":[{"b":1}]}'),
      blob: sha256('{"a":[{"b":1}]}'),
      size: 15,
      mediaType: 'application/json',
    })
    expect(jsonDigest(got)).toBe(artifact.digest)
  })

  test('gives back any JSON value', async () => {
    const { pass } = await bench()
    await fc.assert(
      fc.asyncProperty(fc.jsonValue(), async (value) => {
        expect(await pass(anything, value)).toEqual(JSON.parse(JSON.stringify(value)))
      }),
      { numRuns: 60 },
    )
  })

  test('-0 is stored as 0, an undefined property is absent', async () => {
    const { pass, encode } = await bench()
    const got: unknown = await pass(anything, { zero: -0, none: undefined, list: [-0] })
    expect(got).toStrictEqual({ zero: 0, list: [0] })
    expect((await encode(anything, { b: 1, a: -0 })).digest).toBe(
      (await encode(anything, { a: 0, b: 1.0 })).digest,
    )
  })

  test('names that mean something to JavaScript are plain data', async () => {
    const { pass } = await bench()
    const value: unknown = JSON.parse('{"__proto__":{"x":1},"constructor":2,"toJSON":3}')
    const got = await pass(anything, value)
    expect(JSON.stringify(got)).toBe('{"__proto__":{"x":1},"constructor":2,"toJSON":3}')
    expect((got as { x?: unknown }).x).toBeUndefined()
  })

  test.each([
    ['a date', { a: [new Date(0)] }, '.a[0] is an instance of Date'],
    ['a bigint', { a: 1n }, '.a is a bigint'],
    ['NaN', { a: Number.NaN }, '.a is NaN'],
    ['undefined', undefined, 'the value is undefined'],
  ])('%s is refused with its path, before anything is stored', async (_name, value, message) => {
    const { encode } = await bench()
    await expect(encode(anything, value)).rejects.toMatchObject({
      code: 'VALUE_NOT_STORABLE',
      message: expect.stringContaining(message) as string,
    })
  })

  test('all that does not fit the schema is listed', async () => {
    const { encode } = await bench()
    const kind = json(z.object({ rows: z.array(z.object({ radius: z.number() })), name: z.string() }))
    await expect(encode(kind, { rows: [{ radius: 1 }, { radius: 'x' }], name: 3 })).rejects.toMatchObject({
      code: 'OUTPUT_INVALID',
      message: expect.stringMatching(/\.rows\[1\]\.radius: [\s\S]*\.name: /) as string,
    })
    await expect(encode(json(z.number()), 'x')).rejects.toThrow('(value): ')
    await expect(
      encode(
        json(z.array(z.number())),
        Array.from({ length: 30 }, () => 'x'),
      ),
    ).rejects.toThrow('… and 10 more')
  })

  test('what the schema makes of the value is stored; a schema may take its time', async () => {
    const { pass } = await bench()
    expect(
      await pass(json(z.object({ n: z.coerce.number(), d: z.string().default('x') })), { n: '3' }),
    ).toEqual({
      n: 3,
      d: 'x',
    })
    const slow = z.string().refine(async (text) => Promise.resolve(text !== 'no'))
    const { encode } = await bench()
    expect(await pass(json(slow), 'yes')).toBe('yes')
    await expect(encode(json(slow), 'no')).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  })

  test('the declaration has the JSON Schema, where there is one', () => {
    expect(json(z.number()).declare()).toMatchObject({ kind: 'json', schema: { type: 'number' } })
    const bare = {
      '~standard': { version: 1 as const, vendor: 'test', validate: (value: unknown) => ({ value }) },
    }
    expect(list(json(bare)).declare()).toEqual({ kind: 'list', of: { kind: 'json' } })
  })
})
