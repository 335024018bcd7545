import { fault, replaceStep, testPipeline, testWorkspace } from 'pipewright/testing'
import 'pipewright/testing/vitest'
import { expect, test } from 'vitest'
import { churn, score } from './churn.ts'

test('scoring is tried again after minutes, at once', async () => {
  const run = await testPipeline(
    churn,
    { csv: 'customers.csv' },
    { faults: [fault('trials/score', { attempt: 1, error: new Error('busy') })] },
  )
  expect(run.outputs.best).toBe(4)
  expect(run).toHaveRun('trials/score', { attempts: 2, items: 2 })
  expect(run).toMatchLineage({ last: ['trials.right'] })
  expect(churn).toMatchPlan()
})

test('a fake in the place of a step, and hits', async () => {
  const kit = await testWorkspace()
  const fake = replaceStep(score, ({ threshold }) => ({ right: threshold * 100 }))
  expect((await kit.run(churn, { csv: 'customers.csv' }, { replace: [fake] })).outputs.best).toBe(400)
  expect((await kit.run(churn, { csv: 'customers.csv' })).outputs.best).toBe(4)
  expect(await kit.run(churn, { csv: 'customers.csv' })).toHaveHitCache('trials/score')
  await kit.close()
})
