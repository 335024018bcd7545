import * as arrow from 'apache-arrow'
import { table } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { toIpc } from '../../src/artifact/table-arrow.ts'
import { tableDigest } from '../../src/artifact/table-digest.ts'
import { fromIpc } from '../../src/artifact/table-read.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { bench } from './support.ts'

async function digestOf(bytes: Uint8Array): Promise<string> {
  const { columns, rows } = await fromIpc(bytes)
  return tableDigest(columns, rows)
}

async function cellsOf(column: arrow.Vector): Promise<unknown[]> {
  const bytes = arrow.tableToIPC(new arrow.Table({ a: column }), 'file')
  const blobs = memoryStore()
  const { digest, size } = await blobs.put(bytes)
  const artifact: Artifact = { kind: 'table', digest, blob: digest, size, mediaType: 'x' }
  const workdir = (): Promise<string> => Promise.resolve('')
  const predictorDigest = (): Promise<never> => Promise.reject(new Error('no predictor is needed'))
  const context = { blobs, name: 'input', workdir, predictorDigest }
  const read = await table(z.object({ a: z.any() })).decode(artifact, context)
  return read.toArray().map(({ a }) => a as unknown)
}

describe('tables that other programs have written', () => {
  test('are the same cells, however Arrow holds them', async () => {
    const names = ['ada', 'é', 'ada', 'bob']
    const numbers = [1, -0, 2.5, Number.NaN]
    const flags = [true, false, false, true]
    const nulls = [null, 'x', null, '']
    const whole = new arrow.Table({
      name: arrow.vectorFromArray(names, new arrow.Utf8()),
      x: arrow.makeVector(Float64Array.from(numbers)),
      ok: arrow.vectorFromArray(flags, new arrow.Bool()),
      maybe: arrow.vectorFromArray(nulls, new arrow.Utf8()),
    })
    const inOther = new arrow.Table({
      maybe: arrow.vectorFromArray(nulls, new arrow.LargeUtf8()),
      ok: arrow.vectorFromArray(flags, new arrow.Bool()),
      name: arrow.vectorFromArray(names, new arrow.Dictionary(new arrow.Utf8(), new arrow.Int32())),
      x: arrow.makeVector(Float64Array.from(numbers)),
    })
    const inTwo = new arrow.Table([...whole.slice(0, 3).batches, ...whole.slice(3).batches])
    expect(inTwo.batches).toHaveLength(2)
    const written = [whole, inOther, inTwo, whole.slice(0)].map((one) => arrow.tableToIPC(one, 'file'))
    const digests = new Set(await Promise.all(written.map(digestOf)))
    expect(digests.size).toBe(1)
    expect(new Set(written.map((bytes) => sha256(bytes))).size).toBeGreaterThan(1)
    const { encode } = await bench()
    const given = names.map((name, i) => ({ name, x: numbers[i], ok: flags[i], maybe: nulls[i] }))
    const kind = table(
      z.object({ name: z.string(), x: z.any(), ok: z.boolean(), maybe: z.string().nullable() }),
    )
    expect([...digests]).toEqual([(await encode(kind, given)).digest])
  })

  test.each<[string, arrow.Vector, unknown[]]>([
    ['whole numbers', arrow.makeVector(Int32Array.of(1, -2)), [1, -2]],
    ['small floats', arrow.makeVector(Float32Array.of(0.5)), [0.5]],
    ['64-bit numbers', arrow.makeVector(BigInt64Array.of(-1n)), [-1n]],
    ['numbers without a sign', arrow.makeVector(BigUint64Array.of(1n)), [1n]],
    ['days', arrow.vectorFromArray([new Date('2020-01-02')], new arrow.DateDay()), [new Date('2020-01-02')]],
    [
      'microseconds',
      arrow.vectorFromArray([new Date(1_500)], new arrow.TimestampMicrosecond()),
      [new Date(1_500)],
    ],
    ['nothing but nulls', arrow.vectorFromArray([null, null], new arrow.Int32()), [null, null]],
  ])('%s', async (_name, vector, values) => {
    expect(await cellsOf(vector)).toEqual(values)
  })

  test('what has no place in a column is named', async () => {
    const lists = arrow.vectorFromArray(
      [[1], [2]],
      new arrow.List(new arrow.Field('item', new arrow.Float64())),
    )
    const reading = cellsOf(lists)
    await expect(reading).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    await expect(reading).rejects.toThrow("column 'a' of the stored table is a List")
    await expect(cellsOf(arrow.makeVector(BigUint64Array.of(2n ** 63n)))).rejects.toThrow(
      "row 1, column 'a' of the stored table is outside of 64 bits",
    )
  })
})

test('numbers and texts are views on the stored bytes; unaligned bytes are copied', async () => {
  const { columns } = await fromIpc(
    arrow.tableToIPC(new arrow.Table({ x: arrow.makeVector(Float64Array.of(1, 2)) }), 'file'),
  )
  const bytes = Buffer.concat(await toIpc(columns, 2))
  const shifted = new Uint8Array(bytes.byteLength + 3)
  shifted.set(bytes, 3)
  for (const [given, isView] of [
    [Uint8Array.from(bytes), true],
    [shifted.subarray(3), false],
  ] as const) {
    const read = await fromIpc(given)
    const cells = read.columns[0]!.cells as Float64Array
    expect(cells).toEqual(Float64Array.of(1, 2))
    expect(cells.buffer === given.buffer).toBe(isView)
  }
})

test('what a step does to a column that it was given is its own affair', async () => {
  const { encode, decode } = await bench()
  const kind = table(z.object({ x: z.number() }))
  const artifact = await encode(kind, [{ x: 1 }])
  const cells = (await decode(kind, artifact)).column('x') as Float64Array
  cells[0] = 7
  expect((await decode(kind, artifact)).row(0)).toEqual({ x: 1 })
})
