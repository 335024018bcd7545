import { createHash } from 'node:crypto'

/**
 * A generator of numbers in [0, 1) from a text seed: xoshiro128** (Blackman and Vigna, 2018) over the first
 * 128 bits of the seed's SHA-256.
 */
export function seededRandom(seed: string): () => number {
  const bytes = createHash('sha256').update(seed).digest()
  const s = new Uint32Array([
    bytes.readUInt32LE(0),
    bytes.readUInt32LE(4),
    bytes.readUInt32LE(8),
    bytes.readUInt32LE(12) | 1,
  ])
  const rotate = (x: number, k: number): number => ((x << k) | (x >>> (32 - k))) >>> 0
  return () => {
    const result = Math.imul(rotate(Math.imul(s[1]!, 5), 7), 9) >>> 0
    const t = s[1]! << 9
    s[2]! ^= s[0]!
    s[3]! ^= s[1]!
    s[1]! ^= s[2]!
    s[0]! ^= s[3]!
    s[2]! ^= t
    s[3] = rotate(s[3]!, 11)
    return result / 0x1_0000_0000
  }
}
