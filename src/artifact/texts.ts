import { isAscii } from 'node:buffer'
import { PipewrightError } from '../internal/error.ts'

const largestOffset = 2 ** 31 - 1
const batchSize = 512

/** The texts of one column in one piece of memory, as Arrow lays them out; a text is made when it is asked for. */
export class Texts {
  /** Where each text begins; the last one is where the last text ends. */
  readonly offsets: Int32Array
  /** UTF-8. */
  readonly bytes: Buffer
  #encoding: 'latin1' | 'utf8' | undefined

  constructor(offsets: Int32Array, bytes: Uint8Array) {
    this.offsets = offsets
    this.bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get length(): number {
    return this.offsets.length - 1
  }

  at(index: number): string {
    // Latin 1 is read several times as fast, and the same as UTF-8 where all is ASCII.
    this.#encoding ??= isAscii(this.bytes) ? 'latin1' : 'utf8'
    return this.bytes.toString(this.#encoding, this.offsets[index], this.offsets[index + 1])
  }
}

/** Collects texts without keeping them as strings. */
export class TextsBuilder {
  #offsets = new Int32Array(batchSize)
  #bytes = Buffer.alloc(0)
  #count = 0
  #size = 0
  /** Not yet encoded: one call for many short texts is cheaper than a call for each. */
  #pending: string[] = []

  push(text: string): void {
    if (this.#pending.push(text) === batchSize) this.#flush()
  }

  build(): Texts {
    this.#flush()
    return new Texts(this.#offsets.subarray(0, this.#count + 1), this.#bytes.subarray(0, this.#size))
  }

  #flush(): void {
    const pending = this.#pending
    if (pending.length === 0) return
    const joined = pending.join('')
    this.#reserve(pending.length, joined.length * 3)
    const written = this.#bytes.write(joined, this.#size, 'utf8')
    const isPlain = written === joined.length
    let end = this.#size
    for (const text of pending) {
      end += isPlain ? text.length : Buffer.byteLength(text, 'utf8')
      this.#offsets[++this.#count] = end
    }
    this.#size = end
    this.#pending = []
  }

  #reserve(texts: number, bytes: number): void {
    const last = this.#count + texts
    if (last >= this.#offsets.length) {
      const offsets = new Int32Array(Math.max(last + 1, this.#offsets.length * 2))
      offsets.set(this.#offsets)
      this.#offsets = offsets
    }
    const size = this.#size + bytes
    if (size <= this.#bytes.length) return
    if (size > largestOffset) {
      throw new PipewrightError('VALUE_NOT_STORABLE', 'the texts of one column are larger than 2 GiB', {
        fix: 'split the table, or store the texts as files',
      })
    }
    const grown = Buffer.alloc(Math.min(largestOffset, Math.max(size, this.#bytes.length * 2)))
    grown.set(this.#bytes)
    this.#bytes = grown
  }
}
