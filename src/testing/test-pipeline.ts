import type { Pipeline } from '../define/runnable.ts'
import type { Given } from '../plan/inputs.ts'
import type { TestRun } from './test-run.ts'
import type { TestRunOptions, TestWorkspaceOptions } from './options.ts'
import { testWorkspace } from './test-workspace.ts'

/** How {@link testPipeline} runs. */
export interface TestPipelineOptions extends TestRunOptions, TestWorkspaceOptions {}

/**
 * Runs a whole pipeline in memory, by the engine of a real run, on a clock that skips whatever is waited for.
 *
 * A run that fails is no error of the test: see {@link TestRun.state}; only reading its `outputs` throws. Throws what
 * keeps a run from starting, and `TEST_INVALID` for replaced steps and faults that the run does not have.
 *
 * @example
 * ```ts
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, {
 *   replace: [replaceStep(train, () => ({ model: classifier.of(state), loss: 0 }))],
 *   faults: [fault('load', { attempt: 1, error: new Error('timeout') })],
 * })
 * expect(run).toHaveRun('load', { attempts: 2 })
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
    return await kit.run(pipeline, inputs, options)
  } finally {
    kit.tidy()
  }
}
