import type { Readable } from 'node:stream'
import { Readable as ReadableStream } from 'node:stream'
import { writeFile } from 'node:fs/promises'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, Blob, BlobReader, BlobWriter } from '../artifact/blob.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { missing } from '../store/errors.ts'
import { inSharedMemory, SharedBytes } from './shared-bytes.ts'

/** Up to this size a blob lives in the metadata store, so that a small step costs one commit and no file. */
const inlineLimit = 4_096

const recentBytes = 4 * 1024 * 1024
/** In milliseconds: a service that goes on for weeks does not keep what no run has read for so long. */
const recentFor = 60_000
/** What an entry takes beside its bytes. */
const overhead = 400

/** In milliseconds: of a wide map each item asks for the same table. */
const threadsKeepFor = 10_000

/** In milliseconds. A collection may have taken what was known to be there longer ago. */
const surelyThere = 60_000

interface Recent {
  readonly bytes: Uint8Array
  /** When it was last written or read. */
  readonly at: number
}

/** Whether an error says that stored bytes are not there, or are not what was written. */
export function isLost(error: unknown): boolean {
  return PipewrightError.isInstance(error) && ['BLOB_CORRUPT', 'BLOB_MISSING'].includes(error.code)
}

/**
 * Reads blobs from wherever they are: the metadata store for small ones, the artifact store for the rest.
 * Small ones that were read or written within a minute stay in memory: not longer, so that a run does not go on with
 * bytes that no other process can read any more.
 */
export class TieredReader implements BlobReader {
  readonly #metadata: Pick<MetadataStore, 'blob' | 'dropBlob'>
  readonly #store: ArtifactStore
  readonly #recent = new Map<Digest, Recent>()
  #recentSize = 0
  readonly #large: SharedBytes
  readonly #ofThreads: SharedBytes

  /** `ask` reads large blobs where others have them in memory already. */
  constructor(
    metadata: Pick<MetadataStore, 'blob' | 'dropBlob'>,
    store: ArtifactStore,
    ask: (blob: Digest) => Promise<Uint8Array> = (blob) => store.bytes({ blob }),
  ) {
    this.#metadata = metadata
    this.#store = store
    this.#large = new SharedBytes(ask)
    this.#ofThreads = new SharedBytes(
      async (blob) => inSharedMemory(await store.bytes({ blob })),
      threadsKeepFor,
    )
  }

  /** A reader of the same stores with a memory of its own: it finds what is stored, not what is at hand here. */
  apart(): TieredReader {
    return new TieredReader(this.#metadata, this.#store)
  }

  /** Keeps the bytes of a small blob at hand. */
  remember(digest: Digest, bytes: Uint8Array): void {
    this.#forget(digest)
    // Small buffers share a slab of some KiB, which each of them would keep.
    const own = bytes.byteLength < bytes.buffer.byteLength ? new Uint8Array(bytes) : bytes
    this.#recent.set(digest, { bytes: own, at: Date.now() })
    this.#recentSize += own.byteLength + overhead
    const expired = Date.now() - recentFor
    for (const [oldest, { at }] of this.#recent) {
      if (this.#recentSize <= recentBytes && at > expired) return
      this.#forget(oldest)
    }
  }

  async bytes(artifact: Pick<Artifact, 'blob' | 'external'>): Promise<Uint8Array> {
    if (artifact.external !== undefined) return this.#store.bytes(artifact)
    const small = await this.#small(artifact.blob)
    // A copy: a step may write into what it was given.
    return small === undefined ? this.#store.bytes(artifact) : Uint8Array.from(small)
  }

  async shared(artifact: Pick<Artifact, 'blob' | 'external'>): Promise<Uint8Array> {
    const { blob, external } = artifact
    // What is small is copied in no time; a file outside may be another one by now.
    if (external !== undefined || (await this.#small(blob)) !== undefined) return this.bytes(artifact)
    return this.#large.get(blob)
  }

  /** The bytes of a large blob, in memory that threads share with this one. */
  inSharedMemory(blob: Digest): Promise<Uint8Array> {
    return this.#ofThreads.get(blob)
  }

  stream(artifact: Pick<Artifact, 'blob' | 'external'>): Readable {
    if (artifact.external !== undefined) return this.#store.stream(artifact)
    const small = this.#small(artifact.blob)
    const store = this.#store
    return ReadableStream.from(
      (async function* () {
        const bytes = await small
        if (bytes === undefined) yield* store.stream(artifact)
        else yield Uint8Array.from(bytes)
      })(),
    )
  }

  async copyTo(artifact: Pick<Artifact, 'blob' | 'external'>, path: string): Promise<void> {
    const bytes = artifact.external === undefined ? await this.#small(artifact.blob) : undefined
    await (bytes === undefined ? this.#store.copyTo(artifact, path) : writeFile(path, bytes))
  }

  #forget(digest: Digest): void {
    const known = this.#recent.get(digest)
    if (known === undefined) return
    this.#recent.delete(digest)
    this.#recentSize -= known.bytes.byteLength + overhead
  }

  async #small(digest: Digest): Promise<Uint8Array | undefined> {
    const recent = this.#recent.get(digest)
    if (recent !== undefined && Date.now() - recent.at < surelyThere) return recent.bytes
    this.#forget(digest)
    const bytes = await this.#metadata.blob(digest)
    if (bytes === undefined) return undefined
    if (sha256(bytes) !== digest) {
      // Corrupt bytes make way for right ones: the next run finds no entry with them, and makes them again.
      await this.#metadata.dropBlob(digest, bytes)
      throw new PipewrightError('BLOB_CORRUPT', `the stored value ${digest} is not what was written`, {
        fix: 'run the pipeline again: the step that made it will run again',
        details: { digest },
      })
    }
    this.remember(digest, bytes)
    return bytes
  }
}

/** A small blob that waits to be committed with its event. */
export interface PendingBlob {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

/** Writes the blobs of one commit: small ones wait for the commit, large ones go to the artifact store at once. */
export class CommitWriter implements BlobWriter {
  readonly pending: PendingBlob[] = []
  readonly #store: ArtifactStore
  readonly #reader: TieredReader
  /** Large blobs with the time at which their writing began. */
  readonly #large = new Map<Digest, number>()

  constructor(store: ArtifactStore, reader: TieredReader) {
    this.#store = store
    this.#reader = reader
  }

  async put(bytes: Uint8Array): Promise<Blob> {
    if (bytes.byteLength > inlineLimit) return this.#put(this.#store.put(bytes))
    const digest = sha256(bytes)
    this.pending.push({ digest, bytes })
    this.#reader.remember(digest, bytes)
    return { digest, size: bytes.byteLength }
  }

  putStream(stream: AsyncIterable<Uint8Array>): Promise<Blob> {
    return this.#put(this.#store.putStream(stream))
  }

  putFile(path: string): Promise<Blob> {
    return this.#put(this.#store.putFile(path))
  }

  /**
   * Makes the time of its blobs now, to be called right before the commit: no record names them yet, so garbage
   * collection may have taken what an attempt wrote hours before its end. Throws `BLOB_MISSING`.
   */
  async refresh(): Promise<void> {
    for (const { digest, bytes } of this.pending) this.#reader.remember(digest, bytes)
    const before = Date.now() - surelyThere
    for (const [digest, at] of this.#large)
      if (at < before && !(await this.#store.touch(digest))) throw missing(digest)
  }

  async #put(writing: Promise<Blob>): Promise<Blob> {
    const startedAt = Date.now()
    const blob = await writing
    this.#large.set(blob.digest, startedAt)
    return blob
  }
}
