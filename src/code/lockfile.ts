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

const remembered = new Map<string, { readonly look: string; readonly digest: Digest }>()

function digestOf(path: string): Digest {
  const { size, mtimeNs, ino } = statSync(path, { bigint: true })
  const look = `${size} ${mtimeNs} ${ino}`
  const known = remembered.get(path)
  if (known?.look === look) return known.digest
  const digest = sha256(readFileSync(path))
  remembered.set(path, { look, digest })
  return digest
}

/**
 * The digest of the nearest lockfile upwards, and of npm's record of what is really installed beside it;
 * undefined where there is none.
 */
export function lockfileDigest(from: string): Digest | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const found = [...lockfileNames, join('node_modules', '.package-lock.json')]
      .map((name) => join(folder, name))
      .filter((path) => existsSync(path))
    if (found.length > 0) return sha256(canonicalJson(found.map(digestOf)))
    if (dirname(folder) === folder) return undefined
  }
}
