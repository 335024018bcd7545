import type { Readable } from 'node:stream'
import type { Digest } from '../internal/digest.ts'
import type { ArtifactStore, Blob, StoredBlob } from '../artifact/blob.ts'
import { memoryStore } from './memory-store.ts'

type BlobSource = Parameters<ArtifactStore['bytes']>[0]

/** What is written stays in memory; all else is read from a store below, which nothing is written to. */
class OverlayStore implements ArtifactStore {
  readonly #below: ArtifactStore
  readonly #own = memoryStore()
  /** What was written, to be asked without waiting. */
  readonly #written = new Set<Digest>()

  constructor(below: ArtifactStore) {
    this.#below = below
  }

  put(bytes: Uint8Array): Promise<Blob> {
    return this.#keep(this.#own.put(bytes))
  }

  putStream(stream: AsyncIterable<Uint8Array>): Promise<Blob> {
    return this.#keep(this.#own.putStream(stream))
  }

  putFile(path: string): Promise<Blob> {
    return this.#keep(this.#own.putFile(path))
  }

  bytes(artifact: BlobSource): Promise<Uint8Array> {
    return this.#of(artifact).bytes(artifact)
  }

  stream(artifact: BlobSource): Readable {
    return this.#of(artifact).stream(artifact)
  }

  copyTo(artifact: BlobSource, path: string): Promise<void> {
    return this.#of(artifact).copyTo(artifact, path)
  }

  has(digest: Digest): Promise<boolean> {
    return this.#written.has(digest) ? Promise.resolve(true) : this.#below.has(digest)
  }

  /** The time of what lies below is left alone. */
  touch(digest: Digest): Promise<boolean> {
    return this.has(digest)
  }

  list(): AsyncIterable<StoredBlob> {
    return this.#own.list()
  }

  delete(digest: Digest, untouchedSince?: number): Promise<boolean> {
    this.#written.delete(digest)
    return this.#own.delete(digest, untouchedSince)
  }

  close(): Promise<void> {
    return this.#own.close()
  }

  #of({ blob }: BlobSource): ArtifactStore {
    return this.#written.has(blob) ? this.#own : this.#below
  }

  async #keep(writing: Promise<Blob>): Promise<Blob> {
    const blob = await writing
    this.#written.add(blob.digest)
    return blob
  }
}

/** A store over another one, for what is not to last: it is forgotten when it is closed. */
export function overlayStore(below: ArtifactStore): ArtifactStore {
  return new OverlayStore(below)
}
