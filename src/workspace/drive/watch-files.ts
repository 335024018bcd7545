import { readdir } from 'node:fs/promises'
import { join, relative, resolve, sep } from 'node:path'
import { milliseconds } from '../../internal/duration.ts'
import { PipewrightError } from '../../internal/error.ts'
import type { Json } from '../../internal/json.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { Firing, NewFiring, TriggerRecord } from '../../record/trigger.ts'
import type { FilesSource } from '../../schedule/trigger.ts'
import { FileLooks, lookAt, type Look } from '../file-looks.ts'
import { projectPath } from '../../internal/project-path.ts'
import { digestOf } from '../sources.ts'

/** So many files fire in one transaction. */
const together = 200

interface Seen {
  readonly look: string
  /** Since when the file looks so, in milliseconds since the epoch. */
  readonly since: number
  readonly isDone: boolean
}

/** Refuses a folder that is not there: `SOURCE_UNREADABLE`. */
export async function checkFolder(root: string, { files }: FilesSource, owner: string): Promise<void> {
  await filesBelow(resolve(root, files), '', owner)
}

async function filesBelow(folder: string, suffix: string, owner: string): Promise<string[]> {
  try {
    const found = await readdir(folder, { recursive: true, withFileTypes: true })
    return found
      .filter((one) => one.isFile() && one.name.endsWith(suffix))
      .map((one) => join(one.parentPath, one.name))
      .filter(
        (path) =>
          !relative(folder, path)
            .split(sep)
            .some((part) => part.startsWith('.')),
      )
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === 'ENOENT'
    throw new PipewrightError(
      'SOURCE_UNREADABLE',
      `${owner}: the folder ${folder} ${isMissing ? 'does not exist' : `cannot be read: ${(cause as Error).message}`}`,
      {
        fix: isMissing
          ? 'make it, or name another one; it is looked up from the project'
          : 'check its permissions',
        details: { path: folder },
        cause,
      },
    )
  }
}

function textOf({ size, mtimeNs, ctimeNs, ino }: Look): string {
  return `${size} ${mtimeNs} ${ctimeNs} ${ino}`
}

/** Looks at a folder again and again: a file that has not changed for a while fires, once for each content. */
export class FilesWatch {
  readonly #metadata: MetadataStore
  readonly #root: string
  readonly #looks: string
  #seen = new Map<string, Seen>()

  constructor(metadata: MetadataStore, root: string, looks: string) {
    this.#metadata = metadata
    this.#root = root
    this.#looks = looks
  }

  /** Fires what is new. */
  async look({ origin }: TriggerRecord, on: FilesSource, now: number): Promise<readonly Firing[]> {
    const folder = resolve(this.#root, on.files)
    const stable = milliseconds(on.stable ?? '5s', 'stable')
    const looks = new FileLooks(this.#looks)
    const seen = new Map<string, Seen>()
    const firings: NewFiring[] = []
    const paths = await filesBelow(folder, on.suffix ?? '', origin)
    const fired: Firing[] = []
    const fire = async (): Promise<void> => {
      const batch = firings.splice(0).toSorted((a, b) => a.at - b.at || (a.key < b.key ? -1 : 1))
      if (batch.length > 0) fired.push(...(await this.#metadata.fire(origin, batch)))
    }
    for (const path of paths) {
      // Gone between two looks.
      const found = await lookAt(path, Date.now).catch(() => undefined)
      if (found === undefined) continue
      const look = textOf(found)
      const before = this.#seen.get(path)
      const since = before?.look === look ? before.since : now
      const isRipe = before?.look === look && !before.isDone && now - since >= stable
      const firing = isRipe ? await this.#firing(path, folder, found, looks) : undefined
      if (firing !== undefined) firings.push(firing)
      seen.set(path, {
        look,
        since,
        isDone: firing !== undefined || (before?.look === look && before.isDone),
      })
      if (firings.length === together) await fire()
    }
    await fire()
    await looks.save()
    // Only now: what could not be recorded is looked at again.
    this.#seen = seen
    return fired
  }

  /** Undefined where the file has changed while it was read: it is not whole yet. */
  async #firing(path: string, folder: string, look: Look, looks: FileLooks): Promise<NewFiring | undefined> {
    try {
      const digest = (await looks.digest(folder, path, look)) ?? (await digestOf(path))
      if (textOf(await lookAt(path, Date.now)) !== textOf(look)) return undefined
      await looks.remember(folder, path, look, digest)
      const name = projectPath(this.#root, path)
      const at = Number(BigInt(look.mtimeNs) / 1_000_000n)
      const event: Json = { path: name, size: look.size, digest, modifiedAt: new Date(at).toISOString() }
      return { key: `${name}@${digest.slice(7)}`, at, event }
    } catch {
      return undefined
    }
  }
}
