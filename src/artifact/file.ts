import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import type { BlobWriter } from './blob.ts'
import type { CsvOptions } from './csv.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { check, issueLines } from './schema.ts'
import { artifactMark, artifactOf, kindOf, type Stored } from './stored.ts'
import type { Table } from './table.ts'
import { utf8Text } from './utf8.ts'
import { fileName, returnedPath } from './workdir.ts'

/**
 * A file as a step receives it: its content, read when it is used.
 *
 * @example
 * ```ts
 * const text = await csv.text()
 * const bytes = await csv.bytes()
 * for await (const chunk of csv.stream()) console.log((chunk as Buffer).byteLength)
 * const path = await csv.path() // for a program that wants a file
 * ```
 */
export interface FileHandle extends Stored<'file'> {
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly mediaType: string
  /** A private copy in the step's folder, named after the input and the media type. */
  path(): Promise<string>
  /** The content as a stream. */
  stream(): Readable
  /** The content in memory. */
  bytes(): Promise<Uint8Array>
  /** The content as UTF-8; other bytes are refused. */
  text(): Promise<string>
  /**
   * The content, which is UTF-8, as JSON, checked by a schema.
   *
   * @example
   * ```ts
   * const { rate } = await csv.json(z.object({ rate: z.number() }))
   * ```
   */
  json<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S>>
  /**
   * The rows of a CSV file, each checked by a schema; all problems are reported with their lines. Cells become what
   * the schema takes, as far as their text says so: decimal numbers, booleans (`true`, `1`), else texts.
   *
   * @example
   * ```ts
   * const rows = await csv.readCsv(Tumour, { delimiter: ';', missing: ['', 'NA'] })
   * rows.row(0).malignant // boolean
   * ```
   */
  readCsv<S extends StandardSchemaV1>(
    row: S,
    options?: CsvOptions,
  ): Promise<Table<StandardSchemaV1.InferOutput<S>>>
}

/** What a step returns for a file: a path under `ctx.workdir`, bytes, a stream, or a file that it received. */
export type FileOutput = string | Uint8Array | AsyncIterable<Uint8Array> | FileHandle

/** What a file is that nothing is said of. */
const anyMediaType = 'application/octet-stream'

const extensions: Readonly<Record<string, string>> = {
  'text/csv': '.csv',
  'text/plain': '.txt',
  'text/html': '.html',
  'text/markdown': '.md',
  'application/json': '.json',
  'application/x-ndjson': '.ndjson',
  'application/zip': '.zip',
  'application/gzip': '.gz',
  'application/pdf': '.pdf',
  'application/vnd.apache.parquet': '.parquet',
  'application/vnd.apache.arrow.file': '.arrow',
  'image/png': '.png',
  'image/jpeg': '.jpg',
  'image/svg+xml': '.svg',
}

class StoredFile implements FileHandle {
  readonly [kindOf] = 'file'
  readonly #artifact: Artifact
  readonly #context: DecodeContext
  #path: Promise<string> | undefined

  constructor(artifact: Artifact, context: DecodeContext) {
    this.#artifact = artifact
    this.#context = context
  }

  get digest(): Digest {
    return this.#artifact.digest
  }

  get size(): number {
    return this.#artifact.size
  }

  get mediaType(): string {
    return this.#artifact.mediaType
  }

