import { definePredictor, model, type Model } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { bench } from './support.ts'

const scale = definePredictor({
  name: 'scale',
  state: z.object({ by: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  predict: ({ by }, { x }) => ({ y: x * by }),
})

const other = definePredictor({
  name: 'other',
  state: z.any(),
  input: z.any(),
  output: z.any(),
  predict: () => 1,
})

test('a model scores with the stored state; all sides are checked', async () => {
  const { pass, encode } = await bench()
  const state = { by: 3 }
  const made = scale.of(state)
  expect(await made.predict({ x: 2 })).toEqual({ y: 6 })
  expect(made.digest).toBeUndefined()
  const loaded = await pass(model(scale), made)
  state.by = 100
  expect(await loaded.predict({ x: 2 })).toEqual({ y: 6 })
  expect(await loaded.predictAll([{ x: 1 }, { x: 2 }])).toEqual([{ y: 3 }, { y: 6 }])
  await expect(loaded.predict({ x: 'a' } as never)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringMatching(/the input of predictor 'scale'[\s\S]*\.x: /) as string,
  })
  expect(loaded.signature.input).toMatchObject({ properties: { x: { type: 'number' } } })
  expect(loaded.signature.output).toMatchObject({ properties: { y: { type: 'number' } } })
  await expect(encode(model(scale), scale.of({ by: 'x' } as never))).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
    message: expect.stringMatching(/the state of predictor 'scale'[\s\S]*\.by: /) as string,
  })
  for (const value of [{ by: 3 }, null, 3])
    await expect(encode(model(scale), value)).rejects.toThrow('not a model')
})

test('a state is kept as training gave it, and parsed once, before and after it is stored', async () => {
  const { pass } = await bench()
  const doubling = definePredictor({
    name: 'doubling',
    state: z.object({
      w: z.number().transform((w) => w * 2),
      by: z.number().default(10),
      names: z.array(z.string()).transform((names) => new Set(names)),
    }),
    input: z.string(),
    output: z.number(),
    predict: ({ w, by, names }, name) => (names.has(name) ? w * by : 0),
  })
  const made = doubling.of({ w: 1, names: ['a'] })
  expect(await made.predict('a')).toBe(20)
  const loaded = await pass(model(doubling), made)
  expect([await loaded.predict('a'), await loaded.predict('b')]).toEqual([20, 0])
})

test('the output of a predictor is checked, and its state must be JSON', async () => {
  const { pass, encode } = await bench()
  const wrong = definePredictor({
    name: 'wrong',
    state: z.any(),
    input: z.number(),
    output: z.number(),
    predict: (): number => 'x' as never,
  })
  await expect((await pass(model(wrong), wrong.of({}))).predict(1)).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
  })
  await expect(encode(model(wrong), wrong.of({ weights: [new Map()] }))).rejects.toThrow(
    '.weights[0] is an instance of Map',
  )
})

test('a model passed on is the same model', async () => {
  const { pass, encode } = await bench()
  const loaded = await pass(model(scale), scale.of({ by: 3 }))
  expect((await encode(model(scale), loaded)).digest).toBe(loaded.digest)
  expect((await encode(model(), loaded)).digest).toBe(loaded.digest)
})

test('a model belongs to its code and its state', async () => {
  const [one, two] = [await bench(sha256('1')), await bench(sha256('2'))]
  const { digest } = await one.encode(model(scale), scale.of({ by: 3 }))
  expect((await one.encode(model(scale), scale.of({ by: 3 }))).digest).toBe(digest)
  expect((await one.encode(model(scale), scale.of({ by: 4 }))).digest).not.toBe(digest)
  expect((await two.encode(model(scale), scale.of({ by: 3 }))).digest).not.toBe(digest)
})

test('a model of other predictor code is refused', async () => {
  const blobs = memoryStore()
  const workdir = (): Promise<string> => Promise.reject(new Error('no folder is needed'))
  const code = (digest: Digest) => (): Promise<Digest> => Promise.resolve(digest)
  const kind = model(scale)
  const made = await kind.encode(scale.of({ by: 3 }), {
    blobs,
    workdir,
    predictorDigest: code(sha256('1')),
  })
  const decode = (digest: Digest): Promise<unknown> =>
    kind.decode(made, { blobs, workdir, name: 'm', predictorDigest: code(digest) })
  await expect(decode(sha256('2'))).rejects.toMatchObject({
    code: 'PREDICTOR_CHANGED',
    message: expect.stringContaining(`made by predictor code ${sha256('1')}`) as string,
  })
  await expect(decode(sha256('1'))).resolves.toBeDefined()
})

test('the wrong predictor is refused on both sides', async () => {
  const { encode, decode } = await bench()
  await expect(encode(model(other), scale.of({ by: 3 }))).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
    message: expect.stringContaining("the model is of predictor 'scale', declared is 'other'") as string,
  })
  const artifact = await encode(model(scale), scale.of({ by: 3 }))
  await expect(decode(model(other), artifact)).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("the model is of predictor 'scale', declared is 'other'") as string,
  })
})

test('any model can be passed on and read about, not used', async () => {
  const { encode, decode } = await bench()
  const artifact = await encode(model(scale), scale.of({ by: 3 }))
  const opaque = (await decode(model(), artifact)) as Model<unknown>
  expect([opaque.predictor, opaque.digest, opaque.format]).toEqual(['scale', artifact.digest, 'typescript'])
  await expect(opaque.predict({})).rejects.toMatchObject({ code: 'PREDICTOR_CHANGED' })
  expect(await encode(model(), opaque)).toEqual(artifact)
})

test('a state that cannot be read is told to whoever predicts, and tried again', async () => {
  const blobs = memoryStore()
  const context = {
    blobs,
    name: 'm',
    workdir: (): Promise<string> => Promise.reject(new Error('no folder is needed')),
    predictorDigest: (): Promise<Digest> => Promise.resolve(sha256('1')),
  }
  const kind = model(scale)
  const artifact = await kind.encode(scale.of({ by: 3 }), context)
  const loaded = await kind.decode(artifact, context)
  await blobs.delete(artifact.parts![0]!)
  // An unhandled rejection of the state would fail the test run.
  await expect(loaded.predict({ x: 'a' } as never)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
  await new Promise((resolve) => setTimeout(resolve, 20))
  await expect(loaded.predict({ x: 1 })).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  await blobs.put(Buffer.from('{"by":3}'))
  expect(await loaded.predict({ x: 1 })).toEqual({ y: 3 })
})

test('a stored state that does not fit the predictor is refused', async () => {
  const { encode, decode } = await bench()
  const loose = definePredictor({ ...scale, state: z.any() })
  const artifact = await encode(model(loose), loose.of({ by: 'x' }))
  const loaded = await decode(model(scale), artifact)
  await expect(loaded.predict({ x: 1 })).rejects.toMatchObject({
    code: 'INPUT_INVALID',
    message: expect.stringContaining("the state of predictor 'scale'") as string,
  })
})
