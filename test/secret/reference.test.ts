import { inspect } from 'node:util'
import { definePipeline, defineStep, plan, secret, type SecretReference } from 'pipewright'
import { testPipeline, testStep } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const fetchOrders = defineStep({
  name: 'fetch-orders',
  secrets: { token: secret('API_TOKEN') },
  outputs: { length: z.number() },
  run: async (_inputs, ctx) => ({ length: (await ctx.secret('token')).length }),
})

describe('a reference', () => {
  test('shows its name, and is data', () => {
    const reference = secret('API_TOKEN')
    expect(String(reference)).toBe("secret('API_TOKEN')")
    expect(JSON.stringify({ reference })).toBe('{"reference":{"secret":"API_TOKEN"}}')
    expect(inspect(reference)).toBe("{ secret: 'API_TOKEN' }")
    expect(Object.isFrozen(reference)).toBe(true)
  })

  test.each(['', 'a b', '../etc/passwd', '-x', 'x'.repeat(129), 5])(
    'is refused where it names none: %j',
    (name) => {
      expect(() => secret(name as string)).toThrow(/no name of a secret/)
    },
  )

  test('does not repeat what was given in its place', () => {
    expect(() => secret('my secret value')).not.toThrow(/my secret value/)
    const given = { token: 'hunter2-hunter2' as unknown as SecretReference }
    const define = (): unknown => defineStep({ name: 's', secrets: given, run: () => {} })
    expect(define).toThrow(/step 's', secrets\.token: this is no reference to a secret/)
    expect(define).not.toThrow(/hunter2/)
    expect(() => defineStep({ name: 's', secrets: [] as never, run: () => {} })).toThrow(
      /no record of references/,
    )
  })

  test('is in the plan by its name', () => {
    const pipeline = definePipeline({ name: 'p' }, (p) => ({ n: p.step(fetchOrders, {}).length }))
    expect(plan(pipeline, {}).steps['fetch-orders']).toMatchObject({ secrets: { token: 'API_TOKEN' } })
  })
})

describe('a step', () => {
  test('is tested with values', async () => {
    const { outputs } = await testStep(fetchOrders, {}, { secrets: { API_TOKEN: 'swordfish' } })
    expect(outputs).toEqual({ length: 9 })
  })

  test('of a pipeline too', async () => {
    const pipeline = definePipeline({ name: 'p' }, (p) => ({ n: p.step(fetchOrders, {}).length }))
    const run = await testPipeline(pipeline, {}, { secrets: { API_TOKEN: 'swordfish' } })
    expect(run.outputs).toEqual({ n: 9 })
  })

  test('that is given none fails by its name, whatever the environment has', async () => {
    process.env['API_TOKEN'] = 'of the environment'
    try {
      await expect(testStep(fetchOrders, {})).rejects.toMatchObject({
        code: 'SECRET_NOT_FOUND',
        message: expect.stringContaining(
          `Fix: secrets: { "API_TOKEN": '…' } in the options of the test`,
        ) as string,
      })
    } finally {
      delete process.env['API_TOKEN']
    }
  })

  test('that asks for what it does not declare is told so', async () => {
    const step = defineStep({
      name: 'step',
      secrets: { token: secret('API_TOKEN') },
      run: async (_inputs, ctx) => {
        await ctx.secret('tokn' as 'token')
      },
    })
    await expect(testStep(step, {}, { secrets: { API_TOKEN: 'swordfish' } })).rejects.toThrow(
      /step 'step' \(node 'step'\): ctx\.secret\('tokn'\) is not declared\nFix: did you mean 'token'/,
    )
    const none = defineStep({ name: 'none', run: (_inputs, ctx) => ctx.secret('token' as never) as never })
    await expect(testStep(none, {})).rejects.toThrow(
      /declare it in the step: secrets: \{ token: secret\('NAME'\) \}/,
    )
  })
})
