import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { AnyStep } from '../define/step.ts'
import type { CacheEntry, MetadataStore, UsableEntry } from '../record/metadata.ts'
import { unlessAborted } from './abortable.ts'
import type { TieredReader } from './blobs.ts'
import type { JsonValues } from './json-values.ts'
import { isAccepted } from './lasting.ts'

/** Ends a claim; `uncached` when the execution went well and left no entry: others that wait need not go one by one. */
export type Settle = (uncached: boolean) => void

/** What {@link CacheLookup.claim} found: an entry, or the right and duty to execute; `aborted` before either. */
export type Claimed =
  | { readonly entry: CacheEntry; readonly settled?: never }
  | { readonly entry?: never; readonly settled: Settle }
  | 'aborted'

/** What is looked up; entries made before `notBefore`, in milliseconds since the epoch, are not used. */
export interface Wanted {
  readonly key: Digest
  readonly step: AnyStep
  readonly notBefore: number
}

/** Looks cache keys up, and lets equal executions of this process wait for one another. */
export class CacheLookup {
  readonly #metadata: MetadataStore
  readonly #store: ArtifactStore
  readonly #reader: TieredReader
  readonly #json: JsonValues
  readonly #twins = new Map<Digest, Promise<boolean>>()

  constructor(metadata: MetadataStore, store: ArtifactStore, reader: TieredReader, json: JsonValues) {
    this.#metadata = metadata
    this.#store = store
    this.#reader = reader
    this.#json = json
  }

  /** Looks a key up; when there is no entry this execution becomes the one that its twins wait for. */
  async claim({ key, step, notBefore }: Wanted, signal: AbortSignal): Promise<Claimed> {
    const twins = this.#twins
    const metadata = this.#metadata
    for (;;) {
      const twin = twins.get(key)
      if (twin !== undefined) {
        const ended = await unlessAborted(twin, signal)
        if (ended === 'aborted') return ended
        if (ended) return { settled: () => undefined }
        continue
      }
      const entry = await metadata.cached(key)
      if (entry !== undefined && entry.at >= notBefore) {
        const state = await unlessAborted(this.#stateOf(entry, step), signal)
        if (state === 'aborted') return state
        if (state === 'usable') return { entry }
        if (state === 'broken') await metadata.forget(key)
      }
      if (twins.has(key)) continue
      let done!: (uncached: boolean) => void
      const running = new Promise<boolean>((resolve) => (done = resolve))
      twins.set(key, running)
      return {
        settled: (uncached) => {
          if (twins.get(key) === running) twins.delete(key)
          done(uncached)
        },
      }
    }
  }

  /** An entry whose blobs were collected, or are not what was written, is a miss and no error. */
  async #stateOf(entry: UsableEntry, step: AnyStep): Promise<'usable' | 'broken' | 'unfit'> {
    try {
      if (!(await this.#isWhole(entry))) return 'broken'
      return (await this.#fits(step, entry)) ? 'usable' : 'unfit'
    } catch (error) {
      const isBroken =
        PipewrightError.isInstance(error) && ['BLOB_CORRUPT', 'BLOB_MISSING'].includes(error.code)
      if (isBroken) return 'broken'
      throw error
    }
  }

  /** Whether all blobs are there; they are spared by the next collection. */
  async #isWhole({ outputs, small }: UsableEntry): Promise<boolean> {
    for (const name in outputs) {
      const value = outputs[name]!
      if ('artifact' in value && !(await this.#isThere(value.artifact, small))) return false
    }
    return true
  }

  /** Small blobs are in the metadata store, unless they were written as a file or a stream. */
  async #isThere(artifact: Artifact, small: ReadonlySet<Digest> | undefined): Promise<boolean> {
    const { blob, parts, external, kind } = artifact
    if (external !== undefined) return true
    if (small?.has(blob) !== true && !(await this.#touch(blob))) return false
    for (const part of parts ?? []) if (small?.has(part) !== true && !(await this.#touch(part))) return false
    if (kind !== 'list') return true
    for await (const item of listItems(artifact, { blobs: this.#reader }))
      if (item !== null && !(await this.#isThere(item, undefined))) return false
    return true
  }

  async #touch(blob: Digest): Promise<boolean> {
    return (await this.#store.touch(blob)) || this.#metadata.touchBlob(blob)
  }

  /**
   * Outputs that today's schemas would refuse are no hit: a `version` stands for the schema's functions too. Only
   * schemas count that took their own output when the entry was made.
   */
  async #fits(step: AnyStep, { outputs, facts }: CacheEntry): Promise<boolean> {
    for (const name of facts.lasting ?? [])
      if (!(await isAccepted(step, name, own(outputs, name), this.#json))) return false
    return true
  }
}
