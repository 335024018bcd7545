import type { Digest } from '../internal/digest.ts'

/** Bytes that several read at once: there once, as long as anybody has them. */
export class SharedBytes {
  readonly #read: (blob: Digest) => Promise<Uint8Array>
  readonly #held = new Map<Digest, WeakRef<ArrayBufferLike>>()
  readonly #reading = new Map<Digest, Promise<Uint8Array>>()
  readonly #gone = new FinalizationRegistry<Digest>((blob) => {
    if (this.#held.get(blob)?.deref() === undefined) this.#held.delete(blob)
  })

  /** Those that were asked for lately, though nobody in this thread may have them. */
  readonly #lately = new Map<Digest, { readonly buffer: ArrayBufferLike; readonly timer: NodeJS.Timeout }>()
  readonly #keptFor: number

  /** `keptFor`: milliseconds after the last time that it was asked for, where other threads have it too. */
  constructor(read: (blob: Digest) => Promise<Uint8Array>, keptFor = 0) {
    this.#read = read
    this.#keptFor = keptFor
  }

  /** All bytes of a blob, in a buffer of their own; nobody writes into it. */
  get(blob: Digest): Promise<Uint8Array> {
    // Columns are views of the buffer, and keep it; the array over it they let go.
    const held = this.#held.get(blob)?.deref()
    if (held !== undefined) {
      this.#keep(blob, held)
      return Promise.resolve(new Uint8Array(held))
    }
    const reading = this.#reading.get(blob) ?? this.#begin(blob)
    return reading
  }

  #keep(blob: Digest, buffer: ArrayBufferLike): void {
    if (this.#keptFor === 0) return
    clearTimeout(this.#lately.get(blob)?.timer)
    const timer = setTimeout(() => this.#lately.delete(blob), this.#keptFor).unref()
    this.#lately.set(blob, { buffer, timer })
  }

  #begin(blob: Digest): Promise<Uint8Array> {
    const reading = this.#read(blob)
      .then((bytes) => {
        const own = bytes.byteLength === bytes.buffer.byteLength ? bytes : Uint8Array.from(bytes)
        this.#held.set(blob, new WeakRef(own.buffer))
        this.#gone.register(own.buffer, blob)
        this.#keep(blob, own.buffer)
        return own
      })
      .finally(() => this.#reading.delete(blob))
    this.#reading.set(blob, reading)
    return reading
  }
}

/** The same bytes in memory that threads share; those of a thread are that already. */
export function inSharedMemory(bytes: Uint8Array): Uint8Array {
  if (bytes.buffer instanceof SharedArrayBuffer) return bytes
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.byteLength))
  shared.set(bytes)
  return shared
}
