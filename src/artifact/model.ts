import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { projectPath } from '../internal/project-path.ts'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { AnyModel, ModelSignature } from './any-model.ts'
import type { Artifact } from './artifact.ts'
import {
  foreignModel,
  ForeignModelKind,
  type ForeignFormat,
  type ForeignManifest,
  type ForeignModel,
  type ForeignModelOutput,
} from './foreign-model.ts'
import { encodeJson } from './json.ts'
import { readManifest, storeManifest } from './model-manifest.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import type { AnyPredictor, Model, ModelManifest, Predictor } from './predictor.ts'
import { check, issueLines, jsonSchemaOf, type Schema } from './schema.ts'
import { artifactMark, artifactOf, kindOf } from './stored.ts'

async function parsed(
  schema: Schema,
  value: unknown,
  what: string,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
): Promise<unknown> {
  const result = await check(schema, value)
  if (result.ok) return result.value
  throw new PipewrightError(code, `${what} does not fit its schema:\n${issueLines(result.issues)}`, {
    details: { issues: result.issues },
  })
}

/** The one implementation of {@link Model}: a predictor and a state that is loaded, and parsed, on use. */
export class PredictorModel implements Model<unknown, unknown> {
  readonly [kindOf] = 'model'
  readonly format = 'typescript'
  readonly #predictor: AnyPredictor
  readonly #load: () => Promise<unknown>
  readonly #artifact: Artifact | undefined
  #state: Promise<unknown> | undefined

  constructor(predictor: AnyPredictor, load: () => Promise<unknown>, artifact?: Artifact) {
    this.#predictor = predictor
    this.#load = load
    this.#artifact = artifact
  }

  get predictor(): string {
    return this.#predictor.name
  }

  get digest(): Digest | undefined {
    return this.#artifact?.digest
  }

  get signature(): ModelSignature {
    return {
      input: jsonSchemaOf(this.#predictor.input, 'input') ?? null,
      output: jsonSchemaOf(this.#predictor.output) ?? null,
    }
  }

  async predict(input: unknown): Promise<unknown> {
    const { name, predict } = this.#predictor
    const state = this.#parsedState()
    const row = await parsed(
      this.#predictor.input,
      input,
      `the input of predictor '${name}'`,
      'INPUT_INVALID',
    )
    const output = await (predict as (state: unknown, row: unknown) => unknown)(await state, row)
    return parsed(this.#predictor.output, output, `the output of predictor '${name}'`, 'OUTPUT_INVALID')
  }

  async predictAll(inputs: readonly unknown[]): Promise<unknown[]> {
    const outputs: unknown[] = []
    for (const input of inputs) outputs.push(await this.predict(input))
    return outputs
  }

  /** Undefined for one that a step has just made. */
  get [artifactMark](): Artifact | undefined {
    return this.#artifact
  }

  static predictorOf(model: PredictorModel): AnyPredictor {
    return model.#predictor
  }

  /** The state as training left it: what is stored. */
  static stateOf(model: PredictorModel): Promise<unknown> {
    return model.#load()
  }

  #parsedState(): Promise<unknown> {
    if (this.#state === undefined) {
      const { name, state } = this.#predictor
      this.#state = this.#load().then((given) =>
        parsed(state, given, `the state of predictor '${name}'`, 'INPUT_INVALID'),
      )
      // One failure to read is not for ever; nor is it unhandled when the input is refused before it is looked at.
      this.#state.catch(() => (this.#state = undefined))
    }
    return this.#state
  }
}

/** A model that is passed on without its code: it can be stored again and read about, not used. */
export class OpaqueModel implements Model<never, unknown> {
  readonly [kindOf] = 'model'
  readonly format = 'typescript'
  readonly predictor: string
  readonly digest: Digest
  readonly signature: ModelSignature
  readonly [artifactMark]: Artifact

