import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listPage } from '../artifact/list.ts'

const mostPages = 32

/** Single items of stored lists; the pages that were read lately are kept, for maps that pick item by item. */
export class ListItems {
  readonly #blobs: BlobReader
  readonly #pages = new Map<string, ReturnType<typeof listPage>>()

  constructor(blobs: BlobReader) {
    this.#blobs = blobs
  }

  /** An item; undefined where there is none, or it was skipped. */
  async item(list: Artifact, index: number): Promise<Artifact | undefined> {
    const { start, items } = await this.#page(list, index)
    return items[index - start] ?? undefined
  }

  #page(list: Artifact, index: number): ReturnType<typeof listPage> {
    const key = `${list.blob} ${Math.floor(index / 1_000)}`
    const page = this.#pages.get(key) ?? listPage(list, index, { blobs: this.#blobs })
    this.#pages.delete(key)
    this.#pages.set(key, page)
    // What could not be read is asked for again.
    page.catch(() => this.#pages.delete(key))
    if (this.#pages.size > mostPages) this.#pages.delete(this.#pages.keys().next().value!)
    return page
  }
}
