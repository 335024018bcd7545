import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { BlobReader, SharedEntries } from '../artifact/blob.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { isLost } from './blobs.ts'
import { smallBlobsOf } from './entry-blobs.ts'
import { decodeEntry, encodeEntry, type SharedEntry } from './shared-entry.ts'

/** Entries that are written together. */
const batch = 100

/** How long entries are gathered for before they are written, in milliseconds. */
const gathering = 50

/** Bytes of small values in one entry at most. */
const mostSmall = 64 * 1024 * 1024

interface Lookup {
  readonly found: Promise<SharedEntry | undefined>
  readonly resolve: (entry: SharedEntry | undefined) => void
}

/**
 * The cache entries that the workspaces of a store share: keys of one turn are looked up together; entries are written
 * behind the steps that made them. What goes wrong with it is told once, and is never an error.
 */
export class SharedCache {
  readonly #entries: SharedEntries
  readonly #metadata: MetadataStore
  readonly #reader: BlobReader
  readonly #told = new Set<string>()
  /** Keys whose entries a newer version has written: they are not ours to replace. */
  readonly #newer = new Set<Digest>()
  readonly #offered = new Set<Digest>()
  #lookups = new Map<Digest, Lookup>()
  #timer: NodeJS.Timeout | undefined
  #writing: Promise<void> | undefined
  #isReadOnly = false

  constructor(entries: SharedEntries, metadata: MetadataStore, reader: BlobReader) {
    this.#entries = entries
    this.#metadata = metadata
    this.#reader = reader
  }

  /** Looks a key up, together with all that are asked for in this turn. */
  find(key: Digest): Promise<SharedEntry | undefined> {
    const known = this.#lookups.get(key)
    if (known !== undefined) return known.found
    if (this.#lookups.size === 0) setImmediate(() => void this.#look())
    let resolve!: Lookup['resolve']
    const found = new Promise<SharedEntry | undefined>((done) => (resolve = done))
    this.#lookups.set(key, { found, resolve })
    return found
  }

  /** Writes the entry that this workspace has for a key, some time soon. */
  offer(key: Digest): void {
    if (this.#isReadOnly || this.#newer.has(key)) return
    this.#offered.add(key)
    // Whoever ends without closing the workspace must not be kept from it.
    this.#timer ??= setTimeout(() => void this.flush(), gathering).unref()
  }

  /** Waits until all that was offered is written, or was refused. */
  flush(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#offered.size === 0) return this.#writing ?? Promise.resolve()
    return (this.#writing ??= this.#write())
  }

  async #look(): Promise<void> {
    const lookups = this.#lookups
    this.#lookups = new Map()
    let found: ReadonlyMap<Digest, Uint8Array> = new Map()
    try {
      found = await this.#entries.get([...lookups.keys()])
    } catch (error) {
      this.#warn('get', 'shared cache entries cannot be read', error)
    }
    for (const [key, { resolve }] of lookups) {
      const bytes = found.get(key)
      resolve(bytes === undefined ? undefined : this.#decode(key, bytes))
    }
  }

  #decode(key: Digest, bytes: Uint8Array): SharedEntry | undefined {
    const entry = decodeEntry(key, bytes)
    if (typeof entry === 'object') return entry
    if (entry === 'newer') {
      this.#newer.add(key)
      this.#warn('newer', 'shared cache entries of a newer pipewright are not used: upgrade this one')
    } else this.#warn('corrupt', `the shared cache entry of ${key} is not what was written: it is made again`)
    return undefined
  }

  async #write(): Promise<void> {
    while (this.#offered.size > 0) {
      const keys = [...this.#offered].slice(0, batch)
      for (const key of keys) this.#offered.delete(key)
      try {
        const entries = new Map<Digest, Uint8Array>()
        for (const key of keys) {
          const entry = await this.#encode(key)
          if (entry !== undefined) entries.set(key, entry)
        }
        await this.#entries.put(entries)
      } catch (error) {
        this.#isReadOnly ||= PipewrightError.isInstance(error) && error.code === 'STORE_READ_ONLY'
        if (this.#isReadOnly) this.#offered.clear()
        this.#warn(
          'put',
          'shared cache entries cannot be written: other workspaces will not find them',
          error,
        )
      }
    }
  }

  async #encode(key: Digest): Promise<Uint8Array | undefined> {
    const entry = await this.#metadata.cached(key)
    if (entry === undefined) return undefined
    try {
      const blobs = await smallBlobsOf(entry, this.#metadata, this.#reader, mostSmall)
      return blobs === undefined ? undefined : encodeEntry({ entry, blobs })
    } catch (error) {
      if (isLost(error)) return undefined
      throw error
    }
  }

  #warn(kind: string, message: string, error?: unknown): void {
    if (this.#told.has(kind)) return
    this.#told.add(kind)
    process.emitWarning(error === undefined ? message : `${message}: ${(error as Error).message}`, {
      code: 'PIPEWRIGHT_SHARED_CACHE',
    })
  }
}
