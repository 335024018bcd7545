import type { Digest } from '../internal/digest.ts'
import type { AnyModel, ModelSignature } from './any-model.ts'
import type { Schema } from './schema.ts'

/** What a `typescript` model is made of, as it is stored: no code, only the name and the digest of the code. */
export interface ModelManifest {
  readonly format: 'typescript'
  /** The name of the predictor. */
  readonly predictor: string
  /** Where the predictor's code is, relative to the project; null where that is not known. */
  readonly module: string | null
  /** The code digest of the predictor; one of this process's own where its code could not be read. */
  readonly code: Digest
  /** The content digest of the state, as training left it. */
  readonly state: Digest
  readonly signature: ModelSignature
}

/**
 * A trained model: loaded when it is first used.
 *
 * @example
 * ```ts
 * const { malignant } = await classifier.predict({ radius: 17.99, texture: 10.38 }) // 0.93
 * const all = await classifier.predictAll(rows.toArray())
 * ```
 */
export interface Model<in Input = never, out Output = unknown> extends AnyModel {
  readonly format: 'typescript'
  /** The name of the predictor. */
  readonly predictor: string
  /** Scores one input; both sides are checked by the predictor's schemas. */
  predict(input: Input): Promise<Output>
  /** Scores many inputs, in their order. */
  predictAll(inputs: readonly Input[]): Promise<Output[]>
}

/** The code of a `typescript` model and the schemas of its state, input and output. */
export interface Predictor<State, Input, Output> {
  readonly name: string
  readonly state: Schema<unknown, State>
  readonly input: Schema<unknown, Input>
  readonly output: Schema<unknown, Output>
  /** Scores one input. */
  readonly predict: (state: State, input: Input) => Output | Promise<Output>
  /** The file that defines it, as a path; undefined where that cannot be told. */
  readonly module: string | undefined
  /** Stands for the code when it is given. */
  readonly version: string | undefined
  /**
   * A model with this state, as a step returns it.
   *
   * @example
   * ```ts
   * const model = tumourClassifier.of({ weights: [0.9, 0.2], bias: -1.5 }) // what a step returns
   * ```
   */
  of(state: State): Model<Input, Output>
}

/** A predictor of any type. */
export type AnyPredictor = Pick<
  Predictor<unknown, unknown, unknown>,
  'name' | 'state' | 'input' | 'output' | 'module' | 'version'
> & {
  /** Scores one input. */
  readonly predict: (state: never, input: never) => unknown
}
