import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import type { Digest } from '../../internal/digest.ts'
import type { ExternalFile } from '../../artifact/artifact.ts'
import type { ArtifactStore, Blob, StoredBlob } from '../../artifact/blob.ts'

/** Where bytes are read from. */
export type Source = { readonly blob: Digest; readonly external?: ExternalFile }
type Read = (store: ArtifactStore, source: Source, folder: string) => Promise<string>

let copies = 0

/** Every way to read a blob; each gives its text. */
export const reads: Readonly<Record<'bytes' | 'stream' | 'copyTo', Read>> = {
  bytes: async (store, source) => textOf(await store.bytes(source)),
  stream: async (store, source) => streamed(store.stream(source)),
  copyTo: async (store, source, folder) => {
    const path = join(folder, `copy-${++copies}`)
    await store.copyTo(source, path)
    return readFile(path, 'utf8')
  },
}

/** Every way to store a text. */
export const writes: Readonly<
  Record<
    'put' | 'putStream' | 'putFile',
    (store: ArtifactStore, text: string, folder: string) => Promise<Blob>
  >
> = {
  put: (store, text) => store.put(Buffer.from(text)),
  putStream: (store, text) => store.putStream(Readable.from(Array.from(text, (char) => Buffer.from(char)))),
  putFile: async (store, text, folder) => {
    const path = join(folder, 'source')
    await writeFile(path, text)
    return store.putFile(path)
  },
}

/** Bytes as text. */
export const textOf = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8')

/** A stream to its end, as text. */
export async function streamed(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return textOf(Buffer.concat(chunks))
}

/** All blobs of a store. */
export async function blobsOf(store: ArtifactStore): Promise<StoredBlob[]> {
  const blobs: StoredBlob[] = []
  for await (const blob of store.list()) blobs.push(blob)
  return blobs
}
