import type { Digest } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'

/** How a value on an edge is represented. */
export type KindName = 'json' | 'table' | 'metrics' | 'file' | 'directory' | 'model' | 'report' | 'list'

/**
 * The record of one immutable value: everything but its bytes.
 *
 * `digest` hashes the content (what caches and lineage compare: for a table its logical cells), `blob` the
 * stored bytes (what a read verifies). They are equal for kinds whose bytes are canonical.
 */
export interface Artifact {
  readonly kind: KindName
  /** The content digest. */
  readonly digest: Digest
  /** The digest of the stored bytes. */
  readonly blob: Digest
  /** Bytes stored under {@link Artifact.blob}, without what a manifest points at. */
  readonly size: number
  /** The media type of the stored bytes. */
  readonly mediaType: string
  /** What is worth knowing without reading the bytes: rows and columns of a table, the count of a list. */
  readonly meta?: JsonObject
  /** Other blobs that a manifest points at; garbage collection keeps them. */
  readonly parts?: readonly Digest[]
  /** A source that was too large to copy: its bytes stay where they are. */
  readonly external?: ExternalFile
}

/** Bytes of a value: those of a directory, or of a model that is files, are not in the manifest that `size` tells of. */
export function contentBytes({ kind, size, meta }: Artifact): number {
  // Of metrics the names are the user's.
  const bytes = kind === 'model' ? meta?.['contentSize'] : kind === 'directory' ? meta?.['bytes'] : undefined
  return typeof bytes === 'number' ? bytes : size
}

/** A referenced file and what it looked like when it was fingerprinted. */
export interface ExternalFile {
  readonly path: string
  readonly size: number
  /** Modification time in nanoseconds since the epoch, as text (it exceeds safe integers). */
  readonly mtimeNs: string
}
