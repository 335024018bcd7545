import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, file, list, model, renderWhy, table } from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { testStep } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { pythonStep } from './steps.ts'

const Row = z.object({ n: z.number() })
const mine = model({ format: 'mine', input: Row, output: z.number() })
const unsigned = model({ format: 'mine' })

const fits = pythonStep(
  'fits',
  { rows: table(Row) },
  { model: mine, signed: unsigned, raw: model({ format: 'joblib' }), many: list(unsigned) },
)
const scores = pythonStep(
  'scores',
  { model: mine, signed: unsigned, text: model({ format: 'joblib' }), many: list(unsigned) },
  { signature: z.json(), length: z.number(), text: z.string(), many: z.number() },
)

test('a model is returned by path, with a signature or without, or as bytes', async () => {
  const { outputs } = await testStep(fits, { rows: [{ n: 1 }] })
  expect(outputs.model.signature.input).toHaveProperty('properties')
  expect(outputs.signed.signature).toEqual({ input: { type: 'object' }, output: null })
  expect(Buffer.from(await outputs.raw.bytes()).toString()).toBe('raw')
  expect(await outputs.raw.path()).toMatch(/raw\.joblib$/)
  expect(outputs.many.map(({ digest }) => digest)).toHaveLength(1)
})

test('a model goes from Python to Python by way of the registry, and is reused', async () => {
  const pw = await tempWorkspace()
  const pipeline = definePipeline({ name: 'models', inputs: { n: z.number() } }, (p, { n }) => {
    const rows = p.step(pythonStep('rows_of', { rows: table(Row) }, { rows: table(Row) }), {
      rows: p.step(pythonStep('typed', { n: z.number() }, { rows: table(Row) }, { function: 'one_row' }), {
        n,
      }).rows,
    })
    const made = p.step(fits, { rows: rows.rows })
    const { model } = p.step(registerModel({ name: 'mine', kind: mine }), { model: made.model })
    return p.step(scores, { model, signed: made.signed, text: made.raw, many: made.many } as never)
  })
  const { outputs } = await pw.run(pipeline, { n: 1 })
  expect(outputs).toEqual({ signature: { type: 'object' }, length: 7, text: 'raw', many: 1 })
  const again = await pw.run(pipeline, { n: 1 })
  expect(await statesOf(pw, again.run.id)).toMatchObject({ fits: 'reused', scores: 'reused' })
  const registered = await (await pw.registry.get('mine')).load(mine)
  expect(Buffer.from(await registered.bytes()).toString()).toBe('weights')
  const exported = join(await tempFolder(), 'model.bin')
  await pw.exportArtifact((await pw.registry.get('mine')).artifact, exported)
  expect(await readFile(exported, 'utf8')).toBe('weights')
  expect(renderWhy(await pw.why(registered.digest))).toContain('(7 bytes)')
})

test('what is no model, or has no signature, is refused by name', async () => {
  await expect(testStep(pythonStep('no_model', {}, { model: mine }), {})).rejects.toMatchObject({
    code: 'OUTPUT_INVALID',
    message: expect.stringContaining("output 'model': a int is no model") as string,
  })
  await expect(testStep(pythonStep('wrong_signature', {}, { model: unsigned }), {})).rejects.toMatchObject({
    code: 'VALUE_NOT_STORABLE',
    message: expect.stringContaining("output 'model', its signature, at .input.type") as string,
  })
  await expect(testStep(pythonStep('no_file', {}, { text: model({ format: 'a' }) }), {})).rejects.toThrow(
    'is not there',
  )
  expect(() => pythonStep('add', { a: model() }, {})).toThrow(
    "input 'a' is a model, which a Python function cannot take",
  )
  expect(() => pythonStep('add', { a: file() }, { total: model() })).toThrow('cannot return')
})

test('a test gives a model by its path, or as bytes', async () => {
  const folder = await tempFolder()
  const path = join(folder, 'model.bin')
  await writeFile(path, 'weights')
  const { outputs } = await testStep(scores, {
    model: path,
    signed: path,
    text: Buffer.from('text'),
    many: [path, path],
  })
  expect(outputs).toEqual({ signature: null, length: 7, text: 'text', many: 2 })
  const wrong = testStep(scores, { model: join(folder, 'no.bin'), signed: path, text: path, many: [] })
  await expect(wrong).rejects.toMatchObject({ code: 'INPUT_INVALID' })
})