  path(): Promise<string> {
    return (this.#path ??= this.#copy())
  }

  stream(): Readable {
    return this.#context.blobs.stream(this.#artifact)
  }

  bytes(): Promise<Uint8Array> {
    return this.#context.blobs.bytes(this.#artifact)
  }

  async text(): Promise<string> {
    return utf8Text(await this.bytes(), this.#context.name)
  }

  async json(schema: StandardSchemaV1): Promise<never> {
    const text = await this.text()
    let value: unknown
    try {
      value = JSON.parse(text)
    } catch (cause) {
      throw new PipewrightError(
        'INPUT_INVALID',
        `file '${this.#context.name}' is no JSON: ${(cause as Error).message}`,
        { cause },
      )
    }
    const result = await check(schema, value)
    if (result.ok) return result.value as never
    throw new PipewrightError(
      'INPUT_INVALID',
      `file '${this.#context.name}' does not fit its schema:\n${issueLines(result.issues)}`,
      {
        details: { issues: result.issues },
      },
    )
  }

  async readCsv(row: StandardSchemaV1, options?: CsvOptions): Promise<never> {
    const { readCsv } = await import('./csv.ts')
    return (await readCsv(() => this.stream(), row, this.#context.name, options)) as never
  }

  get [artifactMark](): Artifact {
    return this.#artifact
  }

  async #copy(): Promise<string> {
    const { name, workdir, blobs } = this.#context
    const path = join(await workdir(), fileName(name) + (extensions[this.mediaType] ?? ''))
    await blobs.copyTo(this.#artifact, path)
    return path
  }
}

async function* onlyBytes(stream: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) {
    if (!(chunk instanceof Uint8Array)) {
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `the stream gives a ${chunk === null ? 'null' : typeof chunk}, not bytes`,
        { fix: 'return a stream of Uint8Array, for text without an encoding set' },
      )
    }
    yield chunk
  }
}

/** Stores the content of a file as it is now. */
export async function snapshotFile(path: string, mediaType: string, blobs: BlobWriter): Promise<Artifact> {
  const { digest, size } = await blobs.putFile(path)
  return { kind: 'file', digest, blob: digest, size, mediaType }
}

/** The kind of files, with what fingerprinting a source needs to know. */
export class FileKind implements Kind<FileHandle, FileOutput> {
  readonly [kindMark] = true
  readonly name = 'file'
  readonly mediaType: string
  readonly copy: boolean

  constructor(mediaType: string, copy: boolean) {
    this.mediaType = mediaType
    this.copy = copy
  }

  declare(): KindDeclaration {
    return { kind: 'file', mediaType: this.mediaType }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const { mediaType } = this
    const artifact = artifactOf(value, 'file')
    if (artifact !== undefined) return mediaType === anyMediaType ? artifact : { ...artifact, mediaType }
    if (typeof value === 'string') {
      const { path, stats } = await returnedPath(value, await context.workdir())
      if (!stats.isFile())
        throw new PipewrightError('OUTPUT_INVALID', `the returned path ${value} is not a file`, {
          fix: 'return the path of a file, or declare the output as directory()',
        })
      return snapshotFile(path, mediaType, context.blobs)
    }
    if (value instanceof Uint8Array) {
      // A copy: the step may go on with its buffer while this one is being written.
      const { digest, size } = await context.blobs.put(Uint8Array.from(value))
      return { kind: 'file', digest, blob: digest, size, mediaType }
    }
    if (typeof value === 'object' && value !== null && Symbol.asyncIterator in value) {
      const { digest, size } = await context.blobs.putStream(onlyBytes(value as AsyncIterable<unknown>))
      return { kind: 'file', digest, blob: digest, size, mediaType }
    }
    throw new PipewrightError(
      'OUTPUT_INVALID',
      `the value is a ${value === null ? 'null' : typeof value}, not a file`,
      {
        fix: 'return a path under ctx.workdir, bytes or a stream',
      },
    )
  }

  decode(artifact: Artifact, context: DecodeContext): Promise<FileHandle> {
    return Promise.resolve(new StoredFile(artifact, context) as unknown as FileHandle)
  }
}

/** Tells whether a kind is that of files. */
export function isFileKind(
  kind: Kind<unknown, never>,
): kind is Kind<unknown, never> & Pick<FileKind, 'mediaType' | 'copy'> {
  return kind.name === 'file'
}

/**
 * A file. As an input of a pipeline it is a source: given by path, fingerprinted by content once per run.
 *
 * Up to 1 GiB a source is copied into the store; larger, or with `copy: false`, it stays where it is and is
 * compared again after each attempt that read it. A received file that a step returns is of the output's media
 * type; without one it keeps its own.
 *
 * @example
 * ```ts
 * export const load = defineStep({
 *   name: 'load',
 *   inputs: { csv: file('text/csv') },
 *   outputs: { rows: table(Tumour) },
 *   run: async ({ csv }) => ({ rows: await csv.readCsv(Tumour) }),
 * })
 * ```
 */
export function file(
  mediaType = anyMediaType,
  options: { readonly copy?: boolean } = {},
): Kind<FileHandle, FileOutput> {
  return new FileKind(mediaType, options.copy ?? true)
}
