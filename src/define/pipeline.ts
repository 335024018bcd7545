import { callSite } from '../internal/call-site.ts'
import { PipewrightError } from '../internal/error.ts'
import { itemKind } from '../artifact/list.ts'
import { graphMark, type TracedPipelineObject } from './graph.ts'
import { checkName } from './name.ts'
import type { Ref, RefRecord, RefValue } from './ref.ts'
import type { Scope } from './scope.ts'
import { runnableMark, type Pipeline } from './runnable.ts'
import { optionalNames, toKinds, type InputsOf, type Received, type Specs } from './spec.ts'
import { trace } from './trace.ts'

type NoInputs = Readonly<Record<never, never>>

/** What {@link definePipeline} takes beside the build function. */
export interface PipelineDefinition<I extends Specs> {
  /** The pipeline's name: runs are listed by it. */
  readonly name: string
  readonly description?: string
  /** Named inputs: schemas for json values, `file()` and `directory()` for sources. */
  readonly inputs?: I
}

/** The refs on the inputs that a build function is given. */
export type InputRefs<I> = { readonly [K in keyof I]: Ref<Received<I[K]>> }

/** The values behind returned refs. */
export type ValuesOf<A> = { [K in keyof A & string]: RefValue<A[K]> }

/**
 * Defines a pipeline: a synchronous, pure function that wires steps.
 *
 * It is traced at once, so that a mistake in the wiring is reported where it was made. A pipeline can be used
 * as a step of another.
 *
 * @example
 * ```ts
 * export const churn = definePipeline(
 *   { name: 'churn', inputs: { csv: file('text/csv'), rate: z.number().default(0.1) } },
 *   (p, input) => {
 *     const { rows } = p.step(load, { csv: input.csv })
 *     return { model: p.step(train, { rows, rate: input.rate }).model }
 *   },
 * )
 * ```
 */
export function definePipeline<const I extends Specs = NoInputs, A extends RefRecord = NoInputs>(
  definition: PipelineDefinition<I>,
  build: (p: Scope, input: InputRefs<I>) => A,
): Pipeline<InputsOf<I>, ValuesOf<A>> {
  checkName('pipeline', definition.name)
  if (typeof build !== 'function') {
    throw new PipewrightError('DEFINITION_INVALID', `pipeline '${definition.name}' has no build function`, {
      fix: 'give one as second argument: (p, input) => { … }',
    })
  }
  const inputs = definition.inputs ?? {}
  const kinds = toKinds(inputs, `pipeline '${definition.name}'`, 'input')
  for (const [name, kind] of Object.entries(kinds)) {
    const base = itemKind(kind) ?? kind
    if (base.name !== 'json' && base.name !== 'file' && base.name !== 'directory') {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `pipeline '${definition.name}': input '${name}' is a ${kind.name}`,
        {
          fix: 'a pipeline takes json values, files and directories; make the rest in a step',
        },
      )
    }
  }
  const graph = trace(definition.name, build, kinds)
  const pipeline: TracedPipelineObject = {
    [runnableMark]: 'pipeline',
    [graphMark]: graph,
    name: definition.name,
    description: definition.description,
    inputs: kinds,
    optional: optionalNames(inputs),
    module: callSite()?.file,
  }
  return Object.freeze(pipeline) as never
}
