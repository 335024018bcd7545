import { extname, join } from 'node:path'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { AnyModel, ModelSignature } from './any-model.ts'
import { contentBytes, type Artifact } from './artifact.ts'
import { directory, type DirectoryHandle } from './directory.ts'
import { file, type FileHandle, type FileOutput } from './file.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { readManifest, storeManifest } from './model-manifest.ts'
import { isSchema, jsonSchemaOf } from './schema.ts'
import { artifactMark, artifactOf, isStored, kindOf } from './stored.ts'
import { fileName, returnedPath } from './workdir.ts'

declare const types: unique symbol

/** What a model of a foreign format is made of, as it is stored. */
export interface ForeignManifest {
  readonly format: string
  /** Its file, or its directory. */
  readonly content: Artifact
  /** What its file is called after the name: programs look at it. */
  readonly extension: string
  readonly signature: ModelSignature
}

/**
 * A model that is carried as a file or a directory, and used by whoever reads its format.
 *
 * @example
 * ```ts
 * const bytes = await onnxModel.bytes() // for InferenceSession.create of onnxruntime
 * const path = await onnxModel.path() // for a program that wants a file
 * ```
 */
export interface ForeignModel<in Input = never, out Output = unknown> extends AnyModel {
  /** Carries the types; there is no such property at run time. */
  readonly [types]?: (input: Input) => Output
  readonly predictor?: undefined
  readonly digest: Digest
  /** Bytes of its files. */
  readonly size: number
  /** A private copy of its file or directory in the step's folder, named after the input. */
  path(): Promise<string>
  /** The content of a model that is one file, in memory. */
  bytes(): Promise<Uint8Array>
}

/** What a step returns for a model of a foreign format: what a file or a directory is, with or without a signature. */
export type ForeignModelOutput<Input, Output> =
  | ForeignModel<Input, Output>
  | FileOutput
  | DirectoryHandle
  | { readonly content: FileOutput | DirectoryHandle; readonly signature: ModelSignature }

/**
 * A format of models that are files, and the schemas of one input and one output.
 *
 * @example
 * ```ts
 * export const classifier = model({
 *   format: 'onnx',
 *   input: z.object({ radius: z.number(), texture: z.number() }),
 *   output: z.object({ malignant: z.number() }),
 * })
 * ```
 */
export interface ForeignFormat<I extends StandardSchemaV1, O extends StandardSchemaV1> {
  /** A word: `onnx`, `joblib`, `mlflow`, `mojo`, … It goes into the model's manifest; wiring compares it. */
  readonly format: string
  /** One row to score. Default: what the step says, or unknown. */
  readonly input?: I
  /** One score. Default: what the step says, or unknown. */
  readonly output?: O
}

/** What files of bytes are called whose name nothing says. */
const extensions: Readonly<Record<string, string>> = {
  onnx: '.onnx',
  joblib: '.joblib',
  pickle: '.pkl',
  mojo: '.zip',
}

class FileModel implements ForeignModel {
  readonly [kindOf] = 'model'
  readonly #manifest: ForeignManifest
  readonly #artifact: Artifact
  readonly #context: DecodeContext
  #path: Promise<string> | undefined

  constructor(manifest: ForeignManifest, artifact: Artifact, context: DecodeContext) {
    this.#manifest = manifest
    this.#artifact = artifact
    this.#context = context
  }

  get format(): string {
    return this.#manifest.format
  }

  get digest(): Digest {
    return this.#artifact.digest
  }

  get signature(): ModelSignature {
    return this.#manifest.signature
  }

