import { createReadStream } from 'node:fs'
import { stat } from 'node:fs/promises'
import type { ExternalFile } from '../artifact/artifact.ts'
import { sourceChanged } from './errors.ts'

/** The bytes of a referenced file; throws `SOURCE_CHANGED` when it is not, or does not stay, what it was. */
export async function* externalChunks(external: ExternalFile): AsyncGenerator<Uint8Array> {
  const unchanged = async (): Promise<void> => {
    const now = await stat(external.path, { bigint: true }).catch(() => undefined)
    if (now === undefined || Number(now.size) !== external.size || String(now.mtimeNs) !== external.mtimeNs)
      throw sourceChanged(external.path)
  }
  await unchanged()
  for await (const chunk of createReadStream(external.path, { highWaterMark: 1024 * 1024 }))
    yield chunk as Uint8Array
  await unchanged()
}
