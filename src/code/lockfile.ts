import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'

/** What the lockfiles of package managers are called. */
export const lockfileNames = [
  'package-lock.json',
  'npm-shrinkwrap.json',
  'pnpm-lock.yaml',
  'yarn.lock',
  'bun.lock',
  'bun.lockb',
]

/** What lockfiles say, in one digest. */
export interface Lockfile {
  readonly digest: Digest
  readonly files: readonly { readonly path: string; readonly changedAt: number }[]
}

interface LockedFile {
  readonly look: string
  readonly digest: Digest
  readonly path: string
  readonly changedAt: number
}

const remembered = new Map<string, LockedFile>()

function lookOf(path: string): Pick<LockedFile, 'look' | 'changedAt'> {
  const { size, mtimeNs, ctimeNs, ctimeMs, ino } = statSync(path, { bigint: true })
  return { look: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, changedAt: Number(ctimeMs) }
}

function read(path: string): LockedFile {
  const known = remembered.get(path)
  if (known !== undefined && known.look === lookOf(path).look) return known
  const digest = sha256(readFileSync(path))
  // Looked at after it was read: a change in between counts as a change.
  const file = { digest, path, ...lookOf(path) }
  remembered.set(path, file)
  return file
}

/**
 * The nearest lockfile upwards, and npm's record of what is really installed beside it; undefined where there
 * is none.
 */
export function nearestLockfile(from: string): Lockfile | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = [...lockfileNames, join('node_modules', '.package-lock.json')]
      .map((name) => join(folder, name))
      .filter((path) => existsSync(path))
      .map(read)
    if (found.length > 0)
      return { digest: sha256(canonicalJson(found.map(({ digest }) => digest))), files: found }
    if (dirname(folder) === folder) return undefined
  }
}
