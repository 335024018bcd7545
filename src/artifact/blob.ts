import type { Readable } from 'node:stream'
import type { Digest } from '../internal/digest.ts'
import type { Artifact } from './artifact.ts'

/** Stored bytes: their digest and their length. */
export interface Blob {
  readonly digest: Digest
  readonly size: number
}

/**
 * Takes bytes in; equal bytes are stored once.
 *
 * @port
 */
export interface BlobWriter {
  /** Stores bytes that are in memory. */
  put(bytes: Uint8Array): Promise<Blob>
  /** Stores a stream; memory use does not grow with its length. */
  putStream(stream: AsyncIterable<Uint8Array>): Promise<Blob>
  /** Stores a copy (a reflink where the file system can) of a file. */
  putFile(path: string): Promise<Blob>
}

/**
 * Gives bytes out; they are verified against their digest at the first read in a process.
 *
 * @port
 */
export interface BlobReader {
  /** All bytes of an artifact; throws `BLOB_MISSING` or `BLOB_CORRUPT`. */
  bytes(artifact: Pick<Artifact, 'blob' | 'external'>): Promise<Uint8Array>
  /** The same for whoever writes nothing into them: one buffer for all who ask while somebody has it. Default: `bytes`. */
  shared?(artifact: Pick<Artifact, 'blob' | 'external'>): Promise<Uint8Array>
  /** The bytes of an artifact as a stream. */
  stream(artifact: Pick<Artifact, 'blob' | 'external'>): Readable
  /** Writes a private copy (a reflink where the file system can) to a path. */
  copyTo(artifact: Pick<Artifact, 'blob' | 'external'>, path: string): Promise<void>
}

/** What {@link ArtifactStore.list} tells of a stored blob. */
export interface StoredBlob extends Blob {
  /** When it was stored, stored again or touched, in milliseconds since the epoch. */
  readonly touchedAt: number
}

/**
 * Cache entries that the workspaces of a store share, by key: the one kind of object that is replaced, whole, the last
 * one wins. What is in them is not the store's to know.
 *
 * @port
 */
export interface SharedEntries {
  /** The entries of those keys that have one, in one look-up; an error stands for one that could not be read. */
  get(keys: readonly Digest[]): Promise<ReadonlyMap<Digest, Uint8Array | Error>>
  /** Puts entries in the place of those that are there; rejects when one cannot be, after all were tried. */
  put(entries: ReadonlyMap<Digest, Uint8Array>): Promise<void>
  /** The keys of all entries, in no order. */
  keys(): AsyncIterable<Digest>
  /** Removes an entry; one that is not there is no error. */
  delete(key: Digest): Promise<void>
}

/** A store that is a folder. */
export interface StorePlace {
  readonly folder: string
  readonly shared: boolean
}

/**
 * The port behind which bytes are kept: content-addressed, immutable, deduplicated.
 *
 * @port
 */
export interface ArtifactStore extends BlobWriter, BlobReader {
  /** Where another process opens the same store; absent where none can. */
  readonly place?: StorePlace
  /** Where the store is shared: its cache entries. Other workspaces then use its blobs, unknown to this one. */
  readonly entries?: SharedEntries
  /** Tells whether a blob is there (not whether it is intact). */
  has(digest: Digest): Promise<boolean>
  /** The same, and makes its time now: garbage collection spares what was used lately. */
  touch(digest: Digest): Promise<boolean>
  /** Every blob, in no order. */
  list(): AsyncIterable<StoredBlob>
  /**
   * Removes a blob, unless it was stored, stored again or touched after a time in milliseconds since the epoch;
   * tells whether it did. One that is not there is no error.
   */
  delete(digest: Digest, untouchedSince?: number): Promise<boolean>
  /** Gives back what the store holds open. */
  close(): Promise<void>
}