  constructor(manifest: ModelManifest, artifact: Artifact) {
    this.predictor = manifest.predictor
    this.digest = artifact.digest
    this.signature = manifest.signature
    this[artifactMark] = artifact
  }

  async predict(): Promise<never> {
    throw new PipewrightError(
      'PREDICTOR_CHANGED',
      `the code of model '${this.predictor}' is not at hand here`,
      {
        fix: `declare the input as model(…) with the predictor '${this.predictor}'`,
      },
    )
  }

  predictAll(): Promise<never> {
    return this.predict()
  }
}

/** The artifact that a model was read from; undefined for one that has not been stored. */
export function artifactOfModel(value: AnyModel): Artifact | undefined {
  return artifactOf(value, 'model')
}

/** What a model kind is declared with: `predictor 'classifier'`, `format 'onnx'`; undefined for any model. */
export function modelDeclaredWith(kind: Kind<unknown, never>): string | undefined {
  if (isForeignModelKind(kind)) return `format '${kind.format}'`
  const predictor = kind.name === 'model' ? (kind as ModelKind).predictor : undefined
  return predictor === undefined ? undefined : `predictor '${predictor.name}'`
}

/** Tells whether a kind is that of models that are files. */
export function isForeignModelKind(
  kind: Kind<unknown, never>,
): kind is Kind<unknown, never> & Pick<ForeignModelKind, 'format'> {
  return kind.name === 'model' && 'format' in kind
}

class ModelKind implements Kind<unknown, never> {
  readonly [kindMark] = true
  readonly name = 'model'
  readonly predictor: AnyPredictor | undefined

  constructor(predictor: AnyPredictor | undefined) {
    this.predictor = predictor
  }

  declare(): KindDeclaration {
    return this.predictor === undefined
      ? { kind: 'model' }
      : { kind: 'model', predictor: this.predictor.name }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const stored = artifactOfModel(value as AnyModel)
    if (stored !== undefined) return this.#passedOn(value as AnyModel, stored)
    if (!(value instanceof PredictorModel)) {
      throw new PipewrightError('OUTPUT_INVALID', 'the value is not a model', {
        fix: `return ${this.predictor?.name ?? 'predictor'}.of(state)`,
      })
    }
    this.#refuseOther(value.predictor, 'OUTPUT_INVALID')
    const predictor = PredictorModel.predictorOf(value)
    const given = await PredictorModel.stateOf(value)
    // Only checked: it is stored as it was given and parsed when it is used, so that it is parsed once.
    await parsed(predictor.state, given, `the state of predictor '${predictor.name}'`, 'OUTPUT_INVALID')
    const state = await encodeJson(given, context)
    const manifest: ModelManifest = {
      format: 'typescript',
      predictor: predictor.name,
      // Never an absolute path: a model goes to other machines.
      module:
        predictor.module === undefined || context.project === undefined
          ? null
          : projectPath(context.project, predictor.module),
      code: await context.predictorDigest(predictor),
      state: state.digest,
      signature: value.signature,
    }
    // Where the code lies is not part of what the model is.
    return storeManifest(manifest, { ...manifest, module: null }, context.blobs, {
      meta: { predictor: predictor.name, format: 'typescript', stateSize: state.size },
      parts: [state.blob],
    })
  }

  async decode(artifact: Artifact, context: DecodeContext): Promise<unknown> {
    const manifest = await readManifest<ModelManifest | ForeignManifest>(artifact, context.blobs)
    const predictor = this.predictor
    if ('content' in manifest)
      return predictor === undefined
        ? foreignModel(manifest, artifact, context)
        : this.#refuseForeign(artifact, 'INPUT_INVALID')
    if (predictor === undefined) return new OpaqueModel(manifest, artifact)
    this.#refuseOther(manifest.predictor, 'INPUT_INVALID')
    const code = await context.predictorDigest(predictor)
    if (code !== manifest.code) {
      throw new PipewrightError(
        'PREDICTOR_CHANGED',
        `model '${manifest.predictor}' was made by predictor code ${manifest.code}, this process has ${code}`,
        {
          fix: 'run the pipeline again, so that the model is made by the code that scores it; a predictor whose code cannot be read (made in a function, no lockfile) is another one in each process, unless it has a `version`',
        },
      )
    }
    return new PredictorModel(
      predictor,
      async () =>
        JSON.parse(
          Buffer.from(await context.blobs.bytes({ blob: manifest.state })).toString('utf8'),
        ) as unknown,
      artifact,
    )
  }

