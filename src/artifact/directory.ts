import { chmod, mkdir, readdir, realpath, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import type { BlobWriter } from './blob.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { artifactMark, artifactOf, kindOf, type Stored } from './stored.ts'
import { fileName, isInside, returnedPath } from './workdir.ts'

/** A file of a directory. */
export interface DirectoryEntry {
  /** Relative to the directory, with forward slashes. */
  readonly path: string
  readonly digest: Digest
  /** Bytes. */
  readonly size: number
  readonly executable: boolean
}

/**
 * A directory as a step receives it.
 *
 * @example
 * ```ts
 * for (const { path, size } of await images.files()) console.log(path, size) // malignant/17.png 20481
 * const folder = await images.path() // for a program that wants a folder
 * ```
 */
export interface DirectoryHandle extends Stored<'directory'> {
  readonly digest: Digest
  /** A private copy in the step's folder, named after the input. */
  path(): Promise<string>
  /** The files, sorted by path. */
  files(): Promise<readonly DirectoryEntry[]>
}

class StoredDirectory implements DirectoryHandle {
  readonly [kindOf] = 'directory'
  readonly #artifact: Artifact
  readonly #context: DecodeContext
  #path: Promise<string> | undefined

  constructor(artifact: Artifact, context: DecodeContext) {
    this.#artifact = artifact
    this.#context = context
  }

  get digest(): Digest {
    return this.#artifact.digest
  }

  path(): Promise<string> {
    return (this.#path ??= this.#copy())
  }

  async files(): Promise<readonly DirectoryEntry[]> {
    const bytes = await this.#context.blobs.bytes(this.#artifact)
    return (JSON.parse(Buffer.from(bytes).toString('utf8')) as { files: DirectoryEntry[] }).files
  }

  get [artifactMark](): Artifact {
    return this.#artifact
  }

  async #copy(): Promise<string> {
    const root = join(await this.#context.workdir(), fileName(this.#context.name))
    await mkdir(root, { recursive: true })
    for (const { path, digest, executable } of await this.files()) {
      const target = join(root, path)
      // A shared store may hold what others have made up.
      if (!isInside(root, target))
        throw new PipewrightError('BLOB_CORRUPT', `the stored directory names ${path}, outside of itself`, {
          fix: 'run the pipeline again: the step that made it runs again',
          details: { digest: this.#artifact.blob },
        })
      await mkdir(dirname(target), { recursive: true })
      await this.#context.blobs.copyTo({ blob: digest }, target)
      if (executable) await chmod(target, 0o755)
    }
    return root
  }
}

/** The files below a folder: relative paths with forward slashes, and where links lead. */
async function filesBelow(root: string): Promise<{ path: string; real: string }[]> {
  const files: { path: string; real: string }[] = []
  const open = [{ folder: root, prefix: '', above: new Set([root]) }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const name of await readdir(next.folder)) {
      const path = next.prefix + name
      const real = await realpath(join(next.folder, name)).catch(() => undefined)
      if (real === undefined || !isInside(root, real)) {
        const where = real === undefined ? 'leads nowhere' : 'leads out of the directory'
        throw new PipewrightError('OUTPUT_INVALID', `the link ${path} ${where}`, {
          fix: real === undefined ? 'take it out' : 'copy what it points at into the directory',
          details: { path },
        })
      }
      const found = await stat(real)
      if (found.isFile()) files.push({ path, real })
      else if (found.isDirectory()) {
        if (next.above.has(real))
          throw new PipewrightError('OUTPUT_INVALID', `the link ${path} leads back to a folder above it`, {
            fix: 'take the link out',
            details: { path },
          })
        open.push({ folder: real, prefix: `${path}/`, above: new Set([...next.above, real]) })
      }
    }
  }
  return files.toSorted((a, b) => (a.path < b.path ? -1 : 1))
}

/**
 * Stores the content of a directory as it is now: sorted paths, digests, sizes and executable bits; no times, no
 * empty folders. A link that leads out is `OUTPUT_INVALID`.
 */
export async function snapshotDirectory(folder: string, blobs: BlobWriter): Promise<Artifact> {
  const root = await realpath(folder)
  const files: DirectoryEntry[] = []
  for (const { path, real } of await filesBelow(root)) {
    const { mode } = await stat(real)
    files.push({ path, ...(await blobs.putFile(real)), executable: (mode & 0o111) !== 0 })
  }
  const manifest = await blobs.put(Buffer.from(canonicalJson({ files }), 'utf8'))
  return {
    kind: 'directory',
    digest: manifest.digest,
    blob: manifest.digest,
    size: manifest.size,
    mediaType: 'application/vnd.pipewright.directory+json',
    meta: { files: files.length, bytes: files.reduce((sum, { size }) => sum + size, 0) },
    parts: [...new Set(files.map(({ digest }) => digest))],
  }
}

class DirectoryKind implements Kind<DirectoryHandle, string | DirectoryHandle> {
  readonly [kindMark] = true
  readonly name = 'directory'

  declare(): KindDeclaration {
    return { kind: 'directory' }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const artifact = artifactOf(value, 'directory')
    if (artifact !== undefined) return artifact
    if (typeof value !== 'string') {
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `the value is a ${value === null ? 'null' : typeof value}, not a directory`,
        { fix: 'return the path of a folder under ctx.workdir' },
      )
    }
    const { path, stats } = await returnedPath(value, await context.workdir())
    if (!stats.isDirectory())
      throw new PipewrightError('OUTPUT_INVALID', `the returned path ${value} is not a folder`, {
        fix: 'return the path of a folder, or declare the output as file()',
      })
    return snapshotDirectory(path, context.blobs)
  }

  decode(artifact: Artifact, context: DecodeContext): Promise<DirectoryHandle> {
    return Promise.resolve(new StoredDirectory(artifact, context))
  }
}

/**
 * A directory: its files by path and content. As an input of a pipeline it is a source, given by path.
 *
 * @example
 * ```ts
 * export const unpack = defineStep({
 *   name: 'unpack',
 *   inputs: { images: directory() },
 *   outputs: { count: z.number() },
 *   run: async ({ images }) => ({ count: (await images.files()).length }),
 * })
 * ```
 */
export function directory(): Kind<DirectoryHandle, string | DirectoryHandle> {
  return new DirectoryKind()
}
