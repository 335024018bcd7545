import { lstat, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { lastUsed, originOf, takeOutOfUse, usedFor } from './environment-folder.ts'
import { withFreeProcessLock } from './process-lock.ts'

/** An environment that was made of requirements. */
export interface MadeEnvironment {
  /** Its folder. */
  readonly path: string
  /** The file that it was made of; null where it was not made to its end. */
  readonly requirements: string | null
  readonly bytes: number
}

/** What names an environment: the beginning of a digest. */
const isEnvironment = (name: string): boolean => /^[0-9a-f]{16}$/.test(name)

/** The environments that are there. */
export async function environmentsOf(folder: string): Promise<readonly MadeEnvironment[]> {
  const names = await readdir(folder).catch(() => [])
  return Promise.all(
    names
      .filter(isEnvironment)
      .toSorted()
      .map((name) => describe(join(folder, name))),
  )
}

async function describe(path: string): Promise<MadeEnvironment> {
  const [origin, bytes] = [await originOf(path), await bytesIn(path)]
  return { path, requirements: origin?.requirements ?? null, bytes }
}

/** The bytes of all files in a folder; a link counts as such, and what goes away meanwhile as nothing. */
async function bytesIn(folder: string): Promise<number> {
  let bytes = 0
  for (const entry of await readdir(folder, { withFileTypes: true }).catch(() => [])) {
    const path = join(folder, entry.name)
    bytes += entry.isDirectory()
      ? await bytesIn(path)
      : await lstat(path).then(
          ({ size }) => size,
          () => 0,
        )
  }
  return bytes
}

/**
 * Removes the environments that nobody has used since a time, and those that were left half-made before it; gives what
 * was, or with `dryRun` would be, removed. One that is being made, or was used within minutes, stays.
 */
export async function removeOldEnvironments(
  folder: string,
  usedSince: number,
  dryRun: boolean,
): Promise<readonly MadeEnvironment[]> {
  const since = Math.min(usedSince, Date.now() - usedFor)
  const removed: MadeEnvironment[] = []
  const names = await readdir(folder).catch(() => [])
  for (const path of names.filter(isEnvironment).map((name) => join(folder, name))) {
    if ((await lastUsed(path)) > since) continue
    await withFreeProcessLock(`${path}.lock`, async () => {
      const found = await describe(path)
      if (!dryRun) {
        if (!(await takeOutOfUse(path, since))) return
        await rm(path, { recursive: true, force: true })
      }
      removed.push(found)
    })
  }
  return removed
}
