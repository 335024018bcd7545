import { callSite } from '../internal/call-site.ts'
import { PipewrightError } from '../internal/error.ts'
import { itemKind } from '../artifact/list.ts'
import { graphMark, type TracedPipelineObject, type TracedScope } from './graph.ts'
import { checkName } from './name.ts'
import type { Ref, RefRecord, RefValue } from './ref.ts'
import type { OutputNames, PipelineScope } from './scope.ts'
import { runnableMark, type AnyPipeline, type Pipeline } from './runnable.ts'
import {
  optionalNames,
  toKinds,
  type InputsOf,
  type Kinds,
  type OutputsOf,
  type Received,
  type Specs,
} from './spec.ts'
import { fits, kindTexts } from './binding.ts'
import { trace } from './trace/tracer.ts'

type NoInputs = Readonly<Record<never, never>>

/**
 * What {@link definePipeline} takes beside the build function.
 *
 * @example
 * ```ts
 * const inputs = { csv: file('text/csv'), seed: z.number().int().default(7) }
 * export const halve = definePipeline({ name: 'halve', description: 'Holds out rows.', inputs }, (p, { csv, seed }) => {
 *   const { rows } = p.step(load, { csv })
 *   return { train: p.step(split, { rows, seed }).train }
 * })
 * ```
 */
export interface PipelineDefinition<I extends Specs, O extends Specs = NoInputs> {
  /** The pipeline's name: runs are listed by it. */
  readonly name: string
  readonly description?: string
  /** Named inputs: schemas for json values, `file()` and `directory()` for sources. */
  readonly inputs?: I
  /** Named outputs. Only a pipeline that recurses needs to declare them; those of others follow from what they return. */
  readonly outputs?: O
}

/** The refs on the inputs that a build function is given. */
export type InputRefs<I> = { readonly [K in keyof I]: Ref<Received<I[K]>> }

/** The values behind returned refs. */
export type ValuesOf<A> = { [K in OutputNames<A>]: RefValue<A[K]> }

/** What a build function returns for declared outputs. */
export type DeclaredRefs<O> = { readonly [K in keyof O]: Ref<Received<O[K]>> }

/** What a pipeline gives: what is declared, else what its build function returns. */
type Given<O, A> = keyof O extends never ? ValuesOf<A> : OutputsOf<O>

/**
 * Defines a pipeline: a synchronous, pure function that wires steps.
 *
 * It is traced at once, so that a mistake in the wiring is reported where it was made. A pipeline can be used
 * as a step of another.
 *
 * @example
 * ```ts
 * export const nightly = definePipeline(
 *   { name: 'nightly', inputs: { csv: file('text/csv'), rate: z.number().default(0.1) } },
 *   (p, input) => {
 *     const { rows } = p.step(load, { csv: input.csv })
 *     return { model: p.step(train, { rows, rate: input.rate }).model }
 *   },
 * )
 * ```
 */
export function definePipeline<
  const I extends Specs = NoInputs,
  const O extends Specs = NoInputs,
  A extends RefRecord & DeclaredRefs<O> = RefRecord & DeclaredRefs<O>,
>(
  definition: PipelineDefinition<I, O>,
  build: (p: PipelineScope, input: InputRefs<I>, self: Pipeline<InputsOf<I>, OutputsOf<O>>) => A,
): Pipeline<InputsOf<I>, Given<O, A>> {
  const { name, description, inputs = {} } = definition
  checkName('pipeline', name)
  if (typeof build !== 'function') {
    throw new PipewrightError('DEFINITION_INVALID', `pipeline '${name}' has no build function`, {
      fix: 'give one as second argument: (p, input) => { … }',
    })
  }
  const kinds = toKinds(inputs, `pipeline '${name}'`, 'input')
  for (const [input, kind] of Object.entries(kinds)) {
    const base = itemKind(kind) ?? kind
    if (base.name !== 'json' && base.name !== 'file' && base.name !== 'directory') {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `pipeline '${name}': input '${input}' is a ${kind.name}`,
        {
          fix: 'a pipeline takes json values, files and directories; make the rest in a step',
        },
      )
    }
  }
  const outputs =
    definition.outputs === undefined
      ? {}
      : { outputs: toKinds(definition.outputs, `pipeline '${name}'`, 'output') }
  const self = {
    [runnableMark]: 'pipeline',
    name,
    description,
    inputs: kinds,
    optional: optionalNames(inputs),
    ...outputs,
    module: callSite()?.file,
  } as const satisfies AnyPipeline
  const graph = trace(self, build as never, kinds)
  if (outputs.outputs !== undefined) checkOutputs(name, outputs.outputs, graph)
  // The pipeline that the build function was given is the one that is returned: it may have wired it.
  return Object.freeze(
    Object.assign(self, { [graphMark]: graph } satisfies Partial<TracedPipelineObject>),
  ) as never
}

/** Compares what a build function has returned with what was declared. */
function checkOutputs(name: string, declared: Kinds, { kinds, outputs }: TracedScope): void {
  for (const output of new Set([...Object.keys(declared), ...Object.keys(outputs)])) {
    const side = Object.hasOwn(outputs, output) ? 'was not declared' : 'was not returned'
    if (!Object.hasOwn(outputs, output) || !Object.hasOwn(declared, output)) {
      throw new PipewrightError('DEFINITION_INVALID', `pipeline '${name}': output '${output}' ${side}`, {
        fix: 'return what `outputs` declares, no more and no less',
        details: { output },
      })
    }
    const [from, to] = [kinds[output], declared[output]!]
    if (from === undefined || fits(from, to)) continue
    const [needed, given] = kindTexts(to, from)
    throw new PipewrightError(
      'KIND_MISMATCH',
      `pipeline '${name}': output '${output}' is declared as a ${needed}, but a ${given} was returned`,
      { fix: 'declare what is returned', details: { output } },
    )
  }
}
