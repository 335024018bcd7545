import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ExternalFile } from '../artifact/artifact.ts'
import { sourceChanged } from './errors.ts'

/** Throws `SOURCE_CHANGED` when a referenced file is not what it was when it was fingerprinted. */
export async function checkUnchanged({ path, size, mtimeNs }: ExternalFile): Promise<void> {
  const now = await stat(path, { bigint: true }).catch(() => undefined)
  if (now === undefined || Number(now.size) !== size || String(now.mtimeNs) !== mtimeNs)
    throw sourceChanged(path)
}

/** The bytes of a referenced file; throws `SOURCE_CHANGED` when it is not, or does not stay, what it was. */
export async function* externalChunks(external: ExternalFile): AsyncGenerator<Uint8Array> {
  await checkUnchanged(external)
  for await (const chunk of createReadStream(external.path, { highWaterMark: 1024 * 1024 }))
    yield chunk as Uint8Array
  await checkUnchanged(external)
}
