import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Value } from '../record/event.ts'

const width = 40

/**
 * The values of one output over the items of a map, packed: 40 bytes for an artifact that is nothing but its
 * digest and its size, so that a wide map costs little until it is gathered. Others are kept as they are.
 */
export class PackedValues {
  readonly length: number
  readonly #bytes: Buffer
  readonly #present: Uint8Array
  readonly #others = new Map<number, Value>()
  #shape: Pick<Artifact, 'kind' | 'mediaType'> | undefined

  constructor(length: number) {
    this.length = length
    this.#bytes = Buffer.alloc(length * width)
    this.#present = new Uint8Array(length)
  }

  set(index: number, value: Value): void {
    if (!this.#pack(index, value)) this.#others.set(index, value)
  }

  get(index: number): Value {
    if (this.#present[index] === 0) return this.#others.get(index) ?? { absent: true }
    const at = index * width
    const digest: Digest = `sha256:${this.#bytes.toString('hex', at, at + 32)}`
    return { artifact: { ...this.#shape!, digest, blob: digest, size: this.#bytes.readDoubleLE(at + 32) } }
  }

  #pack(index: number, value: Value): boolean {
    if (!('artifact' in value) || value.pick !== undefined) return false
    const { kind, mediaType, digest, blob, size, meta, parts, external } = value.artifact
    if (digest !== blob || meta !== undefined || parts !== undefined || external !== undefined) return false
    this.#shape ??= { kind, mediaType }
    if (this.#shape.kind !== kind || this.#shape.mediaType !== mediaType) return false
    this.#bytes.write(digest.slice(7), index * width, 'hex')
    this.#bytes.writeDoubleLE(size, index * width + 32)
    this.#present[index] = 1
    return true
  }
}
