import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { BlobReader, SharedEntries } from '../artifact/blob.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { isLost } from './blobs.ts'
import { smallBlobsOf } from './entry-blobs.ts'
import { Patience } from './patience.ts'
import { decodeEntry, encodeEntry, type SharedEntry } from './shared-entry.ts'

/** Entries that are written together. */
const batch = 100

/** How long entries are gathered for before they are written, in milliseconds. */
const gathering = 50

/** Bytes of small values in one entry at most. */
const mostSmall = 64 * 1024 * 1024

/** How long a look-up is waited for, in milliseconds: after that its keys are misses. */
const longestLook = 10_000

/** How long a run waits for its entries to be written, in milliseconds: after that they are written behind it. */
const longestWrite = 30_000

/** Entries that are remembered not to be shareable: a bound on memory. */
const mostRefused = 100_000

const unreadable = 'shared cache entries cannot be read'

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
  /** By key: when the entry was made that cannot be shared. */
  readonly #refused = new Map<Digest, number>()
  readonly #looking = new Patience(longestLook)
  readonly #flushing = new Patience(longestWrite)
  #lookups = new Map<Digest, Lookup>()
  #timer: NodeJS.Timeout | undefined
  /** One round of writing after another: each takes what was offered until it begins. It never rejects. */
  #writing: Promise<void> = Promise.resolve()
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

  /**
   * Writes the entry that this workspace has for a key, some time soon; `at`, of an entry that was looked up, tells one
   * by which it is known that it cannot be.
   */
  offer(key: Digest, at?: number): void {
    if (this.#isReadOnly || this.#newer.has(key)) return
    if (at !== undefined && this.#refused.get(key) === at) return
    this.#offered.add(key)
    // Whoever ends without closing the workspace must not be kept from it.
    this.#timer ??= setTimeout(() => void this.#begin(), gathering).unref()
  }

  /** Waits until all that was offered is written, or was refused; for 30 s at most. */
  async flush(): Promise<void> {
    if ((await this.#flushing.wait(this.#begin())) === 'late')
      this.#warn(
        'slow put',
        `shared cache entries are not written within ${longestWrite / 1_000} s: that goes on behind the run`,
      )
  }

  #begin(): Promise<void> {
    clearTimeout(this.#timer)
    this.#timer = undefined
    if (this.#offered.size > 0) this.#writing = this.#writing.then(() => this.#write())
    return this.#writing
  }

  async #look(): Promise<void> {
    const lookups = this.#lookups
    this.#lookups = new Map()
    const found = await this.#read([...lookups.keys()])
    for (const [key, { resolve }] of lookups) {
      const bytes = found.get(key)
      if (bytes instanceof Error) this.#warn('get', unreadable, bytes)
      resolve(bytes === undefined || bytes instanceof Error ? undefined : this.#decode(key, bytes))
    }
  }

  async #read(keys: readonly Digest[]): Promise<Awaited<ReturnType<SharedEntries['get']>>> {
    // While one look-up hangs no other is begun: each would take a thread.
    if (this.#looking.isOver) return new Map()
    try {
      const found = await this.#looking.wait(this.#entries.get(keys))
      if (found !== 'late') return found
      this.#warn(
        'slow get',
        `shared cache entries cannot be read within ${longestLook / 1_000} s: steps run without them`,
      )
    } catch (error) {
      this.#warn('get', unreadable, error)
    }
    return new Map()
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
    const offered = [...this.#offered]
    this.#offered.clear()
    for (let start = 0; start < offered.length && !this.#isReadOnly; start += batch) {
      const keys = offered.slice(start, start + batch)
      try {
        const entries = new Map<Digest, Uint8Array>()
        for (const key of keys) {
          const entry = await this.#encode(key)
          if (entry !== undefined) entries.set(key, entry)
        }
        if (entries.size > 0) await this.#entries.put(entries)
      } catch (error) {
        this.#isReadOnly ||= PipewrightError.isInstance(error) && error.code === 'STORE_READ_ONLY'
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
      if (blobs !== undefined) return encodeEntry({ entry, blobs })
      if (this.#refused.size >= mostRefused) this.#refused.clear()
      this.#refused.set(key, entry.at)
      return undefined
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
