import assert from 'node:assert/strict'
import { test } from 'node:test'
import { assertRun, fault, testPipeline } from 'pipewright/testing'
import { churn } from './churn.ts'

void test('scoring is tried again after minutes, at once', async () => {
  const run = await testPipeline(
    churn,
    { csv: 'customers.csv' },
    { faults: [fault('trials[1]/score', { attempt: 1, error: new Error('busy') })] },
  )
  assert.equal(run.outputs.best, 4)
  assertRun(run).ran('trials[1]/score', { attempts: 2 }).ran('load')
  assert.throws(() => assertRun(run).hitCache('load'), /expected 'load' to have hit the cache/)
})
