import { PipewrightError } from '../../internal/error.ts'
import { isPipeline, type AnyPipeline } from '../runnable.ts'
import type { RecurseOptions } from '../scope.ts'
import type { Recorder } from './recorder.ts'

/** Records `p.recurse`: the pipeline is looked at when the plan is made, it may be the one that is being defined. */
export function traceRecurse(
  recorder: Recorder,
  target: () => AnyPipeline,
  wiring: Readonly<Record<string, unknown>>,
  options: RecurseOptions,
): never {
  const { maxDepth } = options ?? {}
  if (typeof target !== 'function') {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${recorder.scope.path}: p.recurse was not given a function`,
      {
        fix: 'give a function that returns the pipeline, which may not be there yet: p.recurse(() => self, …)',
      },
    )
  }
  if (!Number.isInteger(maxDepth) || maxDepth! < 1) {
    throw new PipewrightError('DEFINITION_INVALID', `p.recurse: maxDepth ${maxDepth} is not a count`, {
      fix: 'say how deep it may go: { maxDepth: 10 }',
    })
  }
  const { self } = recorder.scope
  const pipeline = pipelineOf(target) ?? self
  if (pipeline === undefined) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${recorder.scope.path}: p.recurse was not given a pipeline`,
      {
        fix: 'give a function that returns what definePipeline returned',
      },
    )
  }
  const { outputs } = pipeline
  if (outputs === undefined) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `pipeline '${pipeline.name}' cannot be used by p.recurse: its outputs are not declared`,
      { fix: 'declare them: definePipeline({ name, inputs, outputs: { … } }, …)' },
    )
  }
  const id = recorder.claim(options.id ?? pipeline.name, 'p.recurse')
  const inputs = recorder.wire(pipeline.inputs, pipeline.optional, wiring, id)
  const resolve = (): AnyPipeline => (pipelineOf(target) === pipeline ? pipeline : notThere(id, pipeline))
  const node = { pipeline: resolve, inputs, maxDepth: maxDepth! }
  return recorder.add({ type: 'recurse', ...recorder.base(id, options), ...node }, outputs)
}

/** The pipeline, unless its constant has not been given its value yet. */
function pipelineOf(target: () => AnyPipeline): AnyPipeline | undefined {
  let found: unknown
  try {
    found = target()
  } catch (error) {
    if (!(error instanceof ReferenceError)) throw error
    return undefined
  }
  return isPipeline(found) ? found : undefined
}

function notThere(id: string, { name }: AnyPipeline): never {
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `node '${id}': p.recurse was taken for a call of '${name}' itself, but its function returns something else`,
    { fix: 'a pipeline can recurse into itself, and into those that are defined before it' },
  )
}
