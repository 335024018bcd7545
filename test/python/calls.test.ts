import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, definePythonStep, secret } from 'pipewright'
import { testStep } from 'pipewright/testing'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder, tempWorkspace } from '../workspace/temp.ts'
import { pythonStep } from './steps.ts'

const receipts = z.array(z.object({ receipt: z.number() }))

test('a call is made once for the execution, over attempts', async () => {
  const pw = await tempWorkspace()
  const path = join(await tempFolder(), 'charges')
  const step = pythonStep('charges', { path: z.string() }, { receipts }, { retry: { attempts: 2, delay: 0 } })
  const pipeline = definePipeline({ name: 'charging', inputs: { path: z.string() } }, (p, input) => ({
    receipts: p.step(step, { path: input.path }).receipts,
  }))
  const { outputs } = await pw.run(pipeline, { path })
  expect(outputs.receipts).toEqual([{ receipt: 7 }, { receipt: 7 }])
  expect((await readFile(path, 'utf8')).trim().split('\n')).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/)])
})

test('calls of one key at the same time share one; what a test says was made is not made', async () => {
  const { outputs, once } = await testStep(pythonStep('charges_at_once', {}, { different: z.number() }), {})
  expect(outputs).toEqual({ different: 2 })
  expect(Object.keys(once).toSorted()).toEqual(['call 0', 'call 1'])
  const said = await testStep(
    pythonStep('charges_at_once', {}, { different: z.number() }),
    {},
    { once: { 'call 0': 1, 'call 1': 1 } },
  )
  expect(said.outputs).toEqual({ different: 1 })
})

test.each([
  ['itself', "once 'a' would wait for itself"],
  ['number', "once '1' would wait for itself"],
  ['value', "once 'a': a builtins.object cannot be held by JSON"],
  ['zero', 'division by zero'],
])('a call that cannot be is told: %s', async (which, message) => {
  const step = pythonStep('refused_calls', { which: z.string() }, {})
  await expect(testStep(step, { which })).rejects.toThrow(message)
})

test('a call is handed its key where it has a parameter without a default', async () => {
  const outputs = { sent: z.array(z.string()), key: z.number() }
  const { outputs: given } = await testStep(pythonStep('calls_of_all_kinds', {}, outputs), {})
  expect(given).toEqual({ sent: ['a', 'b'], key: 64 })
})

test('long results of calls at the same time are those of their calls', async () => {
  const step = pythonStep('long_calls_at_once', {}, { right: z.array(z.boolean()) })
  expect((await testStep(step, {})).outputs.right).toEqual(Array.from({ length: 8 }, () => true))
})

test('a secret that the step declares is told, and redacted in what is printed', async () => {
  const step = definePythonStep({
    name: 'uses-secret',
    version: '1',
    module: 'plain',
    function: 'uses_secret',
    path: join(import.meta.dirname, 'programs'),
    secrets: { token: secret('SHOP_TOKEN') },
    outputs: { length: z.number() },
  })
  const { outputs, logs } = await testStep(step, {}, { secrets: { SHOP_TOKEN: 'sesame open' } })
  expect(outputs).toEqual({ length: 11 })
  expect(logs.map(({ message }) => message)).toContain('the token is [secret SHOP_TOKEN]')
  const other = pythonStep('other_secret', {}, { length: z.number() })
  await expect(testStep(other, {})).rejects.toThrow("ctx.secret('other') is not declared")
})
