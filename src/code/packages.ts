import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { inPackages, installedPackage, type InstalledPackage } from './installed-package.ts'

/** Packages with all that they depend on, by name: the versions that are installed. */
export interface PackageClosure {
  readonly versions: Readonly<Record<string, string>>
  /** Which package means which by a name, as `name version > needed = name version`, in order. */
  readonly edges: readonly string[]
  /** What was read. */
  readonly read: ReadonlyMap<string, InstalledPackage>
}

/**
 * Follows the dependencies of installed packages through the `node_modules` folders, as Node resolves them: no
 * package manager need be known for that. Iterative; cycles are no matter.
 */
export function packageClosure(folders: Iterable<string>): PackageClosure {
  const read = new Map<string, InstalledPackage>()
  const versions = new Map<string, Set<string>>()
  const edges = new Set<string>()
  const open = [...folders]
  for (const folder of open) {
    const found = installedPackage(folder)
    if (found !== undefined) edges.add(`> ${label(folder)} = ${found.name} ${found.version}`)
  }
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (read.has(folder)) continue
    const found = installedPackage(folder)
    if (found === undefined) continue
    read.set(folder, found)
    versions.set(found.name, (versions.get(found.name) ?? new Set()).add(found.version))
    for (const need of found.needs) {
      const place = find(folder, need)
      // It may be found one day, and then be another thing.
      if (place !== undefined) {
        open.push(place)
        const target = installedPackage(place)
        if (target !== undefined)
          edges.add(`${found.name} ${found.version} > ${need} = ${target.name} ${target.version}`)
      } else if (!found.optional.has(need))
        versions.set(need, (versions.get(need) ?? new Set()).add('not installed'))
    }
  }
  return {
    versions: Object.fromEntries([...versions].map(([name, all]) => [name, [...all].toSorted().join(', ')])),
    edges: [...edges].toSorted(),
    read,
  }
}

/** The name under which a package is installed: an alias is another one than its manifest says. */
function label(folder: string): string {
  return folder.slice(folder.lastIndexOf(inPackages) + inPackages.length)
}

/** Whether all that was read is what it was. */
export function isSame({ read }: PackageClosure): boolean {
  for (const [folder, found] of read) if (installedPackage(folder) !== found) return false
  return true
}

/** The folder of a package as Node finds it from another one, its real path. */
function find(from: string, name: string): string | undefined {
  for (let folder = from; ; folder = dirname(folder)) {
    const place = join(folder, 'node_modules', name)
    if (!folder.endsWith('node_modules') && existsSync(place)) return realpathSync(place)
    if (dirname(folder) === folder) return undefined
  }
}
