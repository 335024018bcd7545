import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { BlobReader } from '../artifact/blob.ts'
import { listItems } from '../artifact/list.ts'
import type { Value, Values } from '../record/event.ts'
import { isLost } from './blobs.ts'
import { blobsOf } from './entry-blobs.ts'
import type { JsonValues } from './json-values.ts'

/** Causes further down are not looked at. */
const deepest = 16

/** The digest of the stored bytes that an error, or what caused it, says are gone or corrupt. */
export function lostBlob(error: unknown): Digest | undefined {
  let at = error
  for (let depth = 0; depth < deepest && typeof at === 'object' && at !== null; depth++) {
    if (isLost(at)) return (at as { details: { digest?: Digest } }).details.digest
    at = (at as { cause?: unknown }).cause
  }
  return undefined
}

/** The artifacts of values; a list of values gives those of its elements. */
export function* artifactsOf(values: Values | readonly Value[]): Generator<Artifact> {
  for (const value of Object.values<Value>(values as Values)) {
    if ('artifact' in value) yield value.artifact
    else if ('list' in value) yield* artifactsOf(value.list)
  }
}

/** Whether all of some blobs are there and are what was written: they are read. */
export async function areWhole(blobs: readonly Digest[], reader: BlobReader): Promise<boolean> {
  try {
    for (const blob of blobs) for await (const _chunk of reader.stream({ blob }));
    return true
  } catch (error) {
    if (isLost(error)) return false
    throw error
  }
}

/**
 * Reads all bytes of values, those of list items too: stores move what they find corrupt out of the way of right bytes,
 * which they would else take for stored.
 */
export async function dropCorrupt(values: Values, reader: BlobReader): Promise<void> {
  const open = [...artifactsOf(values)]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    let isWhole = true
    for (const blob of blobsOf(next)) isWhole = (await areWhole([blob], reader)) && isWhole
    // A list that is lost tells of no items.
    if (next.kind !== 'list' || !isWhole) continue
    for await (const item of listItems(next, { blobs: reader })) if (item !== null) open.push(item)
  }
}

/**
 * Throws where one of the values is lost that whoever asks for the outputs of a run gets in one piece. Files and
 * directories are read on use; what else is wrong with a value is for its reader to find out.
 */
export async function readInOnePiece(values: Values, reader: BlobReader, json: JsonValues): Promise<void> {
  for (const artifact of artifactsOf(values))
    await readArtifact(artifact, reader, json).catch((error: unknown) => {
      if (isLost(error)) throw error
    })
}

async function readArtifact(artifact: Artifact, reader: BlobReader, json: JsonValues): Promise<void> {
  const { kind } = artifact
  if (kind === 'json' || kind === 'metrics') await json.load({ artifact })
  // The buffer that whoever decodes it is about to ask for.
  else if (kind === 'table') await (reader.shared?.(artifact) ?? reader.bytes(artifact))
  else if (kind === 'model' || kind === 'directory') await reader.bytes(artifact)
  else if (kind === 'list')
    for await (const item of listItems(artifact, { blobs: reader })) {
      // As one value, which is at hand when it is asked for.
      if (item?.kind === 'json' || item?.kind === 'metrics') return void (await json.load({ artifact }))
      if (item !== null) await readArtifact(item, reader, json)
    }
}
