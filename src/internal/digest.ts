import { createHash, hash } from 'node:crypto'

/** A content hash: `sha256:` and 64 hexadecimal digits. */
export type Digest = `sha256:${string}`

/** Whether a value is a digest as it is written here: what comes from elsewhere may name a path instead. */
export function isDigest(value: unknown): value is Digest {
  return typeof value === 'string' && /^sha256:[0-9a-f]{64}$/.test(value)
}

/** The SHA-256 of a text (as UTF-8) or of bytes. */
export function sha256(data: string | Uint8Array): Digest {
  return `sha256:${hash('sha256', data, 'hex')}`
}

/** A SHA-256 that is fed piece by piece. */
export class DigestStream {
  readonly #hash = createHash('sha256')

  update(data: string | Uint8Array): this {
    this.#hash.update(data)
    return this
  }

  /** The digest of all that was fed; the object cannot be used afterwards. */
  digest(): Digest {
    return `sha256:${this.#hash.digest('hex')}`
  }
}
