import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { decodeJson } from '../artifact/json.ts'
import { deepFreeze } from '../internal/freeze.ts'
import { listItems } from '../artifact/list.ts'
import { decodeMetrics } from '../artifact/metrics.ts'
import type { Value } from '../record/event.ts'

const cacheBytes = 64 * 1024 * 1024

/** Loads plain data behind values; what was parsed lately is shared (frozen), for maps that pick item by item. */
export class JsonValues {
  readonly #blobs: BlobReader
  readonly #parsed = new Map<string, { readonly value: unknown; readonly size: number }>()
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
    let data = await this.#artifact(value.artifact)
    for (const key of value.pick ?? []) {
      data =
        typeof data === 'object' && data !== null
          ? (data as Record<string | number, unknown>)[key]
          : undefined
    }
    return data
  }

  async #artifact(artifact: Artifact): Promise<unknown> {
    const id = `${artifact.kind} ${artifact.blob}`
    const known = this.#parsed.get(id)
    if (known !== undefined) return known.value
    const value = deepFreeze(await this.#read(artifact))
    this.#parsed.set(id, { value, size: artifact.size })
    this.#size += artifact.size + 100
    while (this.#size > cacheBytes && this.#parsed.size > 1) {
      const [oldest, old] = this.#parsed.entries().next().value!
      this.#parsed.delete(oldest)
      this.#size -= old.size + 100
    }
    return value
  }

  async #read(artifact: Artifact): Promise<unknown> {
    if (artifact.kind === 'json') return decodeJson(artifact, { blobs: this.#blobs })
    if (artifact.kind === 'metrics') return decodeMetrics(artifact, { blobs: this.#blobs })
    if (artifact.kind !== 'list') {
      throw new PipewrightError('KIND_MISMATCH', `a ${artifact.kind} was used where plain data is needed`, {
        fix: 'read it in a step that declares its kind',
      })
    }
    const items: unknown[] = []
    for await (const item of listItems(artifact, { blobs: this.#blobs }))
      items.push(item === null ? undefined : await this.#artifact(item))
    return items
  }
}
