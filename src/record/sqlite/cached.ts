import type { Digest } from '../../internal/digest.ts'
import type { UsableEntry } from '../metadata.ts'
import { isReadable } from './codec.ts'
import { toCacheEntry } from './events.ts'
import { artifactsIn } from './project-edges.ts'
import { pageSize, type Reader } from './reader.ts'
import type { GroupWriter } from './writer.ts'

/** A small blob is not touched again so soon: a run that hits would write for each of its nodes. */
const touchedLately = 30 * 60 * 1_000

/** A small blob by its time: whether it needs to be touched; undefined where it is not there. */
function lookAt(
  { statements }: Reader,
  digest: Digest,
  now: number,
): { readonly isOld: boolean } | undefined {
  const row = statements.blobTime.get({ digest })
  return row === undefined ? undefined : { isOld: (row['at'] as number) <= now - touchedLately }
}

/** The entry of a key with those small blobs that are there, of its outputs and reports: all in one read. */
export async function cached(
  writer: GroupWriter,
  reader: Reader,
  key: Digest,
  now: number,
): Promise<UsableEntry | undefined> {
  const { statements } = reader
  const small = new Set<Digest>()
  const old: { readonly digest: Digest; readonly bytes: Uint8Array }[] = []
  const entry = await reader.read(() => {
    small.clear()
    old.length = 0
    const row = statements.cached.get({ key })
    // An entry that a newer version has made is none: the step is executed, and makes its own.
    if (row === undefined || !isReadable(row['format'] as number)) return undefined
    const found = toCacheEntry(row as unknown as Parameters<typeof toCacheEntry>[0])
    if (found === undefined) return undefined
    const artifacts = artifactsIn(found.outputs).map(({ artifact }) => artifact)
    for (const { blob, parts } of [...artifacts, ...found.facts.reports]) {
      for (const digest of [blob, ...(parts ?? [])]) {
        const look = lookAt(reader, digest, now)
        if (look === undefined) continue
        small.add(digest)
        if (look.isOld) old.push({ digest, bytes: statements.blob.get({ digest })!['bytes'] as Uint8Array })
      }
    }
    return found
  })
  if (entry === undefined) return undefined
  if (old.length > 0) putAgain(writer, reader, old, now)
  return { ...entry, small }
}

/**
 * Puts small blobs again, which makes their time now. Nobody waits for the commit: a chain of hits would pay one
 * per node. A collection that has not seen this time may remove a row after it was read here and before this is
 * committed; as the bytes come along, the row is there again. The event of the hit is queued behind this, so it is
 * never recorded before; a database that cannot be written refuses that event too, and its error is the one to tell.
 * A collection deletes by the time that a row has in that very transaction, so it spares the row from here on.
 */
function putAgain(
  writer: GroupWriter,
  { statements }: Reader,
  blobs: readonly { readonly digest: Digest; readonly bytes: Uint8Array }[],
  at: number,
): void {
  const put = writer.write(() => {
    for (const { digest, bytes } of blobs) statements.putBlob.run({ digest, bytes, size: bytes.length, at })
  })
  put.catch(() => undefined)
}

/** Which small blobs are there; their time is made now, in as few jobs as they fit in. */
export async function touchBlobs(
  writer: GroupWriter,
  reader: Reader,
  digests: readonly Digest[],
  now: number,
): Promise<ReadonlySet<Digest>> {
  const { statements } = reader
  const found = new Set<Digest>()
  const touched: Promise<readonly Digest[]>[] = []
  for (let place = 0; place < digests.length; place += pageSize) {
    const page = digests.slice(place, place + pageSize)
    const looks = await reader.read(() => page.map((digest) => lookAt(reader, digest, now)))
    const old = page.filter((digest, at) => {
      if (looks[at]?.isOld === false) found.add(digest)
      return looks[at]?.isOld === true
    })
    if (old.length === 0) continue
    // Their bytes are too many to be put again, so that this waits: what is gone by then is not there.
    touched.push(
      writer.write(() => old.filter((digest) => statements.touchBlob.run({ digest, at: now }).changes > 0)),
    )
  }
  for (const page of await Promise.all(touched)) for (const digest of page) found.add(digest)
  return found
}
