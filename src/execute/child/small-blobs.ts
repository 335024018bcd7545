import type { Digest } from '../../internal/digest.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { BlobReader } from '../../artifact/blob.ts'
import { listItems } from '../../artifact/list.ts'
import type { Value, Values } from '../../record/event.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { PendingBlob } from '../blobs.ts'
import type { SmallBlobs } from './protocol.ts'

async function addArtifact(found: Set<Digest>, artifact: Artifact, blobs: BlobReader): Promise<void> {
  if (artifact.external !== undefined) return
  found.add(artifact.blob)
  for (const part of artifact.parts ?? []) found.add(part)
  if (artifact.kind !== 'list') return
  for await (const item of listItems(artifact, { blobs }))
    if (item !== null) await addArtifact(found, item, blobs)
}

async function addValue(found: Set<Digest>, value: Value, blobs: BlobReader): Promise<void> {
  if ('artifact' in value) await addArtifact(found, value.artifact, blobs)
  else if ('list' in value) for (const item of value.list) await addValue(found, item, blobs)
}

/** The blobs behind values that live in the metadata store, which another process does not open. */
export async function smallBlobsOf(
  values: Values,
  metadata: Pick<MetadataStore, 'blob'>,
  blobs: BlobReader,
): Promise<SmallBlobs> {
  const found = new Set<Digest>()
  for (const value of Object.values(values)) await addValue(found, value, blobs)
  const small: Record<Digest, string> = {}
  for (const digest of found) {
    const bytes = await metadata.blob(digest)
    if (bytes !== undefined) small[digest] = Buffer.from(bytes).toString('base64')
  }
  return small
}

/** Small blobs as they travel. */
export function toSmallBlobs(blobs: readonly PendingBlob[]): SmallBlobs {
  return Object.fromEntries(blobs.map(({ digest, bytes }) => [digest, Buffer.from(bytes).toString('base64')]))
}

/** Small blobs as they are committed. */
export function fromSmallBlobs(small: SmallBlobs): PendingBlob[] {
  return Object.entries(small).map(([digest, text]) => ({
    digest: digest as Digest,
    bytes: Buffer.from(text, 'base64'),
  }))
}
