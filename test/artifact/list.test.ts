import { basename } from 'node:path'
import { definePredictor, file, json, list, model, table } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { encodeList, itemKind, listItems } from '../../src/artifact/list.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { bench } from './support.ts'

test('a list keeps its items in their order, over many pages', async () => {
  const { pass, encode } = await bench()
  const kind = list(json(z.number()))
  const numbers = Array.from({ length: 2_500 }, (_, i) => i)
  const artifact = await encode(kind, numbers)
  expect(artifact).toMatchObject({ kind: 'list', meta: { count: 2_500 } })
  expect(artifact.parts).toHaveLength(3)
  expect(await pass(kind, numbers)).toEqual(numbers)
  expect((await encode(kind, [...numbers])).digest).toBe(artifact.digest)
  expect((await encode(kind, numbers.toReversed())).digest).not.toBe(artifact.digest)
  expect(await pass(kind, [])).toEqual([])
})

test('lists of lists, of tables and of files', async () => {
  const { pass, encode, decode } = await bench()
  expect(await pass(list(list(json(z.string()))), [['a'], [], ['b', 'c']])).toEqual([['a'], [], ['b', 'c']])
  const [first] = await pass(list(table(z.object({ a: z.number() }))), [[{ a: 1 }]])
  expect(first!.toArray()).toEqual([{ a: 1 }])
  const files = list(file('text/plain'))
  const handles = await decode(files, await encode(files, [Buffer.from('x'), Buffer.from('y')]), 'parts')
  expect(basename(await handles[0]!.path())).toBe('parts.0.txt')
  expect(basename(await handles[1]!.path())).toBe('parts.1.txt')
  expect((await encode(files, handles)).digest).toBe(
    (await encode(files, [Buffer.from('x'), handles[1]])).digest,
  )
})

test('a list of models scores with each one’s state', async () => {
  const { pass, encode } = await bench()
  const scale = definePredictor({
    name: 'scale',
    state: z.number(),
    input: z.number(),
    output: z.number(),
    predict: (by, x) => x * by,
  })
  const models = Array.from({ length: 1_100 }, (_, by) => scale.of(by))
  const loaded = await pass(list(model(scale)), models)
  expect(await loaded[1_050]!.predict(2)).toBe(2_100)
  await expect(encode(list(model(scale)), [scale.of(1), 3])).rejects.toThrow(
    'item 1: the value is not a model',
  )
})

test('frozen json items are not the producer’s', async () => {
  const { pass } = await bench()
  const [item] = await pass(list(json(z.object({ a: z.number() }))), [{ a: 1 }])
  expect(Object.isFrozen(item)).toBe(true)
})

test('a bad item is named', async () => {
  const { encode } = await bench()
  await expect(encode(list(json(z.number())), 3)).rejects.toThrow('not a list')
  const encoding = encode(list(list(json(z.number()))), [[1], [2, 'x']])
  await expect(encoding).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  await expect(encoding).rejects.toThrow(/^item 1: item 1: the value does not fit/)
  await expect(encode(list(file()), ['nothing'])).rejects.toThrow(
    /^item 0: the returned path nothing is not there\nFix: write it under ctx.workdir before returning its path$/,
  )
})

test('skipped items are kept as such; the digest covers what the items are', async () => {
  const blobs = memoryStore()
  const item = (text: string, blob: string): Artifact => ({
    kind: 'table',
    digest: sha256(text),
    blob: sha256(blob),
    size: 1,
    mediaType: 'x',
  })
  const one = await encodeList([item('a', '1'), null], { blobs })
  const read: (Artifact | null)[] = []
  for await (const entry of listItems(one, { blobs })) read.push(entry)
  expect(read).toEqual([item('a', '1'), null])
  // Equal content in other bytes.
  const other = await encodeList([item('a', '2'), null], { blobs })
  expect(other.digest).toBe(one.digest)
  expect(other.blob).not.toBe(one.blob)
  expect((await encodeList([null, item('a', '1')], { blobs })).digest).not.toBe(one.digest)
  expect((await encodeList([{ ...item('a', '1'), kind: 'file' }, null], { blobs })).digest).not.toBe(
    one.digest,
  )
  expect(itemKind(list(json(z.string())))?.name).toBe('json')
  expect(itemKind(json(z.string()))).toBeUndefined()
})

test('no two inputs, and no item of one, share a file', async () => {
  const { encode, decode } = await bench()
  const typed = file('text/plain')
  const plain = file()
  const [item] = await decode(list(plain), await encode(list(plain), [Buffer.from('one')]), 'a')
  const others = await Promise.all(
    ['a.0', 'a-0', 'a[0', 'a'].map(async (name) =>
      decode(plain, await encode(plain, Buffer.from(name)), name),
    ),
  )
  const text = await decode(typed, await encode(typed, Buffer.from('typed')), 'a')
  const dotted = await decode(plain, await encode(plain, Buffer.from('dotted')), 'a.txt')
  const paths = await Promise.all([item!, ...others, text, dotted].map((one) => one.path()))
  expect(new Set(paths).size).toBe(paths.length)
})
