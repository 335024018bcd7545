import { definePipeline, defineStep, metrics, table } from 'pipewright'
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

test('a returned metric ends the series of its name, and keeps what was reported', async () => {
  const pw = await tempWorkspace()
  const fit = defineStep({
    name: 'fit',
    version: '1',
    outputs: { metrics: metrics({ loss: z.number(), auc: z.number() }) },
    run: (_inputs, ctx) => {
      for (const loss of [5, 3, 1]) ctx.metric('loss', loss)
      return { metrics: { loss: 1, auc: 0.9 } }
    },
  })
  const pipeline = definePipeline({ name: 'fitted' }, (p) => ({ metrics: p.step(fit, {}).metrics }))
  const { run } = await pw.run(pipeline, {})
  const [execution] = (await pw.show(run.id)).executions
  expect(execution!.metrics).toEqual({
    loss: { last: 1, min: 1, max: 5, count: 3 },
    auc: { last: 0.9, min: 0.9, max: 0.9, count: 1 },
  })
})
