import { definePipeline, defineStep, metrics } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempWorkspace } from './temp.ts'

const text = z.string().optional()

/** A compiler has `{}` hold what every object inherits. */
const none = {} as never

const maker = defineStep({
  name: 'toString',
  resources: { valueOf: 1 },
  inputs: { constructor: text },
  outputs: { constructor: text, toString: z.string(), scores: metrics({ valueOf: z.number().optional() }) },
  run: (inputs) => ({ toString: Object.keys(inputs).join(), scores: {} }) as never,
})

const reader = defineStep({
  name: 'constructor',
  inputs: { toString: text, constructor: text, valueOf: text },
  outputs: { seen: z.string() },
  run: (inputs) => ({ seen: Object.keys(inputs).join() }),
})

const never = defineStep({ name: 'never', outputs: { no: z.boolean() }, run: () => ({ no: false }) })

const inner = definePipeline({ name: 'inner', inputs: { constructor: text } }, (p, input) => ({
  seen: p.step(reader, { constructor: input.constructor } as never, { id: 'inner' }).seen,
}))

test('inputs, outputs, steps and resources may have names that every object knows', async () => {
  const pipeline = definePipeline({ name: 'names', inputs: { constructor: text } }, (p, input) => {
    const made = p.step(maker, { constructor: input.constructor } as never)
    const skipped = p.when(p.step(never, {}).no, (q) => ({
      valueOf: q.step(maker, none, { id: 'taken' }).toString,
    }))
    const { seen } = p.step(reader, { constructor: made.constructor, valueOf: skipped.valueOf } as never)
    return { seen, inner: p.step(inner, none).seen, constructor: made.constructor, keys: made.toString }
  })
  const pw = await tempWorkspace()
  const { outputs, run } = await pw.run(pipeline, none)
  expect(outputs).toEqual({ seen: '', inner: '', keys: '' })
  const codes = (await pw.show(run.id)).executions.map(({ code }) => code)
  expect(codes.every((code) => code === null || code.startsWith('sha256:'))).toBe(true)
  expect(await pw.check(pipeline)).not.toContainEqual(
    expect.objectContaining({ message: expect.stringContaining('native code') as string }),
  )
})
