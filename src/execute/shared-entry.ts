import { sha256, type Digest } from '../internal/digest.ts'
import { eventFormat, type RunEvent } from '../record/event.ts'
import type { CacheEntry } from '../record/metadata.ts'
import { decodeEvent, encodeEvent } from '../record/sqlite/codec.ts'
import type { PendingBlob } from './blobs.ts'
import { artifactsOf } from './entry-blobs.ts'
import { isShareable } from './shareable.ts'

/** Raised when an entry is written differently; newer ones are misses. */
export const sharedEntryFormat = 1

/** A cache entry of a shared store, with the small values that no file holds. */
export interface SharedEntry {
  readonly entry: CacheEntry
  readonly blobs: readonly PendingBlob[]
}

interface Head {
  readonly key: Digest
  readonly run: string
  /** When it was made, in milliseconds since the epoch. */
  readonly at: number
  /** The format of the event. */
  readonly event: number
}

/**
 * An entry as bytes: four lines of JSON, `{ format, digest }`, the digest being that of all that follows; where it is
 * from; the event that made it; small values by digest, in base64.
 */
export function encodeEntry({ entry, blobs }: SharedEntry): Uint8Array {
  const { key, run, node, at, startedAt, outputs } = entry
  // A log is a file of the workspace that made the entry.
  const { log: _log, usage: _usage, ...facts } = entry.facts
  const head: Head = { key, run, at, event: eventFormat }
  const event: RunEvent = {
    type: 'node.succeeded',
    node,
    step: null,
    attempt: 0,
    startedAt,
    inputs: {},
    outputs,
    key,
    facts,
  }
  const small = Object.fromEntries(
    blobs.map(({ digest, bytes }) => [digest, Buffer.from(bytes).toString('base64')]),
  )
  const rest = `${JSON.stringify(head)}\n${encodeEvent(event)}\n${JSON.stringify(small)}\n`
  return Buffer.from(`${JSON.stringify({ format: sharedEntryFormat, digest: sha256(rest) })}\n${rest}`)
}

/** The entry of a key from its bytes; `corrupt` when they are not what was written for it. */
export function decodeEntry(key: Digest, bytes: Uint8Array): SharedEntry | 'corrupt' | 'newer' {
  try {
    const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
    const rest = text.indexOf('\n') + 1
    const { format, digest } = JSON.parse(text.slice(0, rest)) as { format: number; digest: Digest }
    if (format > sharedEntryFormat) return 'newer'
    if (format !== sharedEntryFormat || digest !== sha256(text.slice(rest))) return 'corrupt'
    const [first, second, third] = text.slice(rest).split('\n') as [string, string, string]
    const head = JSON.parse(first) as Head
    if (head.key !== key) return 'corrupt'
    if (head.event > eventFormat) return 'newer'
    const event = decodeEvent(head.event, second)
    if (event.type !== 'node.succeeded' || event.facts === undefined) return 'corrupt'
    if (!Number.isFinite(event.startedAt)) return 'corrupt'
    if (!artifactsOf({ outputs: event.outputs, facts: event.facts }).every(isShareable)) return 'corrupt'
    const blobs = Object.entries(JSON.parse(third) as Record<Digest, string>).map(([name, data]) => ({
      digest: name as Digest,
      bytes: Buffer.from(data, 'base64'),
    }))
    if (blobs.some((blob) => sha256(blob.bytes) !== blob.digest)) return 'corrupt'
    const { node, startedAt, outputs, facts } = event
    return { entry: { key, run: head.run, node, at: head.at, startedAt, outputs, facts }, blobs }
  } catch {
    return 'corrupt'
  }
}
