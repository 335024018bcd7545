import type { StandardSchemaV1 } from '@standard-schema/spec'
import { callSite } from '../internal/call-site.ts'
import { PipewrightError } from '../internal/error.ts'
import { PredictorModel } from '../artifact/model.ts'
import type { Model, Predictor } from '../artifact/predictor.ts'
import { isSchema, type Schema } from '../artifact/schema.ts'
import { checkName } from './name.ts'

/**
 * What {@link definePredictor} takes.
 *
 * @example
 * ```ts
 * export const threshold = definePredictor({
 *   name: 'threshold',
 *   state: z.object({ least: z.number() }),
 *   input: z.object({ radius: z.number() }),
 *   output: z.object({ malignant: z.boolean() }),
 *   predict: ({ least }, { radius }) => ({ malignant: radius >= least }),
 * })
 * ```
 */
export interface PredictorDefinition<
  S extends StandardSchemaV1,
  I extends StandardSchemaV1,
  O extends StandardSchemaV1,
> {
  /** The predictor's name; a model refuses a predictor of another name. */
  readonly name: string
  /**
   * Stands for the code of `predict` and of what it uses, where that cannot be read (a predictor made in a
   * function) or is to count by a word of yours. Default: the digest of the code.
   */
  readonly version?: string | undefined
  /** What training leaves behind: JSON, kept as it is given to `of` and parsed when the model is first used. */
  readonly state: S
  /** One row to score. */
  readonly input: I
  /** One score. */
  readonly output: O
  /** Scores one input. Pure: the same state and input give the same output. */
  readonly predict: (
    state: StandardSchemaV1.InferOutput<S>,
    input: StandardSchemaV1.InferOutput<I>,
  ) => StandardSchemaV1.InferInput<O> | Promise<StandardSchemaV1.InferInput<O>>
}

/**
 * Defines the code of a `typescript` model: how a JSON state scores an input.
 *
 * `predictor.of(state)` is a model as a step returns it; `model(predictor)` is its kind. The digest of the
 * code is part of each model: a model is scored by the code that it was made with, or refused.
 *
 * @example
 * ```ts
 * export const classifier = definePredictor({
 *   name: 'classifier',
 *   state: z.object({ weights: z.array(z.number()), bias: z.number() }),
 *   input: z.object({ features: z.array(z.number()) }),
 *   output: z.object({ probability: z.number() }),
 *   predict: ({ weights, bias }, { features }) => ({ probability: sigmoid(dot(weights, features) + bias) }),
 * })
 * ```
 */
export function definePredictor<
  S extends StandardSchemaV1,
  I extends StandardSchemaV1,
  O extends StandardSchemaV1,
>(
  definition: PredictorDefinition<S, I, O>,
): Predictor<
  StandardSchemaV1.InferInput<S>,
  StandardSchemaV1.InferInput<I>,
  StandardSchemaV1.InferOutput<O>
> {
  checkName('predictor', definition.name)
  for (const side of ['state', 'input', 'output'] as const) {
    if (!isSchema(definition[side])) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `predictor '${definition.name}': ${side} is not a schema`,
        {
          fix: `give ${side}: z.object({ … }) or another Standard Schema`,
        },
      )
    }
  }
  if (typeof definition.predict !== 'function') {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `predictor '${definition.name}' has no predict function`,
      {
        fix: 'give predict: (state, input) => output',
      },
    )
  }
  const predictor = {
    name: definition.name,
    state: definition.state as Schema,
    input: definition.input as Schema,
    output: definition.output as Schema,
    predict: definition.predict,
    module: callSite()?.file,
    version: definition.version,
    of: (state: unknown): Model<unknown, unknown> =>
      new PredictorModel(predictor, () => Promise.resolve(state)),
  }
  return Object.freeze(predictor) as never
}
