import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { DigestStream, sha256 } from '../internal/digest.ts'
import type { Json } from '../internal/json.ts'
import type { Blob, BlobWriter } from '../artifact/blob.ts'
import { snapshotDirectory } from '../artifact/directory.ts'
import { findEngine } from './container/engine.ts'
import { imageDigest } from './container/image-digest.ts'
import { isPinned, type ContainerOptions } from './container/options.ts'

type Files = Readonly<Record<string, URL>>

/** Stores nothing: what something would be stored as is all that is asked. */
const digests: BlobWriter = {
  put: async (bytes) => ({ digest: sha256(bytes), size: bytes.length }),
  putStream: digestOf,
  putFile: (path) => digestOf(createReadStream(path)),
}

async function digestOf(stream: AsyncIterable<Uint8Array>): Promise<Blob> {
  const digest = new DigestStream()
  let size = 0
  for await (const piece of stream) {
    digest.update(piece)
    size += piece.length
  }
  return { digest: digest.digest(), size }
}

async function fileDigests(files: Files): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, url] of Object.entries(files)) found[name] = sha256(await readFile(url))
  return found
}

async function folderDigests(folders: Files): Promise<Record<string, string>> {
  const found: Record<string, string> = {}
  for (const [name, url] of Object.entries(folders))
    found[name] = (await snapshotDirectory(fileURLToPath(url), digests)).digest
  return found
}

async function imageOf(
  { image, engine, pull = 'missing' }: ContainerOptions,
  owner: string,
  signal: AbortSignal,
): Promise<string> {
  if (isPinned(image)) return image
  const onLine = (): void => undefined
  return imageDigest({ engine: await findEngine(engine, owner), image, pull, owner, signal, onLine })
}

/** What tells of all that a command reads from the project, and of what it runs in; nothing where that is nothing. */
export function commandFingerprint(
  files: Files,
  container: ContainerOptions | undefined,
  owner: string,
): ((inputs: unknown, context: { readonly signal: AbortSignal }) => Promise<Json>) | undefined {
  if (container !== undefined) {
    return async (_inputs, { signal }) => ({
      files: await fileDigests(files),
      mounts: await folderDigests(container.mounts ?? {}),
      image: await imageOf(container, owner, signal),
    })
  }
  return Object.keys(files).length === 0 ? undefined : () => fileDigests(files)
}
