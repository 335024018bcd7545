import { definePipeline } from 'pipewright'
import { replaceStep, testPipeline } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { pythonStep } from './steps.ts'

const add = pythonStep('add', { a: z.number() }, { total: z.number() }, { timeout: '1h' })
const naps = pythonStep('naps', { item: z.number() }, { pid: z.number() }, { timeout: '10m' })
const pipeline = definePipeline({ name: 'adding', inputs: { a: z.number() } }, (p, { a }) => {
  p.step(naps, { item: a })
  return { total: p.step(add, { a }).total }
})

test('a pipeline with Python steps is tested as any other: the clock stands still while they work', async () => {
  const run = await testPipeline(pipeline, { a: 1 })
  expect(run.outputs).toEqual({ total: 3 })
})

test('a Python step is replaced by a function', async () => {
  const run = await testPipeline(
    pipeline,
    { a: 1 },
    { replace: [replaceStep(add, ({ a }) => ({ total: a + 41 })), replaceStep(naps, () => ({ pid: 1 }))] },
  )
  expect(run.outputs).toEqual({ total: 42 })
})
