import type { Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { AnyStep } from '../define/step.ts'
import type { CacheEntry, MetadataStore, UsableEntry } from '../record/metadata.ts'
import { unlessAborted } from './abortable.ts'
import { isLost, type TieredReader } from './blobs.ts'
import type { JsonValues } from './json-values.ts'
import { isAccepted } from './lasting.ts'

/** Items of a list whose blobs are touched together: a bound on memory. */
const touchedAtOnce = 10_000

/** Ends a claim; `uncached` when the execution went well and left no entry: others that wait need not go one by one. */
export type Settle = (uncached: boolean) => void

/** What {@link CacheLookup.claim} found: an entry, or the right and duty to execute; `aborted` before either. */
export type Claimed =
  | { readonly entry: CacheEntry; readonly settled?: never }
  /** `lost`: there was an entry whose blobs are gone or corrupt. */
  | { readonly entry?: never; readonly settled: Settle; readonly lost?: boolean }
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
    let lost = false
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
        const looked = this.#stateOf(entry, step)
        // A schema of the user's may never be done.
        const state = await (entry.facts.lasting === undefined ? looked : unlessAborted(looked, signal))
        if (state === 'aborted') return state
        if (state === 'usable') return { entry }
        if (state === 'broken') {
          lost = true
          await metadata.forget(key)
        }
      }
      if (twins.has(key)) continue
      let done!: (uncached: boolean) => void
      const running = new Promise<boolean>((resolve) => (done = resolve))
      twins.set(key, running)
      return {
        lost,
        settled: (uncached) => {
          if (twins.get(key) === running) twins.delete(key)
          done(uncached)
        },
      }
    }
  }

  /** The entry of a key that a run would use; nobody is kept waiting for what is not there. */
  async find({ key, step, notBefore }: Wanted): Promise<CacheEntry | undefined> {
    const entry = await this.#metadata.cached(key)
    if (entry === undefined || entry.at < notBefore) return undefined
    return (await this.#stateOf(entry, step)) === 'usable' ? entry : undefined
  }

  /** An entry whose blobs were collected, or are not what was written, is a miss and no error. */
  async #stateOf(entry: UsableEntry, step: AnyStep): Promise<'usable' | 'broken' | 'unfit'> {
    try {
      if (!(await this.#isWhole(entry))) return 'broken'
      return (await this.#fits(step, entry)) ? 'usable' : 'unfit'
    } catch (error) {
      if (isLost(error)) return 'broken'
      throw error
    }
  }

  /** Whether all blobs are there, of its outputs and reports; they are spared by the next collection. */
  async #isWhole({ outputs, facts, small }: UsableEntry): Promise<boolean> {
    const artifacts = [...facts.reports]
    for (const name in outputs) {
      const value = outputs[name]!
      if ('artifact' in value) artifacts.push(value.artifact)
    }
    for (const artifact of artifacts) if (!(await this.#inStore(blobsOf(artifact), small))) return false
    for (const artifact of artifacts)
      if (artifact.kind === 'list' && !(await this.#hasItems(artifact))) return false
    return true
  }

  /** The same of what a list holds, many at once: asking for each would cost more than reading it. */
  async #hasItems(list: Artifact): Promise<boolean> {
    const blobs = new Set<Digest>()
    for await (const item of listItems(list, { blobs: this.#reader })) {
      if (item === null) continue
      for (const blob of blobsOf(item)) blobs.add(blob)
      if (item.kind === 'list' && !(await this.#hasItems(item))) return false
      if (blobs.size < touchedAtOnce) continue
      if (!(await this.#areThere(blobs))) return false
      blobs.clear()
    }
    return this.#areThere(blobs)
  }

  async #areThere(blobs: ReadonlySet<Digest>): Promise<boolean> {
    return blobs.size === 0 || this.#inStore([...blobs], await this.#metadata.touchBlobs([...blobs]))
  }

  /** Whether the blobs that are not in the metadata store are files. */
  async #inStore(blobs: readonly Digest[], small: ReadonlySet<Digest>): Promise<boolean> {
    for (const blob of blobs) if (!small.has(blob) && !(await this.#store.touch(blob))) return false
    return true
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

/** The blobs of an artifact; a referenced file has none. */
function blobsOf({ blob, parts, external }: Artifact): readonly Digest[] {
  return external === undefined ? [blob, ...(parts ?? [])] : []
}
