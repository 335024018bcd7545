import type { Digest } from '../internal/digest.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { CacheEntry, MetadataStore } from '../record/metadata.ts'
import { inlineLimit } from './blobs.ts'

/** Looks cache keys up, and lets equal executions of this process wait for one another. */
export class CacheLookup {
  readonly #metadata: MetadataStore
  readonly #store: ArtifactStore
  readonly #twins = new Map<Digest, Promise<void>>()

  constructor(metadata: MetadataStore, store: ArtifactStore) {
    this.#metadata = metadata
    this.#store = store
  }

  /** Looks a key up; when there is no entry this execution becomes the one that its twins wait for. */
  async claim(
    key: Digest,
  ): Promise<
    | { readonly entry: CacheEntry; readonly settled?: never }
    | { readonly entry?: never; readonly settled: () => void }
  > {
    const twins = this.#twins
    const metadata = this.#metadata
    for (;;) {
      const twin = twins.get(key)
      if (twin !== undefined) {
        await twin
        continue
      }
      const entry = await metadata.cached(key)
      if (entry !== undefined) {
        if (await this.#isWhole(entry)) return { entry }
        await metadata.forget(key)
      }
      if (twins.has(key)) continue
      let done!: () => void
      const running = new Promise<void>((resolve) => (done = resolve))
      twins.set(key, running)
      return {
        settled: () => {
          if (twins.get(key) === running) twins.delete(key)
          done()
        },
      }
    }
  }

  /** An entry whose blobs were collected is no hit. */
  async #isWhole(entry: CacheEntry): Promise<boolean> {
    for (const value of Object.values(entry.outputs)) {
      if (!('artifact' in value) || value.artifact.external !== undefined) continue
      const { blob, size, parts } = value.artifact
      if (size > inlineLimit && !(await this.#store.has(blob))) return false
      for (const part of parts ?? []) {
        if (!(await this.#store.has(part)) && (await this.#metadata.blob(part)) === undefined) return false
      }
    }
    return true
  }
}
