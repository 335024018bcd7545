import { mkdir, readdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { sha256, type Digest } from '../internal/digest.ts'
import { uuidv7 } from '../internal/id.ts'

/** What a file looks like without reading it. */
export interface Look {
  readonly size: number
  /** In nanoseconds since the epoch, as text: it exceeds safe integers. */
  readonly mtimeNs: string
  readonly ctimeNs: string
  readonly ino: string
  readonly dev: string
  /** When it was looked at, in milliseconds since the epoch. */
  readonly at: number
}

type Entry = readonly [
  size: number,
  mtimeNs: string,
  ctimeNs: string,
  ino: string,
  dev: string,
  digest: Digest,
]

const format = 1
/** A file that was changed so lately, in milliseconds, may change again without a new time. */
const settleMs = 2_000
const mostFiles = 100_000
const mostFolders = 1_000

/** Looks at a file; links are followed. */
export async function lookAt(path: string, now: () => number): Promise<Look & { readonly isFile: boolean }> {
  // Before: what is changed from here on must show.
  const at = now()
  const found = await stat(path, { bigint: true })
  return {
    isFile: found.isFile(),
    size: Number(found.size),
    mtimeNs: String(found.mtimeNs),
    ctimeNs: String(found.ctimeNs),
    ino: String(found.ino),
    dev: String(found.dev),
    at,
  }
}

/**
 * Remembers the digests of files by what these looked like, a JSON file for each folder of sources. It only saves
 * reading them: what is lost, torn or overwritten by another process costs that. For one fingerprinting, then
 * {@link FileLooks.save}.
 */
export class FileLooks {
  readonly #place: string
  readonly #folders = new Map<string, Promise<Map<string, Entry>>>()
  readonly #changed = new Set<string>()

  constructor(place: string) {
    this.#place = place
  }

  /** The digest that a file below a folder had when it looked like this. */
  async digest(folder: string, path: string, look: Look): Promise<Digest | undefined> {
    const known = (await this.#entries(folder)).get(relative(folder, path))
    if (known === undefined) return undefined
    const [size, mtimeNs, ctimeNs, ino, dev, digest] = known
    const isSame =
      size === look.size &&
      mtimeNs === look.mtimeNs &&
      ctimeNs === look.ctimeNs &&
      ino === look.ino &&
      dev === look.dev
    return isSame ? digest : undefined
  }

  /** Remembers a digest, unless the file was changed so lately that a further change might not show. */
  async remember(folder: string, path: string, look: Look, digest: Digest): Promise<void> {
    const entries = await this.#entries(folder)
    const { size, mtimeNs, ctimeNs, ino, dev, at } = look
    const name = relative(folder, path)
    // The latest stay, where there are too many.
    const isKnown = entries.delete(name)
    // A modification time can be set to anything, the time of that cannot.
    const changedAt = Math.max(Number(BigInt(mtimeNs) / 1_000_000n), Number(BigInt(ctimeNs) / 1_000_000n))
    const isSettled = at - changedAt > settleMs
    if (isSettled) entries.set(name, [size, mtimeNs, ctimeNs, ino, dev, digest])
    if (isSettled || isKnown) this.#changed.add(folder)
  }

  /** Keeps what was learnt for later runs, of any process. */
  async save(): Promise<void> {
    if (this.#changed.size === 0) return
    try {
      await mkdir(this.#place, { recursive: true })
      for (const folder of this.#changed) await this.#write(folder, await this.#entries(folder))
      await this.#dropOldest()
    } catch {
      // The next run reads the files again.
    }
    this.#changed.clear()
  }

  #entries(folder: string): Promise<Map<string, Entry>> {
    let entries = this.#folders.get(folder)
    if (entries === undefined) {
      entries = this.#load(folder)
      this.#folders.set(folder, entries)
    }
    return entries
  }

  async #load(folder: string): Promise<Map<string, Entry>> {
    try {
      const stored = JSON.parse(await readFile(this.#fileOf(folder), 'utf8')) as Record<string, unknown>
      if (stored['format'] !== format || stored['folder'] !== folder) return new Map()
      return new Map((stored['files'] as [string, Entry][]).filter(isEntry))
    } catch {
      // Not there, or torn: the files are simply read again.
      return new Map()
    }
  }

  async #write(folder: string, entries: ReadonlyMap<string, Entry>): Promise<void> {
    const temporary = join(this.#place, `${uuidv7()}.tmp`)
    try {
      const files = [...entries].slice(-mostFiles)
      await writeFile(temporary, JSON.stringify({ format, folder, files }))
      await rename(temporary, this.#fileOf(folder))
    } finally {
      await rm(temporary, { force: true })
    }
  }

  async #dropOldest(): Promise<void> {
    const names = await readdir(this.#place)
    if (names.length <= mostFolders) return
    const files = await Promise.all(
      names.map(async (name) => {
        const path = join(this.#place, name)
        return { path, mtimeMs: (await stat(path).catch(() => undefined))?.mtimeMs ?? 0 }
      }),
    )
    const old = files.toSorted((a, b) => b.mtimeMs - a.mtimeMs).slice(mostFolders)
    for (const { path } of old) await rm(path, { force: true })
  }

  #fileOf(folder: string): string {
    return join(this.#place, `${sha256(folder).slice(7, 39)}.json`)
  }
}

/** Whatever has written it: a digest that is none must not become one of a source. */
function isEntry(pair: unknown): pair is [string, Entry] {
  if (!Array.isArray(pair) || typeof pair[0] !== 'string' || !Array.isArray(pair[1])) return false
  const [size, ...texts] = pair[1] as unknown[]
  return (
    Number.isSafeInteger(size) &&
    texts.length === 5 &&
    texts.every((text) => typeof text === 'string') &&
    /^sha256:[0-9a-f]{64}$/.test(texts[4]!)
  )
}
