import { chmod, mkdir, open, readdir, readFile, truncate, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { ArtifactStore, StoredBlob } from '../../src/artifact/blob.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { tempFolder } from '../workspace/temp.ts'

const stores: Readonly<Record<string, () => Promise<ArtifactStore>>> = {
  'in files': async () => openFileStore(await tempFolder()),
  'in memory': () => Promise.resolve(memoryStore()),
}

async function blobsOf(store: ArtifactStore): Promise<StoredBlob[]> {
  const blobs: StoredBlob[] = []
  for await (const blob of store.list()) blobs.push(blob)
  return blobs
}

async function text(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

describe.each(Object.entries(stores))('a store %s', (_name, make) => {
  test('gives back what it took, in every way', async () => {
    const store = await make()
    const folder = await tempFolder()
    await writeFile(join(folder, 'source'), 'hello')
    const blobs = [
      await store.put(Buffer.from('hello')),
      await store.putStream(Readable.from([Buffer.from('he'), Buffer.from('llo')])),
      await store.putFile(join(folder, 'source')),
    ]
    expect(blobs).toEqual(Array.from({ length: 3 }, () => ({ digest: sha256('hello'), size: 5 })))
    const blob = sha256('hello')
    expect(Buffer.from(await store.bytes({ blob })).toString()).toBe('hello')
    expect(await text(store.stream({ blob }))).toBe('hello')
    await store.copyTo({ blob }, join(folder, 'copy'))
    await writeFile(join(folder, 'copy'), 'a private copy may be changed')
    expect(await text(store.stream({ blob }))).toBe('hello')
    const listed = await blobsOf(store)
    expect(listed).toMatchObject([{ digest: blob, size: 5 }])
    expect(await store.has(blob)).toBe(true)
    await store.delete(blob)
    await store.delete(blob)
    expect(await store.has(blob)).toBe(false)
  })

  test('says what is not there', async () => {
    const store = await make()
    const blob = sha256('nothing')
    await expect(store.bytes({ blob })).rejects.toMatchObject({ code: 'BLOB_MISSING' })
    await expect(text(store.stream({ blob }))).rejects.toMatchObject({ code: 'BLOB_MISSING' })
    await expect(store.copyTo({ blob }, join(await tempFolder(), 'x'))).rejects.toMatchObject({
      code: 'BLOB_MISSING',
    })
  })

  test('any bytes, equal ones once', async () => {
    const store = await make()
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 5_000 }), async (bytes) => {
        const { digest } = await store.put(bytes)
        expect(digest).toBe(sha256(bytes))
        expect(Buffer.from(await store.bytes({ blob: digest })).equals(Buffer.from(bytes))).toBe(true)
      }),
      { numRuns: 40 },
    )
  })

  test('200 equal blobs at once', async () => {
    const store = await make()
    const blobs = await Promise.all(
      Array.from({ length: 200 }, () => store.put(Buffer.from('x'.repeat(10_000)))),
    )
    expect(new Set(blobs.map(({ digest }) => digest)).size).toBe(1)
    expect(await blobsOf(store)).toHaveLength(1)
  })
})

describe('files', () => {
  async function damaged(
    harm: (path: string) => Promise<void>,
  ): Promise<{ store: ArtifactStore; blob: Digest; path: string }> {
    const root = await tempFolder()
    const { digest } = await (await openFileStore(root)).put(Buffer.from('hello'.repeat(100)))
    const path = join(root, 'objects', digest.slice(7, 9), digest.slice(9))
    await chmod(path, 0o644)
    await harm(path)
    return { store: await openFileStore(root), blob: digest, path }
  }

  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path)
    bytes[7]! ^= 1
    await writeFile(path, bytes)
  }

  test.each([
    ['a flipped bit', flip],
    ['a truncated file', (path: string) => truncate(path, 100)],
  ])('%s is found by whoever reads first; the bytes make way for right ones', async (_name, harm) => {
    for (const read of [
      (store: ArtifactStore, blob: Digest) => store.bytes({ blob }),
      (store: ArtifactStore, blob: Digest) => text(store.stream({ blob })),
      async (store: ArtifactStore, blob: Digest) => store.copyTo({ blob }, join(await tempFolder(), 'copy')),
    ]) {
      const { store, blob, path } = await damaged(harm)
      await expect(read(store, blob)).rejects.toMatchObject({
        code: 'BLOB_CORRUPT',
        details: { digest: blob },
      })
      expect(await store.has(blob)).toBe(false)
      await store.put(Buffer.from('hello'.repeat(100)))
      expect((await store.bytes({ blob })).length).toBe(500)
      expect((await readdir(join(path, '..'))).toSorted()).toEqual([
        blob.slice(9),
        `${blob.slice(9)}.corrupt`,
      ])
      expect(await blobsOf(store)).toHaveLength(1)
    }
  })

  test.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EACCES', 'STORE_READ_ONLY'],
  ])('%s in the middle of a write is %s and leaves nothing', async (code, expected) => {
    const root = await tempFolder()
    const store = await openFileStore(root, {
      open: async (path, flags, mode) => {
        const file = await open(path, flags, mode)
        return {
          sync: () => file.sync(),
          close: () => file.close(),
          write: () => Promise.reject(Object.assign(new Error(code), { code })),
        }
      },
    })
    await expect(store.put(Buffer.from('hello'))).rejects.toMatchObject({ code: expected })
    await expect(store.putStream(Readable.from([Buffer.from('hello')]))).rejects.toMatchObject({
      code: expected,
    })
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    expect(await blobsOf(store)).toEqual([])
  })

  test('what a process that died has left is swept when it is old', async () => {
    const root = await tempFolder()
    await mkdir(join(root, 'tmp'))
    for (const name of ['old', 'young']) await writeFile(join(root, 'tmp', name), 'x')
    const longAgo = new Date(Date.now() - 48 * 3_600_000)
    await utimes(join(root, 'tmp', 'old'), longAgo, longAgo)
    await openFileStore(root)
    expect(await readdir(join(root, 'tmp'))).toEqual(['young'])
  })

  test('a referenced file that changes is noticed', async () => {
    const path = join(await tempFolder(), 'large')
    await writeFile(path, 'hello')
    const store = await openFileStore(await tempFolder())
    const { mtimeNs } = await (await open(path)).stat({ bigint: true })
    const artifact = { blob: sha256('hello'), external: { path, size: 5, mtimeNs: String(mtimeNs) } }
    expect(await text(store.stream(artifact))).toBe('hello')
    await writeFile(path, 'hello!')
    await expect(store.bytes(artifact)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
  })
})
