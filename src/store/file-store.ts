import { createReadStream, constants as fsConstants } from 'node:fs'
import { chmod, copyFile, mkdir, open, opendir, rename, rm, stat, unlink, utimes } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { Readable } from 'node:stream'
import { DigestStream, isDigest, sha256, type Digest } from '../internal/digest.ts'
import type { PipewrightError } from '../internal/error.ts'
import { uuidv7 } from '../internal/id.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore, Blob, SharedEntries, StoredBlob, StorePlace } from '../artifact/blob.ts'
import { fileEntries } from './entry-files.ts'
import { corrupt, missing, noDigest, sourceChanged, storeError } from './errors.ts'
import { externalChunks } from './external.ts'
import { wholeFile } from './whole-file.ts'

const chunkSize = 1024 * 1024
const staleTemporary = 24 * 60 * 60 * 1_000

type BlobSource = Pick<Artifact, 'blob' | 'external'>

/** What writing a blob needs of an open file. */
export interface WritableFile {
  /** May write less than it was given, as the system call may. */
  write(bytes: Uint8Array): Promise<{ readonly bytesWritten: number }>
  sync(): Promise<void>
  close(): Promise<void>
}

/** What writing a blob needs of the file system; a test puts a full disk in its place. */
export interface FileSystem {
  open(path: string, flags: string, mode: number): Promise<WritableFile>
  copyFile(source: string, target: string, mode: number): Promise<void>
}

const realFileSystem: FileSystem = { open, copyFile }

/** How a store is opened; the file system is for tests. */
export interface FileStoreOptions extends Partial<FileSystem> {
  /** Several workspaces use the folder, and share what they have cached. */
  readonly shared?: boolean
}

/** Whether a system call failed for want of rights, or on a file system that cannot be written. */
function isRefused(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS'].includes((error as { code?: string }).code ?? '')
}

/** Writes all bytes: a disk that is nearly full takes a part of them first and says so only when asked again. */
async function writeAll(file: Pick<WritableFile, 'write'>, bytes: Uint8Array): Promise<void> {
  let rest = bytes
  while (rest.byteLength > 0) rest = rest.subarray((await file.write(rest)).bytesWritten)
}

/**
 * Keeps blobs as files: `objects/ab/cdef…` by digest. A blob is written beside its place, synced and renamed,
 * so that it is there whole or not at all; equal blobs are one file.
 */
class FileStore implements ArtifactStore {
  readonly entries?: SharedEntries
  readonly #root: string
  readonly #fs: FileSystem
  /** Read, or written, and found right by this process. */
  readonly #verified = new Set<Digest>()
  readonly #shards = new Set<string>()

  readonly place?: StorePlace

