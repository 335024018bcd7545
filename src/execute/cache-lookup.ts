import type { Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { AnyStep } from '../define/step.ts'
import type { CacheEntry, Lease, MetadataStore, UsableEntry } from '../record/metadata.ts'
import { unlessAborted } from './abortable.ts'
import { isLost, type PendingBlob, type TieredReader } from './blobs.ts'
import { claimed } from './claim-wait.ts'
import { artifactsOf, blobsOf } from './entry-blobs.ts'
import type { JsonValues } from './json-values.ts'
import { isFatal } from './run-errors.ts'
import { isAccepted } from './lasting.ts'
import { shareable } from './shareable.ts'
import type { SharedCache } from './shared-cache.ts'

/** Items of a list whose blobs are touched together: a bound on memory. */
const touchedAtOnce = 10_000

/** Ends a claim; `uncached` when the execution went well and left no entry: others that wait need not go one by one. */
export type Settle = (uncached: boolean) => void

/** An entry to be used. */
export interface Hit {
  readonly entry: CacheEntry
  /** Small values that only a shared store has: to be stored with the record of the hit. */
  readonly blobs: readonly PendingBlob[]
  readonly settled?: never
}

/** What {@link CacheLookup.claim} found: an entry, or the right and duty to execute; `aborted` before either. */
export type Claimed =
  | Hit
  /** `lost`: there was an entry whose blobs are gone or corrupt. */
  | { readonly entry?: never; readonly settled: Settle; readonly lost?: boolean }
  | 'aborted'

/** What is looked up; entries made before `notBefore`, in milliseconds since the epoch, are not used. */
export interface Wanted {
  readonly key: Digest
  readonly step: AnyStep
  readonly notBefore: number
  /** What the run writes under; absent for one that makes no entries: it joins no other. */
  readonly lease: Lease | undefined
}

/** An entry to be used, or whether there was one whose blobs are gone or corrupt. */
type Found = Hit | { readonly entry?: never; readonly lost: boolean }

interface Candidate {
  readonly entry: UsableEntry
  readonly blobs: readonly PendingBlob[]
  /** Others have written it: nothing in it is to be taken on trust. */
  readonly isShared: boolean
  /** The other workspaces have another one, or none. */
  readonly isUnknown: boolean
}

/** Looks cache keys up, and lets equal executions wait for one another, in this process and in others. */
export class CacheLookup {
  readonly #metadata: MetadataStore
  readonly #store: ArtifactStore
  readonly #reader: TieredReader
  readonly #json: JsonValues
  readonly #shared: SharedCache | undefined
  readonly #twins = new Map<Digest, Promise<boolean>>()

  constructor(
    metadata: MetadataStore,
    store: ArtifactStore,
    reader: TieredReader,
    json: JsonValues,
    shared?: SharedCache,
  ) {
    this.#metadata = metadata
    this.#store = store
    this.#reader = reader
    this.#json = json
    this.#shared = shared
  }

  /**
   * Looks a key up; when there is no entry this execution becomes the one that its twins wait for. `onWait` is called
   * before it waits for another one.
   */
  async claim(wanted: Wanted, signal: AbortSignal, onWait: () => void = () => undefined): Promise<Claimed> {
    const { key, lease } = wanted
    const twins = this.#twins
    const { claims } = this.#metadata
    let lost = false
    for (;;) {
      const twin = lease === undefined ? undefined : twins.get(key)
      if (twin !== undefined) {
        onWait()
        const ended = await unlessAborted(twin, signal)
        if (ended === 'aborted') return ended
        if (ended) return { settled: () => undefined }
        continue
      }
      const found = await this.#find(wanted, signal)
      if (found === 'aborted' || found.entry !== undefined) return found
      lost ||= found.lost
      if (lease === undefined) return { lost, settled: () => undefined }
      if (twins.has(key)) continue
      const settled = this.#lead(key)
      if (claims === undefined) return { lost, settled }
      const free: Settle = (uncached) => {
        claims.release(key, lease)
        settled(uncached)
      }
      try {
        const isOurs = (await claimed(claims, key, lease, signal, onWait)) === 'claimed'
        // Whoever had it until now may have left an entry.
        const again = isOurs ? await this.#find(wanted, signal) : 'aborted'
        if (again !== 'aborted' && again.entry === undefined)
          return { lost: lost || again.lost, settled: free }
        free(false)
        return again
      } catch (error) {
        free(false)
        throw error
      }
    }
  }

  /** The entry of a key that a run would use; nobody is kept waiting for what is not there. */
  async find(
    { key, step, notBefore }: Omit<Wanted, 'lease'>,
    signal: AbortSignal,
  ): Promise<CacheEntry | undefined> {
    const candidates = await this.#candidatesOf(key, signal)
    if (candidates === 'aborted') return undefined
    for (const candidate of candidates) {
      if (candidate.entry.at < notBefore) return undefined
      const state = await this.#stateOf(candidate, step)
      if (state === 'usable') return candidate.entry
      if (state === 'unfit') return undefined
    }
    return undefined
  }

  /** Makes the others of this process wait, until it is called. */
  #lead(key: Digest): Settle {
    const twins = this.#twins
    let done!: (uncached: boolean) => void
    const running = new Promise<boolean>((resolve) => (done = resolve))
    twins.set(key, running)
    return (uncached) => {
      if (twins.get(key) === running) twins.delete(key)
      done(uncached)
    }
  }

  async #find({ key, step, notBefore, lease }: Wanted, signal: AbortSignal): Promise<Found | 'aborted'> {
    const candidates = await this.#candidatesOf(key, signal)
    if (candidates === 'aborted') return candidates
    let lost = false
    for (const candidate of candidates) {
      const { entry, blobs, isShared, isUnknown } = candidate
      if (entry.at < notBefore) break
      const looked = this.#stateOf(candidate, step)
      // A schema of the user's may never be done.
      const state = await (entry.facts.lasting === undefined ? looked : unlessAborted(looked, signal))
      if (state === 'aborted') return state
      if (state === 'usable') {
        if (isUnknown && lease !== undefined) this.#shared?.offer(key, entry.at)
        return { entry, blobs }
      }
      if (state === 'unfit') break
      lost = true
      // A run that makes no entries removes none.
      if (!isShared && lease !== undefined) await this.#metadata.forget(key)
    }
    return { lost }
  }

  /**
   * The entry that is shared, where it is later: it has replaced the one of this workspace. That one comes next: what
   * is wrong with the first takes nothing from it.
   */
  async #candidatesOf(key: Digest, signal: AbortSignal): Promise<readonly Candidate[] | 'aborted'> {
    const own = await this.#metadata.cached(key).catch((error: unknown) => {
      // What cannot be looked up is executed: a store that fails now and then fails no step by it.
      if (isFatal(error)) throw error
      return undefined
    })
    // A network may be slow to say that it is down.
    const shared = await (this.#shared && unlessAborted(this.#shared.find(key), signal))
    if (shared === 'aborted') return shared
    const isUnknown = own?.at !== shared?.entry.at
    const ours = own === undefined ? [] : [{ entry: own, blobs: [], isShared: false, isUnknown }]
    if (shared === undefined || (own !== undefined && own.at >= shared.entry.at)) return ours
    const { entry, blobs } = shared
    for (const { digest, bytes } of blobs) this.#reader.remember(digest, bytes)
    const small = new Set(blobs.map(({ digest }) => digest))
    return [{ entry: { ...entry, small }, blobs, isShared: true, isUnknown: false }, ...ours]
  }

  /** An entry whose blobs were collected, or are not what was written, is a miss and no error. */
  async #stateOf({ entry, isShared }: Candidate, step: AnyStep): Promise<'usable' | 'broken' | 'unfit'> {
    try {
      if (!(await this.#isWhole(entry, isShared))) return 'broken'
      return (await this.#fits(step, entry)) ? 'usable' : 'unfit'
    } catch (error) {
      if (isLost(error)) return 'broken'
      throw error
    }
  }

  /** Whether all blobs are there, of its outputs and reports; they are spared by the next collection. */
  async #isWhole(entry: UsableEntry, isShared: boolean): Promise<boolean> {
    const { small } = entry
    const artifacts = artifactsOf(entry)
    for (const artifact of artifacts) if (!(await this.#inStore(blobsOf(artifact), small))) return false
    for (const artifact of artifacts)
      if (artifact.kind === 'list' && !(await this.#hasItems(artifact, small, isShared))) return false
    return true
  }

  /** The same of what a list holds, many at once: asking for each would cost more than reading it. */
  async #hasItems(list: Artifact, small: ReadonlySet<Digest>, isShared: boolean): Promise<boolean> {
    const blobs = new Set<Digest>()
    const items = listItems(list, { blobs: this.#reader })
    for await (const item of isShared ? shareable(items) : items) {
      if (item === null) continue
      for (const blob of blobsOf(item)) if (!small.has(blob)) blobs.add(blob)
      if (item.kind === 'list' && !(await this.#hasItems(item, small, isShared))) return false
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
