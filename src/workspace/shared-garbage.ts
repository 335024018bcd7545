import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { SharedEntries } from '../artifact/blob.ts'
import type { TieredReader } from '../execute/blobs.ts'
import { artifactsOf } from '../execute/entry-blobs.ts'
import { isMalformed } from '../execute/shareable.ts'
import { decodeEntry } from '../execute/shared-entry.ts'

/** Entries that are read together. */
const batch = 100

/** The entries of a shared store that may go. */
export interface SharedGarbage {
  readonly stale: readonly Digest[]
  /** Whether all that remains could be read: else nobody knows which blobs it names. */
  readonly isComplete: boolean
}

/** Marks what the shared entries that are younger than a time name, and tells those that are not. */
export async function markShared(
  entries: SharedEntries,
  since: number,
  reader: TieredReader,
  mark: (artifact: Artifact) => Promise<void>,
): Promise<SharedGarbage> {
  const stale: Digest[] = []
  let isComplete = true
  const look = async (keys: readonly Digest[]): Promise<void> => {
    for (const [key, bytes] of await entries.get(keys)) {
      if (bytes instanceof Error) {
        isComplete = false
        continue
      }
      const found = decodeEntry(key, bytes)
      if (found === 'newer') isComplete = false
      else if (found === 'corrupt' || found.entry.at <= since) stale.push(key)
      else {
        // What a list names may be a small value, which only its entry has.
        for (const { digest, bytes: small } of found.blobs) reader.remember(digest, small)
        try {
          for (const artifact of artifactsOf(found.entry)) await mark(artifact)
        } catch (error) {
          // Lists that are none: nobody can use it.
          if (!isMalformed(error)) throw error
          stale.push(key)
        }
      }
    }
  }
  let keys: Digest[] = []
  for await (const key of entries.keys()) {
    keys.push(key)
    if (keys.length < batch) continue
    await look(keys)
    keys = []
  }
  await look(keys)
  return { stale, isComplete }
}