  get size(): number {
    return contentBytes(this.#manifest.content)
  }

  path(): Promise<string> {
    return (this.#path ??= this.#copy())
  }

  async bytes(): Promise<Uint8Array> {
    const { content, format } = this.#manifest
    if (content.kind !== 'directory') return this.#context.blobs.bytes(content)
    throw new PipewrightError('INPUT_INVALID', `the ${format} model '${this.#context.name}' is a directory`, {
      fix: 'take its path(): it has several files',
    })
  }

  get [artifactMark](): Artifact {
    return this.#artifact
  }

  async #copy(): Promise<string> {
    const { content, extension } = this.#manifest
    const { name, workdir, blobs } = this.#context
    if (content.kind === 'directory') return (await directory().decode(content, this.#context)).path()
    const path = join(await workdir(), fileName(name) + extension)
    await blobs.copyTo(content, path)
    return path
  }
}

/** The file or directory that a stored model is; undefined for one of a predictor. */
export async function foreignContent(
  artifact: Artifact,
  { blobs }: Pick<DecodeContext, 'blobs'>,
): Promise<Artifact | undefined> {
  if (artifact.kind !== 'model' || artifact.meta?.['format'] === 'typescript') return undefined
  return (await readManifest<ForeignManifest>(artifact, blobs)).content
}

/** A stored model of a foreign format. */
export function foreignModel(
  manifest: ForeignManifest,
  artifact: Artifact,
  context: DecodeContext,
): ForeignModel {
  return new FileModel(manifest, artifact, context)
}

interface Returned {
  readonly content: unknown
  readonly signature?: ModelSignature
}

function returned(value: unknown): Returned {
  return typeof value === 'object' && value !== null && !isStored(value) && 'content' in value
    ? (value as Returned)
    : { content: value }
}

async function storedContent(
  content: unknown,
  context: EncodeContext,
): Promise<{ content: Artifact; name: string }> {
  if (typeof content === 'string') {
    const { path, stats } = await returnedPath(content, await context.workdir())
    const kind = stats.isDirectory() ? directory() : file()
    return { content: await kind.encode(content as never, context), name: path }
  }
  if (isStored(content) && content[kindOf] === 'directory')
    return { content: await directory().encode(content as never, context), name: '' }
  const stored = await file().encode(content as never, context)
  // A source that stayed where it is can change, a model cannot.
  return {
    content:
      stored.external === undefined
        ? stored
        : await file(stored.mediaType).encode((content as FileHandle).stream() as never, context),
    name: '',
  }
}

/** The kind of models of a foreign format. */
export class ForeignModelKind implements Kind<unknown, never> {
  readonly [kindMark] = true
  readonly name = 'model'
  readonly format: string
  readonly #signature: ModelSignature

  constructor({ format, input, output }: ForeignFormat<StandardSchemaV1, StandardSchemaV1>) {
    if (typeof format !== 'string' || !/^[\w.+-]+$/.test(format) || format === 'typescript')
      throw new PipewrightError('DEFINITION_INVALID', `model(…): ${JSON.stringify(format)} is no format`, {
        fix: "give a word such as 'onnx', 'joblib' or 'mlflow'; a typescript model is declared by its predictor",
      })
    for (const [side, schema] of Object.entries({ input, output }))
      if (schema !== undefined && !isSchema(schema))
        throw new PipewrightError(
          'DEFINITION_INVALID',
          `model of format '${format}': ${side} is not a schema`,
          {
            fix: `give ${side}: z.object({ … }) or another Standard Schema`,
          },
        )
    this.format = format
    this.#signature = {
      input: (input && jsonSchemaOf(input, 'input')) ?? null,
      output: (output && jsonSchemaOf(output)) ?? null,
    }
  }

  declare(): KindDeclaration {
    const { input, output } = this.#signature
    return {
      kind: 'model',
      format: this.format,
      ...(input === null && output === null ? {} : { signature: { input, output } }),
    }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    if (isStored(value) && value[kindOf] === 'model') return this.#passedOn(value as never as AnyModel)
    const { content: given, signature } = returned(value)
    const { content, name } = await storedContent(given, context)
    const manifest: ForeignManifest = {
      format: this.format,
      content,
      extension: extname(name) || (extensions[this.format] ?? ''),
      signature: {
        input: this.#signature.input ?? signature?.input ?? null,
        output: this.#signature.output ?? signature?.output ?? null,
      },
    }
    // How its file was called is not part of what the model is.
    const identity = {
      format: manifest.format,
      content: { kind: content.kind, digest: content.digest },
      signature: manifest.signature,
    }
    return storeManifest(manifest, identity, context.blobs, {
      meta: { format: this.format, contentSize: contentBytes(content) },
      parts: [...new Set([content.blob, ...(content.parts ?? [])])],
    })
  }

  async decode(artifact: Artifact, context: DecodeContext): Promise<unknown> {
    const manifest = await readManifest<ForeignManifest>(artifact, context.blobs)
    if (manifest.format !== this.format)
      throw new PipewrightError(
        'INPUT_INVALID',
        `the model is of format '${manifest.format}', declared is '${this.format}'`,
        { fix: `declare the input as ${declarationOf(manifest.format)}` },
      )
    return foreignModel(manifest, artifact, context)
  }

  #passedOn(value: AnyModel): Artifact {
    const artifact = artifactOf(value, 'model')
    if (artifact !== undefined && value.format === this.format) return artifact
    throw new PipewrightError(
      'OUTPUT_INVALID',
      `the model is of format '${value.format}', declared is '${this.format}'`,
      { fix: `declare the output as ${declarationOf(value.format)}` },
    )
  }
}

function declarationOf(format: string): string {
  return format === 'typescript' ? 'model(…) with its predictor' : `model({ format: '${format}' })`
}