  constructor(root: string, fs: FileSystem, shared: boolean) {
    this.#root = root
    // What a test puts in the place of the file system is nowhere else.
    if (fs === realFileSystem) this.place = { folder: resolve(root), shared }
    this.#fs = fs
    if (shared) this.entries = fileEntries(root, (path, bytes) => this.#replace(path, bytes))
  }

  async put(bytes: Uint8Array): Promise<Blob> {
    const digest = sha256(bytes)
    if (!(await this.touch(digest))) {
      await this.#write(async (file) => {
        await writeAll(file, bytes)
        return digest
      })
    }
    return { digest, size: bytes.byteLength }
  }

  async putStream(stream: AsyncIterable<Uint8Array>): Promise<Blob> {
    let size = 0
    const digest = await this.#write(async (file) => {
      const hash = new DigestStream()
      for await (const chunk of stream) {
        if (!(chunk instanceof Uint8Array)) throw new TypeError(`a chunk of the stream is a ${typeof chunk}`)
        size += chunk.byteLength
        // Another thread writes while this one hashes. The next chunk is asked for when both are done: a stream may
        // hand out the same buffer again.
        const writing = writeAll(file, chunk)
        hash.update(chunk)
        await writing
      }
      return hash.digest()
    })
    return { digest, size }
  }

  /**
   * The file system copies (or reflinks) while this thread hashes the source; a source that changed meanwhile is
   * refused, so that both have seen the same bytes.
   */
  async putFile(path: string): Promise<Blob> {
    const before = await stat(path, { bigint: true })
    const temporary = join(this.#root, 'tmp', uuidv7())
    const copying = this.#fs.copyFile(path, temporary, fsConstants.COPYFILE_FICLONE)
    copying.catch(() => undefined)
    try {
      const hash = new DigestStream()
      for await (const chunk of createReadStream(path, { highWaterMark: chunkSize }))
        hash.update(chunk as Uint8Array)
      await copying
      const after = await stat(path, { bigint: true })
      if (after.size !== before.size || after.mtimeNs !== before.mtimeNs || after.ctimeNs !== before.ctimeNs)
        throw sourceChanged(path)
      const digest = hash.digest()
      await chmod(temporary, 0o444)
      await syncPath(temporary)
      await this.#place(temporary, digest)
      return { digest, size: Number(before.size) }
    } catch (error) {
      // Else a copy that has not begun yet would come after the removal.
      await copying.catch(() => undefined)
      await rm(temporary, { force: true }).catch(() => undefined)
      // What is wrong with the source is the caller's to name; a copy that fails names it too, but it was read.
      const { path: named, syscall } = error as { path?: unknown; syscall?: unknown }
      if (named === path && syscall !== 'copyfile') throw error
      throw storeError(error, this.#root)
    }
  }

  async bytes(artifact: BlobSource): Promise<Uint8Array> {
    if (artifact.external !== undefined) {
      const chunks: Uint8Array[] = []
      for await (const chunk of this.stream(artifact)) chunks.push(chunk as Uint8Array)
      return Buffer.concat(chunks)
    }
    const { blob } = artifact
    const bytes = await wholeFile(this.#path(blob)).catch((error: unknown) => this.#failed(blob, error))
    if (!this.#verified.has(blob)) {
      if (sha256(bytes) !== blob) throw await this.#setAside(blob)
      this.#verified.add(blob)
    }
    return bytes
  }

  stream(artifact: BlobSource): Readable {
    return Readable.from(
      artifact.external === undefined
        ? this.#verifiedChunks(artifact.blob)
        : externalChunks(artifact.external),
      { objectMode: false },
    )
  }

  async copyTo(artifact: BlobSource, path: string): Promise<void> {
    const { blob, external } = artifact
    if (external === undefined && this.#verified.has(blob)) {
      try {
        await copyFile(this.#path(blob), path, fsConstants.COPYFILE_FICLONE)
      } catch (error) {
        if (await this.has(blob)) throw storeError(error, dirname(path))
        this.#failed(blob, error)
      }
      await chmod(path, 0o644)
      return
    }
    const file = await open(path, 'w').catch((error: unknown) => {
      throw storeError(error, dirname(path))
    })
    try {
      for await (const chunk of this.stream(artifact)) await writeAll(file, chunk as Uint8Array)
    } catch (error) {
      // Nobody shall take half a copy, or a bad one, for the whole.
      await rm(path, { force: true }).catch(() => undefined)
      throw storeError(error, dirname(path))
    } finally {
      await file.close()
    }
  }

  async has(digest: Digest): Promise<boolean> {
    try {
      await stat(this.#path(digest))
      return true
    } catch {
      return false
    }
  }

  async touch(digest: Digest): Promise<boolean> {
    const now = new Date()
    try {
      await utimes(this.#path(digest), now, now)
      return true
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return false
      // A file of somebody else: its time is theirs.
      if (this.entries !== undefined && isRefused(error)) return this.has(digest)
      throw storeError(error, this.#root)
    }
  }

  async *list(): AsyncGenerator<StoredBlob> {
    for await (const shard of await opendir(join(this.#root, 'objects'))) {
      if (!shard.isDirectory() || !/^[0-9a-f]{2}$/.test(shard.name)) continue
      for await (const entry of await opendir(join(this.#root, 'objects', shard.name))) {
        if (!/^[0-9a-f]{62}$/.test(entry.name)) continue
        const digest: Digest = `sha256:${shard.name}${entry.name}`
        const found = await stat(this.#path(digest)).catch(() => undefined)
        if (found !== undefined) yield { digest, size: found.size, touchedAt: found.mtimeMs }
      }
    }
  }

  /**
   * Moves the blob away before it looks at its time: whoever wants to use it meanwhile finds it missing, and does
   * not touch what is about to go.
   */
  async delete(digest: Digest, untouchedSince?: number): Promise<boolean> {
    const path = this.#path(digest)
    const aside = join(this.#root, 'tmp', uuidv7())
    try {
      await rename(path, aside)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'ENOENT') return false
      throw storeError(error, this.#root)
    }
    if (untouchedSince !== undefined && (await stat(aside)).mtimeMs > untouchedSince) {
      await rename(aside, path)
      return false
    }
    this.#verified.delete(digest)
    await rm(aside, { force: true })
    return true
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #path(digest: Digest): string {
    if (!isDigest(digest)) throw noDigest(digest)
    return join(this.#root, 'objects', digest.slice(7, 9), digest.slice(9))
  }

  async #write(fill: (file: WritableFile) => Promise<Digest>): Promise<Digest> {
    const temporary = join(this.#root, 'tmp', uuidv7())
    try {
      const file = await this.#fs.open(temporary, 'wx', 0o444)
      let digest: Digest
      try {
        digest = await fill(file)
        await file.sync()
      } finally {
        await file.close()
      }
      // Bytes that were there before have not been read.
      if (await this.#place(temporary, digest)) this.#verified.add(digest)
      return digest
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw storeError(error, this.#root)
    }
  }

  /** Moves a synced temporary file to the place of its digest; false if that is taken. */
  async #place(temporary: string, digest: Digest): Promise<boolean> {
    if (await this.touch(digest)) {
      await unlink(temporary)
      return false
    }
    const path = this.#path(digest)
    await this.#makeShard(dirname(path))
    await rename(temporary, path)
    await syncPath(dirname(path))
    return true
  }

  /** Puts a file in the place of one that may be there: whole or not at all. */
  async #replace(path: string, bytes: Uint8Array): Promise<void> {
    const temporary = join(this.#root, 'tmp', uuidv7())
    try {
      const file = await this.#fs.open(temporary, 'wx', 0o444)
      try {
        await writeAll(file, bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await this.#makeShard(dirname(path))
      await rename(temporary, path)
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined)
      throw storeError(error, this.#root)
    }
  }

  async #makeShard(folder: string): Promise<void> {
    if (this.#shards.has(folder)) return
    await mkdir(folder, { recursive: true })
    await syncPath(dirname(folder))
    this.#shards.add(folder)
  }

  async *#verifiedChunks(blob: Digest): AsyncGenerator<Uint8Array> {
    const hash = new DigestStream()
    const source = createReadStream(this.#path(blob), { highWaterMark: chunkSize })
    try {
      for await (const chunk of source) {
        hash.update(chunk as Uint8Array)
        yield chunk as Uint8Array
      }
    } catch (error) {
      this.#failed(blob, error)
    }
    if (hash.digest() !== blob) throw await this.#setAside(blob)
    this.#verified.add(blob)
  }

  /** Corrupt bytes make way for right ones: the step that made them can run again. */
  async #setAside(blob: Digest): Promise<PipewrightError> {
    const path = this.#path(blob)
    const aside = `${path}.corrupt`
    this.#verified.delete(blob)
    const place = await rename(path, aside).then(
      () => aside,
      () => path,
    )
    return corrupt(blob, place)
  }

  #failed(digest: Digest, error: unknown): never {
    throw (error as { code?: unknown }).code === 'ENOENT'
      ? missing(digest, error)
      : storeError(error, this.#root)
  }
}

async function syncPath(path: string): Promise<void> {
  const handle = await open(path, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function removeStale(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name)
    const found = await stat(path).catch(() => undefined)
    if (found === undefined || found.mtimeMs >= Date.now() - staleTemporary) continue
    // A store that can only be read may keep them.
    await rm(path, { recursive: true, force: true }).catch(() => undefined)
  }
}

/** Opens a store of files under a folder, which is made if it is not there. Throws `STORE_READ_ONLY`. */
export async function openFileStore(
  root: string,
  { shared = false, ...fs }: FileStoreOptions = {},
): Promise<ArtifactStore> {
  try {
    await mkdir(join(root, 'objects'), { recursive: true })
    await mkdir(join(root, 'tmp'), { recursive: true })
    if (shared) await mkdir(join(root, 'cache'), { recursive: true })
    await removeStale(join(root, 'tmp'))
  } catch (error) {
    // What is there to be read is of use also to those who may not write.
    if (!shared || !isRefused(error) || !(await isThere(join(root, 'objects')))) throw storeError(error, root)
  }
  const isReal = Object.keys(fs).length === 0
  return new FileStore(root, isReal ? realFileSystem : { ...realFileSystem, ...fs }, shared)
}

async function isThere(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  )
}
