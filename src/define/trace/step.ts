import { PipewrightError } from '../../internal/error.ts'
import { graphOf, type ScopeRecord } from '../graph.ts'
import { isPipeline, runnableMark, type AnyPipeline } from '../runnable.ts'
import type { StepNodeOptions } from '../scope.ts'
import { checkCachePolicy, checkPriority, type AnyStep } from '../step.ts'
import type { Recorder } from './recorder.ts'

/** What p.step may be given at run time, where no compiler has looked. */
function asRunnable(value: unknown, scope: ScopeRecord): AnyStep | AnyPipeline {
  if (typeof value === 'object' && value !== null && runnableMark in value)
    return value as AnyStep | AnyPipeline
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `${scope.path}: p.step was given something that is neither a step nor a pipeline`,
    {
      fix: 'give what defineStep or definePipeline returned',
    },
  )
}

/** Records `p.step`. */
export function traceStep(
  recorder: Recorder,
  given: unknown,
  wiring: Readonly<Record<string, unknown>> = {},
  options: StepNodeOptions = {},
): never {
  const runnable = asRunnable(given, recorder.scope)
  const id = recorder.claim(options.id ?? runnable.name, 'p.step')
  const inputs = recorder.wire(runnable.inputs, runnable.optional, wiring, id)
  const base = recorder.base(id, options)
  const { cache, priority } = options
  checkCachePolicy(cache, `node '${id}'`)
  checkPriority(priority, `node '${id}'`)
  if (isPipeline(runnable)) {
    if (cache !== undefined || priority !== undefined) {
      const option = cache === undefined ? 'priority' : 'cache policy'
      throw new PipewrightError('DEFINITION_INVALID', `node '${id}': a pipeline has no ${option}`, {
        fix: 'give it to the steps inside',
      })
    }
    const { kinds } = graphOf(runnable)
    return recorder.add({ type: 'pipeline', ...base, pipeline: runnable, inputs }, kinds)
  }
  return recorder.add({ type: 'step', ...base, step: runnable, cache, priority, inputs }, runnable.outputs)
}
