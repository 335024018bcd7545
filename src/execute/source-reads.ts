import type { Readable } from 'node:stream'
import type { Artifact, ExternalFile } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { checkUnchanged } from '../store/external.ts'

type BlobSource = Pick<Artifact, 'blob' | 'external'>

/** Reads blobs, and remembers which referenced files were among them. */
export class SourceReads implements BlobReader {
  readonly #blobs: BlobReader
  readonly #sources = new Map<string, ExternalFile>()

  constructor(blobs: BlobReader) {
    this.#blobs = blobs
  }

  bytes(artifact: BlobSource): Promise<Uint8Array> {
    return this.#noted(artifact).bytes(artifact)
  }

  async shared(artifact: BlobSource): Promise<Uint8Array> {
    const blobs = this.#noted(artifact)
    return blobs.shared?.(artifact) ?? blobs.bytes(artifact)
  }

  stream(artifact: BlobSource): Readable {
    return this.#noted(artifact).stream(artifact)
  }

  copyTo(artifact: BlobSource, path: string): Promise<void> {
    return this.#noted(artifact).copyTo(artifact, path)
  }

  /** Throws `SOURCE_CHANGED` when a file that was read is no longer what it was: a part may be of either. */
  async check(): Promise<void> {
    for (const source of this.#sources.values()) await checkUnchanged(source)
  }

  #noted({ external }: BlobSource): BlobReader {
    if (external !== undefined) this.#sources.set(external.path, external)
    return this.#blobs
  }
}
