import { randomFillSync } from 'node:crypto'

const pool = new Uint8Array(16)
let lastTime = 0
let sequence = 0

/**
 * A UUIDv7 (RFC 9562): sorts by time of creation, also among ids of one millisecond in one process (the
 * 12 bits after the version are a counter).
 */
export function uuidv7(now: number = Date.now()): string {
  randomFillSync(pool)
  if (now > lastTime) {
    lastTime = now
    sequence = ((pool[6]! & 0x07) << 8) | pool[7]!
  } else if (++sequence > 0xfff) {
    lastTime++
    sequence = 0
  }
  const time = lastTime.toString(16).padStart(12, '0')
  const counter = sequence.toString(16).padStart(3, '0')
  const rest = Buffer.from(pool.buffer, 8, 8)
  rest[0] = (rest[0]! & 0x3f) | 0x80
  const hex = rest.toString('hex')
  return `${time.slice(0, 8)}-${time.slice(8)}-7${counter}-${hex.slice(0, 4)}-${hex.slice(4)}`
}
