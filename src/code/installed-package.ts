import { readFileSync, readdirSync, statSync } from 'node:fs'
import { dirname, join, sep } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'

/** A package as it lies in a `node_modules` folder. */
export interface InstalledPackage {
  readonly name: string
  /** Its version, with what tells apart packages of one version where there is such a thing. */
  readonly version: string
  /** The packages that its manifest names. */
  readonly needs: readonly string[]
  /** Those of them that need not be there. */
  readonly optional: ReadonlySet<string>
  /** When its manifest last changed, in milliseconds since the epoch. */
  readonly changedAt: number
  readonly manifest: string
}

export const inPackages = `${sep}node_modules${sep}`

/** The folder of the package that a file below `node_modules` belongs to. */
export function packageFolder(path: string): string {
  const end = path.lastIndexOf(inPackages) + inPackages.length
  const parts = path.slice(end).split(sep)
  return path.slice(0, end) + parts.slice(0, parts[0]!.startsWith('@') ? 2 : 1).join(sep)
}

interface Remembered {
  readonly look: string
  readonly found: InstalledPackage
}

const remembered = new Map<string, Remembered>()

/** Reads a package; one whose manifest looks as it did is not read again. Undefined where there is none. */
export function installedPackage(folder: string): InstalledPackage | undefined {
  const manifest = join(folder, 'package.json')
  // A linked one is not installed: its source counts.
  const isLinked = !folder.includes(inPackages)
  const known = remembered.get(folder)
  const look = lookAt(manifest)
  if (known !== undefined && known.look === look?.look) return known.found
  const read = look === undefined ? undefined : readManifest(manifest)
  if (read === undefined && lookAt(folder) === undefined) return undefined
  const { name: given, version, ...rest } = read ?? {}
  const name = typeof given === 'string' ? given : nameOf(folder)
  const found: InstalledPackage = {
    name,
    version:
      typeof version === 'string' && !isLinked
        ? version + origin(folder, name, version)
        : `bytes ${contentOf(folder)}`,
    needs: ['dependencies', 'optionalDependencies', 'peerDependencies'].flatMap((kind) =>
      Object.keys((rest[kind] as object | undefined) ?? {}).filter((need) => packageName.test(need)),
    ),
    optional: new Set([
      ...Object.keys((rest['optionalDependencies'] as object | undefined) ?? {}),
      ...Object.entries((rest['peerDependenciesMeta'] as object | undefined) ?? {}).flatMap(([peer, meta]) =>
        (meta as { readonly optional?: unknown } | null)?.optional === true ? [peer] : [],
      ),
    ]),
    changedAt: look?.changedAt ?? lookAt(folder)!.changedAt,
    manifest,
  }
  // What counts by its files is read each time: nothing short of them tells whether it is the same.
  if (typeof version === 'string' && !isLinked)
    remembered.set(folder, { look: lookAt(manifest)?.look ?? '', found })
  return found
}

function lookAt(path: string): { readonly look: string; readonly changedAt: number } | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (stats === undefined) return undefined
  const { size, mtimeNs, ctimeNs, ctimeMs, ino } = stats
  return { look: `${size} ${mtimeNs} ${ctimeNs} ${ino}`, changedAt: Number(ctimeMs) }
}

/** What may be the name of a package: no way out of the folder where it is looked for. */
const packageName = /^(?:@[\w.~-]+\/)?[\w~-][\w.~-]*$/

type Manifest = Readonly<Record<string, unknown>>

function readManifest(path: string): Manifest | undefined {
  try {
    const read: unknown = JSON.parse(readFileSync(path, 'utf8'))
    return typeof read === 'object' && read !== null ? (read as Manifest) : undefined
  } catch {
    return undefined
  }
}

function nameOf(folder: string): string {
  return folder.slice(folder.lastIndexOf(inPackages) + inPackages.length).replaceAll(sep, '/')
}

/**
 * What tells one build of a version from another where it did not come from a registry: npm's record has the
 * commit or the checksum, pnpm names the folder by it. Patches that are kept beside the project count too.
 */
function origin(folder: string, name: string, version: string): string {
  const modules = folder.slice(0, folder.lastIndexOf(inPackages) + inPackages.length - 1)
  const pnpm = /[\\/]\.pnpm[\\/]([^\\/]+)[\\/]node_modules$/.exec(modules)?.[1]
  const spec = pnpm?.slice(name.replaceAll('/', '+').length + 1).split(/[_(]/, 1)[0]
  const marks = [
    spec !== undefined && spec !== version ? spec : undefined,
    pnpm === undefined ? undefined : /patch_hash=\w+/.exec(pnpm)?.[0],
    recordOf(modules, `node_modules/${name}`),
    patchesOf(dirname(modules), name),
  ].filter((mark) => mark !== undefined)
  return marks.length === 0 ? '' : ` (${marks.join(', ')})`
}

const records = new Map<
  string,
  { readonly look: string; readonly packages: Readonly<Record<string, Entry>> }
>()

interface Entry {
  readonly resolved?: string
  readonly integrity?: string
}

/** The checksum or the commit that npm has recorded of a package that is no plain one of a registry. */
function recordOf(modules: string, place: string): string | undefined {
  const path = join(modules, '.package-lock.json')
  const look = lookAt(path)
  if (look === undefined) return undefined
  let record = records.get(path)
  if (record?.look !== look.look) {
    const packages = (readManifest(path)?.['packages'] ?? {}) as Readonly<Record<string, Entry>>
    record = { look: look.look, packages }
    records.set(path, record)
  }
  const { resolved, integrity } = record.packages[place] ?? {}
  if (resolved === undefined || /^https?:\/\/.*\/-\/[^/]*\.tgz$/.test(resolved)) return undefined
  return integrity ?? /#\w+$/.exec(resolved)?.[0].slice(1) ?? resolved
}

/** The digest of the patches that a project keeps for a package, as patch-package and yarn do. */
function patchesOf(project: string, name: string): string | undefined {
  const marks = ['patches', join('.yarn', 'patches')].flatMap((place) => {
    const folder = join(project, place)
    let files: string[]
    try {
      files = readdirSync(folder)
    } catch {
      return []
    }
    const flat = [
      name.replaceAll('/', '+'),
      name.replaceAll('/', '-'),
      name.replaceAll('/', '__'),
      name.replace(/^@/, ''),
    ]
    const own = files.filter((file) =>
      flat.some((one) => file.startsWith(one) && /^(?:\+|@|-npm-|\.patch$|%40)/.test(file.slice(one.length))),
    )
    return own.toSorted().map((file) => sha256(readFileSync(join(folder, file))))
  })
  return marks.length === 0 ? undefined : `patch ${sha256(canonicalJson(marks))}`
}

/** The digest of all files of a package that has no version. */
function contentOf(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true)
    .filter((file) => !/[\\/](?:node_modules|\.[^\\/]+)[\\/]/.test(file.slice(folder.length)))
    .toSorted()
  return sha256(canonicalJson(files.map((file) => [file.slice(folder.length), sha256(readFileSync(file))])))
}
