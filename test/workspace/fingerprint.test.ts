import { definePipeline, defineStep } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempWorkspace } from './temp.ts'

/** A table outside, with a watermark. */
class Outside {
  watermark = 1
  reads = 0
  onRead: () => void = () => undefined
}

function pipelineOf(outside: Outside, more: { fingerprint?: () => never } = {}) {
  const orders = defineStep({
    name: 'orders',
    version: '1',
    inputs: { since: z.string() },
    outputs: { count: z.number() },
    fingerprint: ({ since }) => ({ since, watermark: outside.watermark }),
    ...more,
    run: () => {
      outside.reads++
      outside.onRead()
      return { count: outside.watermark * 10 }
    },
  })
  return definePipeline({ name: 'orders', inputs: { since: z.string() } }, (p, input) =>
    p.step(orders, input),
  )
}

describe('a fingerprint of what is outside', () => {
  test('is part of the key: the same is a hit, another a miss that says so', async () => {
    const pw = await tempWorkspace()
    const outside = new Outside()
    const pipeline = pipelineOf(outside)
    await pw.run(pipeline, { since: 'May' })
    const again = await pw.run(pipeline, { since: 'May' })
    expect(await statesOf(pw, again.run.id)).toEqual({ orders: 'reused' })
    outside.watermark = 2
    const { run, outputs } = await pw.run(pipeline, { since: 'May' })
    expect(outputs.count).toBe(20)
    expect(outside.reads).toBe(2)
    const { changes } = await pw.explain(run.id, 'orders')
    expect(changes).toEqual([
      {
        part: 'fingerprint',
        name: 'fingerprint',
        before: '{"since":"May","watermark":1}',
        after: '{"since":"May","watermark":2}',
      },
    ])
  })

  test('that changes while the step runs leaves no entry', async () => {
    const pw = await tempWorkspace()
    const outside = new Outside()
    outside.onRead = () => void outside.watermark++
    const pipeline = pipelineOf(outside)
    const { run } = await pw.run(pipeline, { since: 'May' })
    const { verdict, reason } = await pw.explain(run.id, 'orders')
    expect({ verdict, reason }).toEqual({
      verdict: 'not cached',
      reason: 'what it reads from outside has changed while it ran',
    })
    outside.watermark = 1
    await pw.run(pipeline, { since: 'May' })
    expect(outside.reads).toBe(2)
  })

  test('that cannot be told leaves the step uncached, with the reason', async () => {
    const pw = await tempWorkspace()
    const outside = new Outside()
    const fingerprint = (): never => {
      throw new Error('the database is away')
    }
    const { run, outputs } = await pw.run(pipelineOf(outside, { fingerprint }), { since: 'May' })
    expect(outputs.count).toBe(10)
    expect((await pw.explain(run.id, 'orders')).reason).toBe(
      'its fingerprint cannot be told: the database is away',
    )
  })

  test('that is no function is refused', () => {
    expect(() => defineStep({ name: 'orders', fingerprint: 'etag' as never, run: () => undefined })).toThrow(
      'step \'orders\', fingerprint: "etag" is not possible',
    )
  })
})
