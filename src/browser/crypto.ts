import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'

/** What of `node:crypto` the layers for browsers use: SHA-256, at once. Web Crypto's is asynchronous, plans are not. */
export function hash(_algorithm: 'sha256', data: string | Uint8Array, _encoding: 'hex'): string {
  return bytesToHex(sha256(bytesOf(data)))
}

/** The same, fed piece by piece. */
export function createHash(_algorithm: 'sha256'): {
  update: (data: string | Uint8Array) => void
  digest: (encoding: 'hex') => string
} {
  const state = sha256.create()
  return {
    update: (data) => void state.update(bytesOf(data)),
    digest: () => bytesToHex(state.digest()),
  }
}

function bytesOf(data: string | Uint8Array): Uint8Array {
  return typeof data === 'string' ? utf8ToBytes(data) : data
}
