import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { Value } from '../record/event.ts'
import { isLost } from './blobs.ts'

/** The blob behind an error, also where a step has wrapped it: it is not there, or not what was written. */
export function lostBlob(error: unknown): Digest | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 10; at = at.cause, depth++)
    if (isLost(at)) return (at as PipewrightError).details.digest as Digest | undefined
  return undefined
}

/** Whether a value was stored as this blob, or as one of its parts. */
export function isStoredAs(value: Value, blob: Digest): boolean {
  if ('list' in value) return value.list.some((item) => isStoredAs(item, blob))
  return 'artifact' in value && consistsOf(value.artifact, blob)
}

function consistsOf(artifact: Artifact, blob: Digest): boolean {
  return (
    artifact.external === undefined && (artifact.blob === blob || artifact.parts?.includes(blob) === true)
  )
}

/** Whether a stored list holds an artifact that was stored as this blob; a list that cannot be read holds none. */
export async function holdsItem(value: Value, blob: Digest, blobs: BlobReader): Promise<boolean> {
  if (!('artifact' in value) || value.artifact.kind !== 'list') return false
  try {
    for await (const item of listItems(value.artifact, { blobs })) {
      if (item === null) continue
      if (consistsOf(item, blob) || (await holdsItem({ artifact: item }, blob, blobs))) return true
    }
  } catch (error) {
    if (lostBlob(error) === undefined) throw error
  }
  return false
}

/** A lost blob that cannot be made again: it fails the node that reads it. */
export function cannotMend(
  consumer: string,
  blob: Digest,
  why: string,
  fix: string,
  cause?: unknown,
): PipewrightError {
  return new PipewrightError(
    'BLOB_MISSING',
    `'${consumer}' reads ${blob}, which is gone or corrupt: ${why}`,
    {
      fix,
      details: { digest: blob, node: consumer },
      ...(cause === undefined ? {} : { cause }),
    },
  )
}
