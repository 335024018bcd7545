import { callSite } from '../internal/call-site.ts'
import type { StepContext } from '../define/context.ts'
import type { PythonFunction } from '../define/python-step.ts'
import type { AnyStep, Step, StepFunction } from '../define/step.ts'

/** The function that may stand in for a step's: it takes and gives what the original does. */
export type FakeOf<In, Out, Run> = Run extends (inputs: infer Inputs, context: StepContext) => unknown
  ? [Inputs] extends [never]
    ? StepFunction<In, Out>
    : Run
  : // What calls Python has a port beside: the fake takes and gives the same without it.
    Run extends PythonFunction<infer Inputs, infer Outputs>
    ? StepFunction<Inputs, Outputs>
    : StepFunction<In, Out>

/** A step with what stands in for it; made by {@link replaceStep}. */
export interface Replacement {
  readonly original: AnyStep
  readonly fake: AnyStep
}

/**
 * What may be said of a fake.
 *
 * @example
 * ```ts
 * const answers = [0.1, 0.9]
 * replaceStep(evaluate, () => ({ auc: answers.pop()! }), { version: 'two answers' })
 * ```
 */
export interface ReplaceOptions {
  /**
   * Makes the fake cacheable where its code cannot be read, such as a function made inside a test that uses its
   * variables. Never the original's.
   */
  readonly version?: string
}

/**
 * Puts a function in the place of a step's own, wherever a pipeline uses the step. Declarations, retries, timeout and
 * policies stay those of the step; the cache key gets the code of the fake. The compiler checks the fake against the
 * step's inputs and outputs.
 *
 * @example
 * ```ts
 * const fake = replaceStep(train, () => ({ model: tumourClassifier.of({ weights: [1, 0], bias: -15 }), loss: 0 }))
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' }, { replace: [fake] })
 * ```
 */
export function replaceStep<In, Out, Run>(
  step: Step<In, Out, Run>,
  fake: FakeOf<NoInfer<In>, NoInfer<Out>, NoInfer<Run>>,
  { version }: ReplaceOptions = {},
): Replacement {
  const original = step as unknown as AnyStep
  const { version: _version, ...options } = original.options
  const { port: _port, ...rest } = original
  return {
    original,
    fake: Object.freeze({
      ...rest,
      options: Object.freeze({ ...options, ...(version === undefined ? {} : { version }) }),
      module: callSite()?.file,
      run: fake,
    }),
  }
}
