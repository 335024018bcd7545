import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import {
  definePredictor,
  directory,
  file,
  model,
  type AnyModel,
  type DirectoryHandle,
  type FileHandle,
} from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { firstDifference } from '../../src/artifact/first-difference.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { bench } from './support.ts'

const Row = z.object({ x: z.number() })
const onnx = model({ format: 'onnx', input: Row, output: z.object({ p: z.number() }) })
const mlflow = model({ format: 'mlflow' })

test('a file is a model with the signature of its schemas', async () => {
  const { workdir, encode, decode } = await bench()
  await writeFile(join(workdir, 'best.v2.onnx'), 'weights')
  const artifact = await encode(onnx, join(workdir, 'best.v2.onnx'))
  expect(artifact).toMatchObject({ kind: 'model', meta: { format: 'onnx', contentSize: 7 } })
  expect(artifact.parts).toHaveLength(1)
  const loaded = await decode(onnx, artifact, 'classifier')
  expect([loaded.format, loaded.digest, loaded.size, loaded.predictor]).toEqual([
    'onnx',
    artifact.digest,
    7,
    undefined,
  ])
  expect(loaded.signature.input).toMatchObject({ properties: { x: { type: 'number' } } })
  expect(loaded.signature.output).toMatchObject({ properties: { p: { type: 'number' } } })
  expect(Buffer.from(await loaded.bytes()).toString()).toBe('weights')
  const path = await loaded.path()
  expect(basename(path)).toBe('classifier.onnx')
  expect(await loaded.path()).toBe(path)
  expect(await readFile(path, 'utf8')).toBe('weights')
})

test('what a model is hangs on its bytes, format and signature, not on how its file was called', async () => {
  const { workdir, encode } = await bench()
  for (const name of ['a.onnx', 'b.bin']) await writeFile(join(workdir, name), 'weights')
  await writeFile(join(workdir, 'other.onnx'), 'others')
  const { digest } = await encode(onnx, join(workdir, 'a.onnx'))
  expect((await encode(onnx, join(workdir, 'b.bin'))).digest).toBe(digest)
  expect((await encode(onnx, Buffer.from('weights'))).digest).toBe(digest)
  expect((await encode(onnx, join(workdir, 'other.onnx'))).digest).not.toBe(digest)
  expect((await encode(model({ format: 'onnx' }), Buffer.from('weights'))).digest).not.toBe(digest)
  expect((await encode(model({ format: 'ort', input: Row }), Buffer.from('weights'))).digest).not.toBe(digest)
})

test('a folder is a model too; it has a path and no bytes', async () => {
  const { workdir, encode, decode } = await bench()
  await mkdir(join(workdir, 'saved', 'data'), { recursive: true })
  await writeFile(join(workdir, 'saved', 'MLmodel'), 'flavors: {}')
  await writeFile(join(workdir, 'saved', 'data', 'weights'), 'weights')
  const artifact = await encode(mlflow, join(workdir, 'saved'))
  expect(artifact.parts).toHaveLength(3)
  const loaded = await decode(mlflow, artifact, 'model')
  expect(loaded.size).toBe(18)
  expect(await readFile(join(await loaded.path(), 'data', 'weights'), 'utf8')).toBe('weights')
  await expect(loaded.bytes()).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("the mlflow model 'model' is a directory") as string,
  })
})

test('bytes, received files and directories become models; a signature can come with them', async () => {
  const { workdir, encode, decode, pass } = await bench()
  const bytes = await pass(model({ format: 'joblib' }), Buffer.from('bytes'))
  expect(basename(await bytes.path())).toBe('input.joblib')
  const received = await pass<FileHandle>(file('application/onnx'), Buffer.from('weights'))
  expect(Buffer.from(await (await pass(onnx, received)).bytes()).toString()).toBe('weights')
  await mkdir(join(workdir, 'folder'))
  await writeFile(join(workdir, 'folder', 'MLmodel'), '')
  const folder = await pass<DirectoryHandle>(directory(), join(workdir, 'folder'))
  expect((await pass(mlflow, folder)).size).toBe(0)
  const signature = { input: { type: 'object' }, output: null }
  const signed = await decode(mlflow, await encode(mlflow, { content: Buffer.from('x'), signature }))
  expect(signed.signature).toEqual(signature)
  // The schemas that the step declares go before.
  const declared = await decode(onnx, await encode(onnx, { content: Buffer.from('x'), signature }))
  expect(declared.signature.input).toHaveProperty('properties')
})

test('a model passed on is the same model, also as any model', async () => {
  const { encode, decode, pass } = await bench()
  const loaded = await pass(onnx, Buffer.from('weights'))
  expect((await encode(onnx, loaded)).digest).toBe(loaded.digest)
  const any: AnyModel = await decode(model(), await encode(model(), loaded))
  expect([any.format, any.digest]).toEqual(['onnx', loaded.digest])
  expect((await encode(onnx, any)).digest).toBe(loaded.digest)
})

test('another format, a predictor and what is no model are refused by name', async () => {
  const { encode, decode } = await bench()
  const scale = definePredictor({
    name: 'scale',
    state: z.object({ by: z.number() }),
    input: Row,
    output: z.number(),
    predict: ({ by }, { x }) => x * by,
  })
  const stored = await encode(onnx, Buffer.from('weights'))
  await expect(decode(mlflow, stored)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("of format 'onnx', declared is 'mlflow'") as string,
    fix: "declare the input as model({ format: 'onnx' })",
  })
  await expect(encode(mlflow, await decode(onnx, stored))).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  await expect(decode(model(scale), stored)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("of format 'onnx', declared is predictor 'scale'") as string,
  })
  await expect(encode(model(scale), await decode(onnx, stored))).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
  })
  await expect(decode(onnx, await encode(model(scale), scale.of({ by: 1 })))).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("of format 'typescript', declared is 'onnx'") as string,
  })
  await expect(encode(onnx, scale.of({ by: 1 }))).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  for (const value of [null, 3, { by: 1 }, { content: 3 }])
    await expect(encode(onnx, value)).rejects.toMatchObject({ code: 'OUTPUT_INVALID' })
  await expect(encode(onnx, 'nowhere.onnx')).rejects.toThrow('is not there')
})

test('a format is a word, and its sides are schemas', () => {
  for (const format of ['', 'a b', 'typescript', 3 as never, undefined as never])
    expect(() => model({ format })).toThrow(/is no format/)
  expect(() => model('onnx' as never)).toThrow('"onnx" is no predictor and no format')
  expect(() => model({ format: 'onnx', input: {} as never })).toThrow(
    "model of format 'onnx': input is not a schema",
  )
})

test('a plan tells format and signature; a difference names what has changed', async () => {
  expect(mlflow.declare()).toEqual({ kind: 'model', format: 'mlflow' })
  expect(onnx.declare()).toMatchObject({
    kind: 'model',
    format: 'onnx',
    signature: { input: { type: 'object' } },
  })
  const blobs = memoryStore()
  const context = {
    blobs,
    workdir: () => Promise.reject(new Error('no folder is needed')),
    predictorDigest: () => Promise.reject(new Error('no code is needed')),
  }
  const stored = (text: string, kind = onnx) => kind.encode(Buffer.from(text), context)
  expect(await firstDifference(await stored('weights'), await stored('weighty'), blobs)).toMatch(
    /^content: byte 6/,
  )
  const unsigned = model({ format: 'onnx' }) as unknown as typeof onnx
  expect(await firstDifference(await stored('a'), await stored('a', unsigned), blobs)).toMatch(
    /^\.signature\.input/,
  )
})
