import { createReadStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { sha256, type Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, Blob, StoredBlob } from '../artifact/blob.ts'
import { missing } from './errors.ts'
import { externalChunks } from './external.ts'

/** A store that forgets everything when it is closed: for tests. */
class MemoryStore implements ArtifactStore {
  readonly #blobs = new Map<Digest, { readonly bytes: Uint8Array; touchedAt: number }>()

  put(bytes: Uint8Array): Promise<Blob> {
    const digest = sha256(bytes)
    // A copy: the caller may go on with its buffer.
    this.#blobs.set(digest, { bytes: Uint8Array.from(bytes), touchedAt: Date.now() })
    return Promise.resolve({ digest, size: bytes.byteLength })
  }

  async putStream(stream: AsyncIterable<Uint8Array>): Promise<Blob> {
    const chunks: Uint8Array[] = []
    // A copy: the stream may fill its buffer again.
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError(`a chunk of the stream is a ${typeof chunk}`)
      chunks.push(Uint8Array.from(chunk))
    }
    return this.put(Buffer.concat(chunks))
  }

  putFile(path: string): Promise<Blob> {
    return this.putStream(createReadStream(path))
  }

  async bytes({ blob, external }: Pick<Artifact, 'blob' | 'external'>): Promise<Uint8Array> {
    if (external !== undefined) {
      const chunks: Uint8Array[] = []
      for await (const chunk of externalChunks(external)) chunks.push(chunk)
      return Buffer.concat(chunks)
    }
    const found = this.#blobs.get(blob)
    if (found === undefined) throw missing(blob)
    // A copy: the reader may change what it gets.
    return Uint8Array.from(found.bytes)
  }

  stream(artifact: Pick<Artifact, 'blob' | 'external'>): Readable {
    const { external } = artifact
    const read = (): Promise<Uint8Array> => this.bytes(artifact)
    const chunks = async function* (): AsyncGenerator<Uint8Array> {
      if (external === undefined) yield await read()
      else yield* externalChunks(external)
    }
    return Readable.from(chunks(), { objectMode: false })
  }

  async copyTo(artifact: Pick<Artifact, 'blob' | 'external'>, path: string): Promise<void> {
    await writeFile(path, await this.bytes(artifact))
  }

  has(digest: Digest): Promise<boolean> {
    return Promise.resolve(this.#blobs.has(digest))
  }

  touch(digest: Digest): Promise<boolean> {
    const found = this.#blobs.get(digest)
    if (found !== undefined) found.touchedAt = Date.now()
    return Promise.resolve(found !== undefined)
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for (const [digest, { bytes, touchedAt }] of this.#blobs)
      yield { digest, size: bytes.byteLength, touchedAt }
  }

  delete(digest: Digest, untouchedSince = Infinity): Promise<boolean> {
    const found = this.#blobs.get(digest)
    if (found === undefined || found.touchedAt > untouchedSince) return Promise.resolve(false)
    return Promise.resolve(this.#blobs.delete(digest))
  }

  close(): Promise<void> {
    this.#blobs.clear()
    return Promise.resolve()
  }
}

/** A store in memory. */
export function memoryStore(): ArtifactStore {
  return new MemoryStore()
}
