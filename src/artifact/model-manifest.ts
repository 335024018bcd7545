import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import type { JsonObject } from '../internal/json.ts'
import type { Artifact } from './artifact.ts'
import type { BlobReader, BlobWriter } from './blob.ts'

/** Stores the manifest of a model; `identity` is what of it tells one model from another. */
export async function storeManifest(
  manifest: object,
  identity: object,
  blobs: BlobWriter,
  rest: { readonly meta: JsonObject; readonly parts: Artifact['parts'] & object },
): Promise<Artifact> {
  const blob = await blobs.put(Buffer.from(canonicalJson(manifest), 'utf8'))
  return {
    kind: 'model',
    digest: sha256(canonicalJson(identity)),
    blob: blob.digest,
    size: blob.size,
    mediaType: 'application/vnd.pipewright.model+json',
    ...rest,
  }
}

/** Reads the manifest of a stored model, of the type that its `format` tells. */
export async function readManifest<Manifest>(artifact: Artifact, blobs: BlobReader): Promise<Manifest> {
  return JSON.parse(Buffer.from(await blobs.bytes(artifact)).toString('utf8')) as Manifest
}
