import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { execFileSync } from 'node:child_process'
import { once as event } from 'node:events'
import { openFileStore } from '../../src/store/file-store.ts'
import { fastest, once, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const size = 1024 ** 3
const chunk = 1024 ** 2

async function writeLarge(path: string): Promise<void> {
  const out = createWriteStream(path)
  const block = Buffer.alloc(chunk, 'pipewright')
  for (let at = 0; at < size; at += chunk) {
    block.writeUInt32LE(at / chunk)
    if (!out.write(Buffer.from(block))) await event(out, 'drain')
  }
  out.end()
  await event(out, 'close')
}

async function hashAlone(path: string): Promise<void> {
  const hash = createHash('sha256')
  for await (const part of createReadStream(path, { highWaterMark: chunk })) hash.update(part as Buffer)
  hash.digest()
}

/** Storing a 1 GiB file against nothing but its streaming SHA-256. */
export function largeFile(): Promise<Figure[]> {
  return withFolder(async (folder) => {
    const path = join(folder, 'large')
    await writeLarge(path)
    const bare = await fastest(2, () => hashAlone(path))
    let stored = Infinity
    for (let round = 0; round < 3; round++) {
      const root = join(folder, 'store')
      const store = await openFileStore(root)
      // What was written before must not be flushed at this one's cost.
      execFileSync('sync')
      stored = Math.min(stored, await once(() => store.putFile(path)))
      await store.close()
      await rm(root, { recursive: true })
    }
    return [{ name: '1 GiB file to the store', value: stored, unit: 'ms', bare, budget: '<= 1.11x (90 %)' }]
  })
}