  #passedOn({ format, predictor }: AnyModel, artifact: Artifact): Artifact {
    if (format !== 'typescript')
      return this.predictor === undefined ? artifact : this.#refuseForeign(artifact, 'OUTPUT_INVALID')
    this.#refuseOther(predictor!, 'OUTPUT_INVALID')
    return artifact
  }

  #refuseForeign({ meta }: Artifact, code: 'INPUT_INVALID' | 'OUTPUT_INVALID'): never {
    const format = meta?.['format'] as string
    throw new PipewrightError(
      code,
      `the model is of format '${format}', declared is predictor '${this.predictor!.name}'`,
      { fix: `declare it as model({ format: '${format}' })` },
    )
  }

  #refuseOther(name: string, code: 'INPUT_INVALID' | 'OUTPUT_INVALID'): void {
    if (this.predictor !== undefined && name !== this.predictor.name) {
      throw new PipewrightError(
        code,
        `the model is of predictor '${name}', declared is '${this.predictor.name}'`,
        {
          fix:
            code === 'OUTPUT_INVALID'
              ? `use model(${name}) or return ${this.predictor.name}.of(state)`
              : `declare the input as model(…) with the predictor '${name}'`,
        },
      )
    }
  }
}

/**
 * A trained model: of a predictor, or of a foreign format that is carried as files; without either, any model, which
 * can be passed on and registered but not used.
 *
 * For a predictor a step returns `predictor.of(state)` and receives a {@link Model} whose `predict` loads the state on
 * first use. A model made by other predictor code is refused with `PREDICTOR_CHANGED`. For a foreign format (`onnx`,
 * `joblib`, `mlflow`, …) a step returns the path of a file or folder under `ctx.workdir`, bytes, or a file or directory
 * that it received, and receives a {@link ForeignModel}; its signature is that of the schemas. Throws
 * `DEFINITION_INVALID` for a format that is no word.
 *
 * @example
 * ```ts
 * export const train = defineStep({
 *   name: 'train',
 *   inputs: { rows: table(Tumour) },
 *   outputs: { model: model(tumourClassifier) },
 *   run: ({ rows }) => ({ model: tumourClassifier.of(fit(rows, 0.1).state) }),
 * })
 * ```
 */
export function model<State, Input, Output>(
  predictor: Predictor<State, Input, Output>,
): Kind<Model<Input, Output>>
export function model<
  const I extends StandardSchemaV1 = StandardSchemaV1<never, never>,
  const O extends StandardSchemaV1 = StandardSchemaV1<unknown>,
>(
  format: ForeignFormat<I, O>,
): Kind<
  ForeignModel<StandardSchemaV1.InferInput<I>, StandardSchemaV1.InferOutput<O>>,
  ForeignModelOutput<StandardSchemaV1.InferInput<I>, StandardSchemaV1.InferOutput<O>>
>
export function model(): Kind<AnyModel>
export function model(of?: AnyPredictor | ForeignFormat<StandardSchemaV1, StandardSchemaV1>): never {
  if (of === undefined) return new ModelKind(of) as never
  if (typeof of === 'object' && 'predict' in of) return new ModelKind(of) as never
  if (typeof of === 'object' && 'format' in of) return new ForeignModelKind(of) as never
  throw new PipewrightError(
    'DEFINITION_INVALID',
    `model(…): ${JSON.stringify(of)} is no predictor and no format`,
    {
      fix: "give what definePredictor made, or { format: 'onnx' }",
    },
  )
}
