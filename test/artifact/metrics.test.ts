import { metrics } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { contentBytes } from '../../src/artifact/artifact.ts'
import { bench } from './support.ts'

const kind = metrics({ auc: z.number(), loss: z.number().or(z.nan()), more: z.any() })

test('NaN and infinities are kept where the schema allows them', async () => {
  const { pass, encode } = await bench()
  const got = await pass(kind, { auc: 1, loss: Number.NaN, more: [Infinity, { low: -Infinity }, -0] })
  expect(got).toStrictEqual({ auc: 1, loss: Number.NaN, more: [Infinity, { low: -Infinity }, 0] })
  expect(Object.isFrozen(got) && Object.isFrozen(got.more)).toBe(true)
  await expect(encode(kind, { auc: Number.NaN, loss: 1 })).rejects.toThrow(/\.auc: /)
})

test('a record that looks like a kept number is a record', async () => {
  const { pass } = await bench()
  for (const more of [{ $number: 'many' }, { $number: 'NaN', of: 1 }, { $number: 3 }])
    expect((await pass(kind, { auc: 1, loss: 1, more })).more).toEqual(more)
})

test('what does not fit, and what is not declared, is listed with its name', async () => {
  const { encode } = await bench()
  await expect(encode(kind, { auc: 'x', loss: 1, los: 1 })).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
    message: expect.stringMatching(/\.auc: [\s\S]*\.los: is not declared; did you mean 'loss'\?/) as string,
  })
  await expect(encode(kind, { auc: 1, loss: 1, toString: 1 })).rejects.toThrow('.toString: is not declared')
  await expect(encode(kind, { auc: 1, loss: 1, more: new Map() })).rejects.toMatchObject({
    code: 'VALUE_NOT_STORABLE',
    message: expect.stringContaining('.more is an instance of Map') as string,
  })
})

test('the size of metrics is none of them', async () => {
  const { encode } = await bench()
  const artifact = await encode(metrics({ bytes: z.number(), contentSize: z.number() }), {
    bytes: 1e9,
    contentSize: 2e9,
  })
  expect(contentBytes(artifact)).toBe(artifact.size)
})

test('a metric that is left out is none, whatever its name', async () => {
  const { pass } = await bench()
  const named = metrics({ constructor: z.number().optional(), valueOf: z.number().default(3) })
  expect(await pass(named, {})).toEqual({ valueOf: 3 })
})

test.each([
  [null, 'null'],
  [undefined, 'undefined'],
  [3, 'number'],
  [[], 'list'],
])('%j is no record', async (value, what) => {
  const { encode } = await bench()
  await expect(encode(metrics({ a: z.number().optional() }), value)).rejects.toThrow(
    `the value is a ${what}, not a record of metrics`,
  )
})

test('the values are in the artifact’s record; the order of names is of no account', async () => {
  const { encode } = await bench()
  const artifact = await encode(metrics({ a: z.number(), b: z.number() }), { b: 2, a: 1 })
  expect(artifact.meta).toEqual({ a: 1, b: 2 })
  expect((await encode(metrics({ b: z.number(), a: z.number() }), { a: 1, b: 2 })).digest).toBe(
    artifact.digest,
  )
  expect(metrics({ a: z.number() }).declare()).toMatchObject({
    kind: 'metrics',
    schema: { properties: { a: { type: 'number' } } },
  })
})
