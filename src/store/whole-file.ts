import { open, readFile } from 'node:fs/promises'

/** What is smaller takes one read anyway. */
const large = 512 * 1024
/** The most that one read gives, on any system. */
const most = 2 ** 30

/**
 * All bytes of a file, in memory of their own. A large one is read in one piece: Node's own `readFile` reads it half a MiB
 * at a time, and waits for each.
 */
export async function wholeFile(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    const { size } = await file.stat()
    if (size <= large) return await readFile(file)
    const bytes = Buffer.allocUnsafeSlow(size)
    for (let at = 0; at < size;) {
      const { bytesRead } = await file.read(bytes, at, Math.min(size - at, most), at)
      if (bytesRead === 0) return bytes.subarray(0, at)
      at += bytesRead
    }
    return bytes
  } finally {
    await file.close()
  }
}
