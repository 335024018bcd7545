import type { Pipeline } from '../define/runnable.ts'
import type { Given } from '../plan/inputs.ts'
import type { TestRun } from './test-run.ts'
import type { TestRunOptions, TestWorkspaceOptions } from './options.ts'
import { testWorkspace } from './test-workspace.ts'

/**
 * How {@link testPipeline} runs.
 *
 * @example
 * ```ts
 * await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, {
 *   replace: [replaceStep(deploy, () => ({ endpoint: 'https://test.example.com' }))],
 *   clock: testClock({ now: '2026-02-28T23:59:00Z' }),
 *   failure: 'continue',
 * })
 * ```
 */
export interface TestPipelineOptions extends TestRunOptions, TestWorkspaceOptions {}

/**
 * Runs a whole pipeline in memory, by the engine of a real run, on a clock that skips whatever is waited for.
 *
 * A run that fails is no error of the test: see {@link TestRun.state}; only reading its `outputs` throws. Throws what
 * keeps a run from starting, and `TEST_INVALID` for replaced steps and faults that the run does not have, and for a
 * run that waits for what the test does not say.
 *
 * @example
 * ```ts
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, {
 *   replace: [replaceStep(deploy, () => ({ endpoint: 'https://test.example.com' }))],
 * })
 * expect(run).toHaveRun('trials/train', { items: 2 })
 * expect(run.outputs.endpoint).toBe('https://test.example.com')
 * ```
 */
export async function testPipeline<In, Out>(
  pipeline: Pipeline<In, Out>,
  inputs: Given<NoInfer<In>>,
  options: TestPipelineOptions = {},
): Promise<TestRun<Out>> {
  const kit = await testWorkspace(options)
  // Not closed: outputs are read from it as long as the test has them.
  try {
    return await kit.runAlone(pipeline, inputs, options)
  } finally {
    kit.tidy()
  }
}
