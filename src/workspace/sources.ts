import { createReadStream } from 'node:fs'
import { realpath } from 'node:fs/promises'
import { dirname, join, relative, resolve } from 'node:path'
import { DigestStream, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, Blob } from '../artifact/blob.ts'
import { snapshotDirectory } from '../artifact/directory.ts'
import { isFileKind } from '../artifact/file.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { Value, Values } from '../record/event.ts'
import { FileLooks, lookAt, type Look } from './file-looks.ts'

/** Larger files stay where they are and are compared again after each attempt that read them. */
const largestCopy = 1024 ** 3

/** What fingerprinting needs of the world; a test puts its own in place. */
export interface SourceWorld {
  /** Milliseconds since the epoch. */
  readonly now: () => number
  /** Reads a file that stays where it is. */
  readonly digestOf: (path: string) => Promise<Digest>
}

/** Fingerprints the sources of a run by content; what a file looked like saves reading it again. */
export class Sources {
  readonly #store: ArtifactStore
  readonly #root: string
  readonly #folder: string
  readonly #world: SourceWorld

  /** `folder` is that of the workspace, in which what files looked like is remembered. */
  constructor(store: ArtifactStore, root: string, folder: string, world: Partial<SourceWorld> = {}) {
    this.#store = store
    this.#root = root
    this.#folder = join(folder, 'sources')
    this.#world = { now: Date.now, digestOf, ...world }
  }

  /** The values of a pipeline's given inputs; paths are relative to `cwd`. */
  async read(pipeline: AnyPipeline, given: Readonly<Record<string, Json>>, cwd: string): Promise<Values> {
    const values: Record<string, Value> = {}
    // Anew for each run: other processes learn too.
    const looks = new FileLooks(this.#folder)
    for (const [name, data] of Object.entries(given)) {
      const place = `pipeline '${pipeline.name}', input '${name}'`
      values[name] = await this.#value(pipeline.inputs[name]!, data, { cwd, place, looks })
    }
    await looks.save()
    return values
  }

  async #value(kind: Kind<unknown, never>, data: Json, given: Given): Promise<Value> {
    const item = itemKind(kind)
    if (item !== undefined) {
      const list: Value[] = []
      for (const [index, element] of (data as Json[]).entries())
        list.push(await this.#value(item, element, { ...given, place: `${given.place}[${index}]` }))
      return { list }
    }
    if (kind.name === 'json') return { value: data }
    return { artifact: await this.#artifact(kind, resolve(given.cwd, data as string), given) }
  }

  async #artifact(
    kind: Kind<unknown, never>,
    path: string,
    { place, looks }: Pick<Given, 'place' | 'looks'>,
  ): Promise<Artifact> {
    const meta = { path: relative(this.#root, path) }
    try {
      if (isFileKind(kind)) return { ...(await this.#readFile(path, kind, looks)), meta }
      const folder = await realpath(path)
      const artifact = await snapshotDirectory(path, {
        put: (bytes) => this.#store.put(bytes),
        putStream: (stream) => this.#store.putStream(stream),
        putFile: async (file) => this.#stored(folder, file, await lookAt(file, this.#world.now), looks),
      })
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

  async #readFile(
    path: string,
    { mediaType, copy }: { readonly mediaType: string; readonly copy: boolean },
    looks: FileLooks,
  ): Promise<Artifact> {
    const look = await lookAt(path, this.#world.now)
    if (!look.isFile) throw new Error('it is not a file')
    const { size, mtimeNs } = look
    const folder = dirname(path)
    if (copy && size <= largestCopy)
      return fileArtifact(await this.#stored(folder, path, look, looks), mediaType, undefined)
    let digest = await looks.digest(folder, path, look)
    if (digest === undefined) {
      digest = await this.#world.digestOf(path)
      await looks.remember(folder, path, look, digest)
    }
    return fileArtifact({ digest, size }, mediaType, { path, size, mtimeNs })
  }

  /** The stored copy of a file; one that has gone since is made again. */
  async #stored(folder: string, path: string, look: Look, looks: FileLooks): Promise<Blob> {
    const known = await looks.digest(folder, path, look)
    if (known !== undefined && (await this.#store.touch(known))) return { digest: known, size: look.size }
    const blob = await this.#store.putFile(path)
    await looks.remember(folder, path, look, blob.digest)
    return blob
  }
}

/** A value that is given for an input. */
interface Given {
  readonly cwd: string
  /** The input, for messages. */
  readonly place: string
  readonly looks: FileLooks
}

function fileArtifact({ digest, size }: Blob, mediaType: string, external: Artifact['external']): Artifact {
  return {
    kind: 'file',
    digest,
    blob: digest,
    size,
    mediaType,
    ...(external === undefined ? {} : { external }),
  }
}

/** Reads a file for the digest of its bytes. */
export async function digestOf(path: string): Promise<Digest> {
  const stream = new DigestStream()
  for await (const chunk of createReadStream(path, { highWaterMark: 1024 * 1024 }))
    stream.update(chunk as Uint8Array)
  return stream.digest()
}
