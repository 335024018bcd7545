import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { decodeJson } from '../artifact/json.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { listItems } from '../artifact/list.ts'
import { decodeMetrics } from '../artifact/metrics.ts'
import type { Value } from '../record/event.ts'

const cacheBytes = 12 * 1024 * 1024
/** In milliseconds: a service that goes on for weeks does not keep what no run has read for so long. */
const keptFor = 60_000
/** A larger value would push out all others: of these only the last few are kept. */
const largeBytes = cacheBytes
const mostLarge = 4

interface Parsed {
  readonly value: unknown
  /** Bytes of JSON text behind it. */
  readonly size: number
}

/** Loads plain data behind values; what was parsed lately is shared (frozen), for maps that pick item by item. */
export class JsonValues {
  readonly #blobs: BlobReader
  /** In the order of their last use. */
  readonly #parsed = new Map<string, Parsed & { readonly usedAt: number }>()
  readonly #large = new Map<string, Parsed>()
  #size = 0

  constructor(blobs: BlobReader) {
    this.#blobs = blobs
  }

  /** The plain data of a value; undefined where it is absent. */
  async load(value: Value): Promise<unknown> {
    if ('value' in value) return value.value
    if ('absent' in value) return undefined
    if ('list' in value) {
      const items: unknown[] = []
      for (const item of value.list) items.push(await this.load(item))
      return items
    }
    let data = (await this.#artifact(value.artifact)).value
    for (const key of value.pick ?? []) {
      data =
        typeof data === 'object' && data !== null && Object.hasOwn(data, key)
          ? (data as Record<string | number, unknown>)[key]
          : undefined
    }
    return data
  }

  async #artifact(artifact: Artifact): Promise<Parsed> {
    const id = artifact.kind === 'json' ? artifact.blob : `${artifact.kind} ${artifact.blob}`
    const known = this.#parsed.get(id) ?? this.#large.get(id)
    const read = known ?? (await this.#read(artifact))
    if (known === undefined) deepFreeze(read.value)
    this.#keep(id, read)
    return read
  }

  #keep(id: string, parsed: Parsed): void {
    if (parsed.size > largeBytes) {
      this.#large.delete(id)
      this.#large.set(id, parsed)
      if (this.#large.size > mostLarge) this.#large.delete(this.#large.keys().next().value!)
      return
    }
    this.#size += parsed.size - (this.#parsed.get(id)?.size ?? 0)
    this.#parsed.delete(id)
    const now = performance.now()
    this.#parsed.set(id, { value: parsed.value, size: parsed.size, usedAt: now })
    for (const [oldest, { size, usedAt }] of this.#parsed) {
      if (this.#size <= cacheBytes && usedAt > now - keptFor) return
      this.#parsed.delete(oldest)
      this.#size -= size
    }
  }

  async #read(artifact: Artifact): Promise<Parsed> {
    // What keeping it costs beside its text.
    const size = artifact.size + 400
    if (artifact.kind === 'json') return { value: await decodeJson(artifact, { blobs: this.#blobs }), size }
    if (artifact.kind === 'metrics')
      return { value: await decodeMetrics(artifact, { blobs: this.#blobs }), size }
    if (artifact.kind !== 'list') {
      throw new PipewrightError('KIND_MISMATCH', `a ${artifact.kind} was used where plain data is needed`, {
        fix: 'read it in a step that declares its kind',
      })
    }
    const items: unknown[] = []
    // A list keeps its items alive.
    let held = size
    for await (const item of listItems(artifact, { blobs: this.#blobs })) {
      const parsed = item === null ? undefined : await this.#artifact(item)
      items.push(parsed?.value)
      held += parsed?.size ?? 0
    }
    return { value: items, size: held }
  }
}
