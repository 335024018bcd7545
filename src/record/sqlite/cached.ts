import type { Digest } from '../../internal/digest.ts'
import type { UsableEntry } from '../metadata.ts'
import { toCacheEntry } from './events.ts'
import { artifactsIn } from './project-edges.ts'
import type { Reader } from './reader.ts'
import type { GroupWriter } from './writer.ts'

/** A small blob is not touched again so soon: a run that hits would write for each of its nodes. */
const touchedLately = 30 * 60 * 1_000

/** The time of a small blob, and whether it needs to be touched; undefined where it is not there. */
function lookAt(
  { statements }: Reader,
  digest: Digest,
  now: number,
): { readonly isOld: boolean } | undefined {
  const row = statements.blobTime.get({ digest })
  return row === undefined ? undefined : { isOld: (row['at'] as number) <= now - touchedLately }
}

/** Makes the time of small blobs now; gives those that are still there. */
function touch(
  writer: GroupWriter,
  { statements }: Reader,
  digests: readonly Digest[],
  now: number,
): Promise<Digest[]> {
  return writer.write(() =>
    digests.filter((digest) => statements.touchBlob.run({ digest, at: now }).changes > 0),
  )
}

/** The entry of a key with those small blobs of its outputs that are there, touched: all in one read. */
export async function cached(
  writer: GroupWriter,
  reader: Reader,
  key: Digest,
  now: number,
): Promise<UsableEntry | undefined> {
  const small = new Set<Digest>()
  const old: Digest[] = []
  const entry = await reader.read(() => {
    const row = reader.statements.cached.get({ key })
    if (row === undefined) return undefined
    const found = toCacheEntry(row as unknown as Parameters<typeof toCacheEntry>[0])
    for (const { artifact } of artifactsIn(found?.outputs ?? {})) {
      for (const digest of [artifact.blob, ...(artifact.parts ?? [])]) {
        const look = lookAt(reader, digest, now)
        if (look?.isOld === true) old.push(digest)
        else if (look !== undefined) small.add(digest)
      }
    }
    return found
  })
  if (entry === undefined) return undefined
  if (old.length > 0) for (const digest of await touch(writer, reader, old, now)) small.add(digest)
  return { ...entry, small }
}

/** Whether a small blob is there; its time is made now. */
export async function touchBlob(
  writer: GroupWriter,
  reader: Reader,
  digest: Digest,
  now: number,
): Promise<boolean> {
  const look = await reader.read(() => lookAt(reader, digest, now))
  if (look?.isOld !== true) return look !== undefined
  return (await touch(writer, reader, [digest], now)).length > 0
}
