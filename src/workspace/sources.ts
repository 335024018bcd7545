import { createReadStream } from 'node:fs'
import { readFile, rename, stat, writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { DigestStream, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import { snapshotDirectory } from '../artifact/directory.ts'
import { isFileKind } from '../artifact/file.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { Value, Values } from '../record/event.ts'

/** Larger files stay where they are and are compared again after each attempt that read them. */
const largestCopy = 1024 ** 3
/** A file that was changed so lately may change again without a new modification time. */
const settleMs = 2_000
const mostRemembered = 10_000

interface Seen {
  readonly size: number
  readonly mtimeNs: string
  readonly ctimeNs: string
  readonly ino: string
  readonly digest: Digest
}

/** Fingerprints the sources of a run by content; what a file looked like saves reading it again. */
export class Sources {
  readonly #store: ArtifactStore
  readonly #root: string
  readonly #file: string
  #seen: Map<string, Seen> | undefined
  #changed = false

  /** `folder` is where what files looked like is remembered; undefined: it is not. */
  constructor(store: ArtifactStore, root: string, folder: string) {
    this.#store = store
    this.#root = root
    this.#file = join(folder, 'sources.json')
  }

  /** The values of a pipeline's given inputs; paths are relative to `cwd`. */
  async read(pipeline: AnyPipeline, given: Readonly<Record<string, Json>>, cwd: string): Promise<Values> {
    const values: Record<string, Value> = {}
    for (const [name, data] of Object.entries(given)) {
      values[name] = await this.#value(
        pipeline.inputs[name]!,
        data,
        cwd,
        `pipeline '${pipeline.name}', input '${name}'`,
      )
    }
    await this.#save()
    return values
  }

  async #value(kind: Kind<unknown, never>, data: Json, cwd: string, place: string): Promise<Value> {
    const item = itemKind(kind)
    if (item !== undefined) {
      const list: Value[] = []
      for (const [index, element] of (data as Json[]).entries())
        list.push(await this.#value(item, element, cwd, `${place}[${index}]`))
      return { list }
    }
    if (kind.name === 'json') return { value: data }
    return { artifact: await this.#artifact(kind, resolve(cwd, data as string), place) }
  }

  async #artifact(kind: Kind<unknown, never>, path: string, place: string): Promise<Artifact> {
    const meta = { path: relative(this.#root, path) }
    try {
      if (isFileKind(kind)) return { ...(await this.#readFile(path, kind.mediaType, kind.copy)), meta }
      const artifact = await snapshotDirectory(path, this.#store)
      return { ...artifact, meta: { ...artifact.meta, ...meta } }
    } catch (error) {
      if (PipewrightError.isInstance(error) && error.code !== 'OUTPUT_INVALID') throw error
      const missing = (error as { code?: unknown }).code === 'ENOENT'
      throw new PipewrightError(
        'SOURCE_UNREADABLE',
        `${place}: ${path} ${missing ? 'does not exist' : `cannot be read: ${(error as Error).message}`}`,
        {
          fix: missing
            ? `give a path that exists; it is looked up from ${path === resolve(path) ? 'the current folder' : path}`
            : 'check the path and its permissions',
          details: { path },
          cause: error,
        },
      )
    }
  }

  async #readFile(path: string, mediaType: string, copy: boolean): Promise<Artifact> {
    const found = await stat(path, { bigint: true })
    if (!found.isFile()) throw new Error('it is not a file')
    const size = Number(found.size)
    const look = {
      size,
      mtimeNs: String(found.mtimeNs),
      ctimeNs: String(found.ctimeNs),
      ino: String(found.ino),
    }
    const copied = copy && size <= largestCopy
    const external = { path, size, mtimeNs: look.mtimeNs }
    const known = (await this.#load()).get(path)
    if (known !== undefined && sameLook(known, look) && (!copied || (await this.#store.has(known.digest)))) {
      return fileArtifact(known.digest, size, mediaType, copied ? undefined : external)
    }
    const digest = copied ? (await this.#store.putFile(path)).digest : await digestOf(path)
    if (Date.now() - Number(found.mtimeMs) > settleMs) {
      this.#seen!.delete(path)
      this.#seen!.set(path, { ...look, digest })
      this.#changed = true
    }
    return fileArtifact(digest, size, mediaType, copied ? undefined : external)
  }

  async #load(): Promise<Map<string, Seen>> {
    if (this.#seen !== undefined) return this.#seen
    let entries: [string, Seen][] = []
    try {
      entries = Object.entries(JSON.parse(await readFile(this.#file, 'utf8')) as Record<string, Seen>)
    } catch {
      // Not there, or torn: the files are simply read again.
    }
    return (this.#seen = new Map(entries))
  }

  async #save(): Promise<void> {
    if (!this.#changed) return
    this.#changed = false
    const entries = [...this.#seen!].slice(-mostRemembered)
    const temporary = `${this.#file}.${process.pid}`
    try {
      await writeFile(temporary, JSON.stringify(Object.fromEntries(entries)))
      await rename(temporary, this.#file)
    } catch {
      // It only saves time; the next run reads the files again.
    }
  }
}

function sameLook(a: Omit<Seen, 'digest'>, b: Omit<Seen, 'digest'>): boolean {
  return a.size === b.size && a.mtimeNs === b.mtimeNs && a.ctimeNs === b.ctimeNs && a.ino === b.ino
}

function fileArtifact(
  digest: Digest,
  size: number,
  mediaType: string,
  external: Artifact['external'],
): Artifact {
  return {
    kind: 'file',
    digest,
    blob: digest,
    size,
    mediaType,
    ...(external === undefined ? {} : { external }),
  }
}

async function digestOf(path: string): Promise<Digest> {
  const stream = new DigestStream()
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    stream.update(chunk as Uint8Array)
  return stream.digest()
}
