import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { AnyModel } from '../artifact/any-model.ts'
import { isKind, type DecodeContext, type Kind } from '../artifact/kind.ts'
import { model as modelKind } from '../artifact/model.ts'
import type { Model, Predictor } from '../artifact/predictor.ts'
import type { ModelVersion } from '../record/records.ts'

/**
 * The part of a metadata store that a registry is kept in.
 *
 * @port
 */
export interface RegistryPort {
  /** Registers a model: the version of an equal digest if there is one, else the next. */
  registerModel(
    entry: Omit<ModelVersion, 'version' | 'aliases'>,
    alias: string | undefined,
  ): Promise<ModelVersion>
  /** Versions of one model or of all, newest first. */
  modelVersions(name?: string): Promise<readonly ModelVersion[]>
}

/** A model of the registry. */
export interface RegisteredModel {
  readonly name: string
  readonly version: number
  /** The content digest of the model: what lineage and `why` know it by. */
  readonly digest: Digest
  readonly aliases: readonly string[]
  readonly registeredAt: Date
  /** The run that registered it; null when it was not registered by a run. */
  readonly run: string | null
  readonly artifact: Artifact
  /**
   * The model itself, to be used by the code of its predictor.
   *
   * @example
   * ```ts
   * const champion = await pw.registry.get('tumours@champion')
   * const model = await champion.load(tumourClassifier)
   * console.log(champion.version, await model.predict({ radius: 17.99, texture: 10.38 }))
   * ```
   */
  load<State, Input, Output>(predictor: Predictor<State, Input, Output>): Promise<Model<Input, Output>>
  /**
   * The model itself, of a foreign format: its files.
   *
   * @example
   * ```ts
   * const champion = await pw.registry.get('tumours@champion')
   * const bytes = await (await champion.load(model({ format: 'onnx' }))).bytes() // for InferenceSession.create of onnxruntime
   * ```
   */
  load<Of extends AnyModel>(kind: Kind<Of, never>): Promise<Of>
}

/** Reads a model's bytes and the code digests of predictors: the workspace's side of {@link Registry}. */
export type ModelLoader = Pick<DecodeContext, 'blobs' | 'workdir' | 'predictorDigest'>

/**
 * The models of a workspace: names, versions and aliases. `pw.registry` is one.
 *
 * @example
 * ```ts
 * const champion = await pw.registry.get('tumours@champion')
 * const model = await champion.load(tumourClassifier)
 * ```
 */
export class Registry {
  readonly #port: RegistryPort
  readonly #loader: ModelLoader

  constructor(port: RegistryPort, loader: ModelLoader) {
    this.#port = port
    this.#loader = loader
  }

  /**
   * A model by reference: `name` (the newest version), `name@3` (a version) or `name@champion` (an alias).
   * Throws `MODEL_NOT_FOUND` with the nearest name, or the versions and aliases that there are.
   */
  async get(reference: string): Promise<RegisteredModel> {
    const at = reference.lastIndexOf('@')
    const name = at === -1 ? reference : reference.slice(0, at)
    const which = at === -1 ? undefined : reference.slice(at + 1)
    const versions = await this.#port.modelVersions(name)
    const found =
      which === undefined
        ? versions[0]
        : versions.find((version) => String(version.version) === which || version.aliases.includes(which))
    return found === undefined ? this.#missing(reference, name, versions) : this.#registered(found)
  }

  /**
   * All versions of one model, or of all models, newest first.
   *
   * @example
   * ```ts
   * for (const { version, aliases, run } of await pw.registry.list('tumours'))
   *   console.log(version, aliases, run) // 3 ['champion'] 0199f3…
   * ```
   */
  async list(name?: string): Promise<readonly RegisteredModel[]> {
    return (await this.#port.modelVersions(name)).map((version) => this.#registered(version))
  }

  #registered(version: ModelVersion): RegisteredModel {
    const { name, digest, aliases, run, artifact } = version
    return Object.freeze({
      name,
      version: version.version,
      digest,
      aliases,
      registeredAt: new Date(version.registeredAt),
      run,
      artifact,
      load: (of: Kind<AnyModel, never> | Predictor<unknown, unknown, unknown>): Promise<never> =>
        (isKind(of) ? of : modelKind(of)).decode(artifact, { ...this.#loader, name }) as Promise<never>,
    })
  }

  async #missing(reference: string, name: string, versions: readonly ModelVersion[]): Promise<never> {
    const details = { reference }
    if (versions.length > 0) {
      const known = versions.flatMap((version) => [String(version.version), ...version.aliases])
      throw new PipewrightError(
        'MODEL_NOT_FOUND',
        `model '${name}' has no version or alias '${reference.slice(name.length + 1)}'`,
        {
          fix: `use one of: ${known.map((which) => `${name}@${which}`).join(', ')}`,
          details,
        },
      )
    }
    const names = [...new Set((await this.#port.modelVersions()).map((version) => version.name))]
    const close = nearest(name, names)
    throw new PipewrightError('MODEL_NOT_FOUND', `there is no model '${name}' in the registry`, {
      fix:
        names.length === 0
          ? 'register one with a registerModel step'
          : `${close === undefined ? '' : `did you mean '${close}'? `}registered: ${names.join(', ')}`,
      details,
    })
  }
}
