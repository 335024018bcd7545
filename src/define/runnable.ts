import type { Kinds } from './spec.ts'

declare const io: unique symbol

/** Marks steps and pipelines of every installed copy of the package. */
export const runnableMark: unique symbol = Symbol.for('pipewright.runnable') as never

/** What `p.step` takes: a step or a pipeline, with the types of its inputs and outputs. */
export interface Runnable<in In, out Out> {
  /** Carries the types; there is no such property at run time. */
  readonly [io]?: (inputs: In) => Out
  readonly [runnableMark]: 'step' | 'pipeline'
  readonly name: string
}

/** A pipeline: a named, pure function that wires steps into a graph. Made by `definePipeline`. */
export interface Pipeline<in In, out Out> extends Runnable<In, Out> {
  readonly [runnableMark]: 'pipeline'
  readonly description: string | undefined
  readonly inputs: Kinds
  /** Inputs that may be left out. */
  readonly optional: ReadonlySet<string>
  /** As far as they are declared: a pipeline that recurses declares them. */
  readonly outputs?: Kinds
  /** The file in which the pipeline was defined, as far as the call stack tells. */
  readonly module: string | undefined
}

/** A pipeline of any type. */
export type AnyPipeline = Pipeline<never, unknown>

/** Tells whether a value is a pipeline of any copy of the package. */
export function isPipeline(value: unknown): value is AnyPipeline {
  return (
    typeof value === 'object' &&
    value !== null &&
    (value as Partial<AnyPipeline>)[runnableMark] === 'pipeline'
  )
}
