import { sha256, type Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { CacheEntry, MetadataStore } from '../record/metadata.ts'
import type { PendingBlob } from './blobs.ts'

/** The blobs of an artifact; a referenced file has none. */
export function blobsOf({ blob, parts, external }: Artifact): readonly Digest[] {
  return external === undefined ? [blob, ...(parts ?? [])] : []
}

/** The artifacts of an entry: reports and outputs. */
export function artifactsOf({ outputs, facts }: Pick<CacheEntry, 'outputs' | 'facts'>): Artifact[] {
  const artifacts = [...facts.reports]
  for (const name in outputs) {
    const value = outputs[name]!
    if ('artifact' in value) artifacts.push(value.artifact)
  }
  return artifacts
}

/**
 * The small values of an entry that no file of the store holds, those of list items too; undefined where it cannot be
 * shared: it names a file of this machine, a value that is not what was written, or more than a limit in bytes.
 */
export async function smallBlobsOf(
  entry: CacheEntry,
  metadata: Pick<MetadataStore, 'blob'>,
  reader: BlobReader,
  limit: number,
): Promise<readonly PendingBlob[] | undefined> {
  const seen = new Set<Digest>()
  const small: PendingBlob[] = []
  let size = 0
  const open = artifactsOf(entry)
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    if (next.external !== undefined) return undefined
    for (const digest of blobsOf(next)) {
      if (seen.has(digest)) continue
      seen.add(digest)
      const bytes = await metadata.blob(digest)
      if (bytes === undefined) continue
      size += bytes.byteLength
      if (size > limit || sha256(bytes) !== digest) return undefined
      small.push({ digest, bytes })
    }
    if (next.kind !== 'list') continue
    for await (const item of listItems(next, { blobs: reader })) if (item !== null) open.push(item)
  }
  return small
}
