import { definePipeline, defineStep, table } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { deferred, tempWorkspace } from './temp.ts'

const Row = z.object({ x: z.number() })

test('outputs of a run that has ended are those that its caller had', async () => {
  const pw = await tempWorkspace()
  const make = defineStep({
    name: 'make',
    version: '1',
    inputs: { n: z.number() },
    outputs: { rows: table(Row), n: z.number() },
    run: ({ n }) => {
      if (n < 0) throw new Error('below zero')
      return { rows: [{ x: n }], n }
    },
  })
  const pipeline = definePipeline({ name: 'made', inputs: { n: z.number() } }, (p, { n }) =>
    p.step(make, { n }),
  )
  const { run } = await pw.run(pipeline, { n: 2 })
  const { rows, n } = await pw.outputs(run.id, pipeline)
  expect([...rows]).toEqual([{ x: 2 }])
  expect(n).toBe(2)

  const other = definePipeline({ name: 'other' }, () => ({}))
  await expect(pw.outputs(run.id, other)).rejects.toThrow("is of pipeline 'made', not of 'other'")
  const failed = await pw.start(pipeline, { n: -1 })
  await expect(failed.result()).rejects.toThrow('below zero')
  await expect(pw.outputs(failed.id, pipeline)).rejects.toThrow('below zero')
})

test('a run that goes on has none', async () => {
  const pw = await tempWorkspace()
  const go = deferred<void>()
  const wait = defineStep({ name: 'wait', version: '1', run: () => go.promise.then(() => ({})) })
  const pipeline = definePipeline({ name: 'waiting' }, (p) => {
    p.step(wait, {})
    return {}
  })
  const handle = await pw.start(pipeline, {})
  await expect(pw.outputs(handle.id, pipeline)).rejects.toThrow('is running: it has no outputs yet')
  go.resolve()
  await handle.result()
})
