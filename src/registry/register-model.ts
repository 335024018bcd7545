import { z } from 'zod'
import { PipewrightError } from '../internal/error.ts'
import type { AnyModel } from '../artifact/any-model.ts'
import type { Kind } from '../artifact/kind.ts'
import { artifactOfModel, model as modelKind } from '../artifact/model.ts'
import type { AnyPredictor, Model, Predictor } from '../artifact/predictor.ts'
import type { StepContext } from '../define/context.ts'
import { checkName } from '../define/name.ts'
import { makeStep, type Step } from '../define/step.ts'
import type { RegistryPort } from './registry.ts'

/**
 * What {@link registerModel} takes.
 *
 * @example
 * ```ts
 * const challenge = registerModel({ name: 'tumours', alias: 'challenger', step: 'register-challenger' })
 * ```
 */
export interface RegisterModelOptions {
  /** The model's name in the registry. */
  readonly name: string
  /** An alias that moves to the registered version, such as `champion`. */
  readonly alias?: string
  /** The step's name. Default `register-model`. */
  readonly step?: string
}

async function register(
  options: RegisterModelOptions,
  { model }: { readonly model: AnyModel },
  ctx: StepContext,
  port: RegistryPort,
): Promise<{ model: AnyModel; version: number }> {
  const artifact = artifactOfModel(model)
  if (artifact === undefined)
    throw new PipewrightError('INPUT_INVALID', 'the model has not been stored yet', {
      fix: 'wire the output of a step',
    })
  const entry = {
    name: options.name,
    digest: artifact.digest,
    artifact,
    registeredAt: Date.now(),
    run: ctx.run.id,
    node: ctx.node,
    metadata: {},
  }
  const { version } = await port.registerModel(entry, options.alias)
  ctx.log.info('registered', {
    name: options.name,
    version,
    ...(options.alias === undefined ? {} : { alias: options.alias }),
  })
  return { model, version }
}

/**
 * Makes an effect step that registers a model: `model` in, the same `model` and its `version` out.
 *
 * A model of equal content keeps the version that it has; the alias moves to it. With `predictor`, or the `kind` of a
 * foreign format, the model stays typed, so that the output can be wired into a step that uses it.
 *
 * @example
 * ```ts
 * const register = registerModel({ name: 'tumours', alias: 'champion', predictor: tumourClassifier })
 * const { model, version } = p.step(register, { model: best.model })
 * ```
 */
export function registerModel<State, Input, Output>(
  options: RegisterModelOptions & { readonly predictor: Predictor<State, Input, Output> },
): Step<{ model: Model<Input, Output> }, { model: Model<Input, Output>; version: number }>
export function registerModel<Of extends AnyModel>(
  options: RegisterModelOptions & { readonly kind: Kind<Of, never> },
): Step<{ model: Of }, { model: Of; version: number }>
export function registerModel(
  options: RegisterModelOptions,
): Step<{ model: AnyModel }, { model: AnyModel; version: number }>
export function registerModel(
  options: RegisterModelOptions & {
    readonly predictor?: AnyPredictor
    readonly kind?: Kind<AnyModel, never>
  },
): never {
  checkName('registered model', options.name)
  if (options.name.includes('@')) {
    throw new PipewrightError('DEFINITION_INVALID', `the registered model name '${options.name}' holds '@'`, {
      fix: "'@' separates name and version; leave it out",
    })
  }
  if (options.alias !== undefined) {
    checkName('model alias', options.alias)
    // `name@3` is a version, whatever an alias may say.
    if (options.alias.includes('@') || /^\d+$/.test(options.alias)) {
      throw new PipewrightError(
        'DEFINITION_INVALID',
        `registered model '${options.name}': the alias '${options.alias}' could be taken for a version`,
        { fix: "give a word without '@', such as 'champion'" },
      )
    }
  }
  const kind = (options.kind ??
    (options.predictor === undefined
      ? modelKind()
      : modelKind(options.predictor as Predictor<unknown, unknown, unknown>))) as Kind<AnyModel>
  const run = (inputs: never, ctx: StepContext, ...ports: unknown[]): unknown =>
    register(options, inputs, ctx, ports[0] as RegistryPort)
  return makeStep(
    {
      name: options.step ?? 'register-model',
      description: `Registers a model as '${options.name}'`,
      effect: true,
      inputs: { model: kind },
      outputs: { model: kind, version: z.number().int() },
      run: run as never,
    },
    'registry',
  ) as never
}
