import {
  chmod,
  copyFile,
  mkdir,
  open,
  readdir,
  readFile,
  stat,
  truncate,
  utimes,
  writeFile,
} from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { ArtifactStore } from '../../src/artifact/blob.ts'
import { openFileStore, type FileSystem } from '../../src/store/file-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { blobsOf, reads, streamed } from '../../src/testing/contract/blob-access.ts'

const hello = 'hello'.repeat(100)

function place(root: string, digest: Digest): string {
  return join(root, 'objects', digest.slice(7, 9), digest.slice(9))
}

async function* never(): AsyncGenerator<Uint8Array> {}

describe('damaged bytes', () => {
  async function damaged(harm: (path: string) => Promise<void>): Promise<{
    store: ArtifactStore
    blob: Digest
    path: string
  }> {
    const root = await tempFolder()
    const { digest } = await (await openFileStore(root)).put(Buffer.from(hello))
    const path = place(root, digest)
    await chmod(path, 0o644)
    await harm(path)
    return { store: await openFileStore(root), blob: digest, path }
  }

  const flip = async (path: string): Promise<void> => {
    const bytes = await readFile(path)
    bytes[7]! ^= 1
    await writeFile(path, bytes)
  }
  const cut = (path: string): Promise<void> => truncate(path, 100)
  const empty = (path: string): Promise<void> => truncate(path, 0)
  const harms = { 'a flipped bit': flip, 'a truncated file': cut, 'an empty file': empty }

  test.each(
    Object.entries(harms).flatMap(([what, harm]) =>
      Object.entries(reads).map(([name, read]) => [what, name, harm, read] as const),
    ),
  )('%s is found by %s; the bytes make way for right ones', async (_what, _name, harm, read) => {
    const { store, blob, path } = await damaged(harm)
    await expect(read(store, { blob }, await tempFolder())).rejects.toMatchObject({
      code: 'BLOB_CORRUPT',
      details: { digest: blob, place: `${path}.corrupt` },
    })
    expect(await store.has(blob)).toBe(false)
    await store.put(Buffer.from(hello))
    expect(await read(store, { blob }, await tempFolder())).toBe(hello)
    expect((await readdir(join(path, '..'))).toSorted()).toEqual([blob.slice(9), `${blob.slice(9)}.corrupt`])
    expect(await blobsOf(store)).toHaveLength(1)
  })

  test('bytes that were right before are known to be corrupt from then on: the next ones take their place', async () => {
    const root = await tempFolder()
    const store = await openFileStore(root)
    const { digest } = await store.put(Buffer.from(hello))
    expect(Buffer.from(await store.bytes({ blob: digest })).toString()).toBe(hello)
    const path = place(root, digest)
    await chmod(path, 0o644)
    await writeFile(path, 'other bytes')
    await expect(streamed(store.stream({ blob: digest }))).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    // Somebody else puts bad ones there again: that it was right once says nothing of these.
    await writeFile(path, 'other bytes')
    await expect(store.bytes({ blob: digest })).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    await store.put(Buffer.from(hello))
    for (const read of Object.values(reads))
      expect(await read(store, { blob: digest }, await tempFolder())).toBe(hello)
  })

  test('no bad copy is left behind', async () => {
    const { store, blob } = await damaged(flip)
    const folder = await tempFolder()
    await expect(store.copyTo({ blob }, join(folder, 'copy'))).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    expect(await readdir(folder)).toEqual([])
  })

  test('storing the bytes again does not vouch for those that were there', async () => {
    for (const write of [
      (store: ArtifactStore) => store.put(Buffer.from(hello)),
      (store: ArtifactStore) => store.putStream(Readable.from([Buffer.from(hello)])),
    ]) {
      const { store, blob } = await damaged(flip)
      await write(store)
      await expect(store.bytes({ blob })).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
    }
  })

  test('bytes are read again after they were deleted and stored by another process', async () => {
    const root = await tempFolder()
    const store = await openFileStore(root)
    const { digest: blob } = await store.put(Buffer.from(hello))
    await store.delete(blob)
    await (await openFileStore(root)).put(Buffer.from(hello))
    const path = place(root, blob)
    await chmod(path, 0o644)
    await flip(path)
    await expect(store.bytes({ blob })).rejects.toMatchObject({ code: 'BLOB_CORRUPT' })
  })
})

async function allOf<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const item of items) all.push(item)
  return all
}

const fails = (code: string): Promise<never> => Promise.reject(Object.assign(new Error(code), { code }))

describe('a disk', () => {
  /** A file system whose files take so many bytes, in pieces of at most `piece`, and then fail. */
  function small(code: string, room: number, piece = Infinity): Pick<FileSystem, 'open'> {
    return {
      open: async (path, flags, mode) => {
        const file = await open(path, flags, mode)
        let left = room
        return {
          sync: () => file.sync(),
          close: () => file.close(),
          write: (bytes) => {
            if (left === 0) return fails(code)
            const part = bytes.subarray(0, Math.min(left, piece))
            left -= part.byteLength
            return file.write(part)
          },
        }
      },
    }
  }

  async function nothingLeft(root: string, store: ArtifactStore): Promise<void> {
    expect(await readdir(join(root, 'tmp'))).toEqual([])
    expect(await blobsOf(store)).toEqual([])
  }

  test.each([
    ['ENOSPC', 'STORE_FULL'],
    ['EDQUOT', 'STORE_FULL'],
    ['EROFS', 'STORE_READ_ONLY'],
    ['EACCES', 'STORE_READ_ONLY'],
  ])('%s in the middle of a write is %s and leaves nothing', async (code, expected) => {
    for (const room of [0, 7]) {
      const root = await tempFolder()
      const store = await openFileStore(root, small(code, room))
      await expect(store.put(Buffer.from('hello hello'))).rejects.toMatchObject({ code: expected })
      await expect(
        store.putStream(Readable.from([Buffer.from('hello '), Buffer.from('hello')])),
      ).rejects.toMatchObject({ code: expected })
      await nothingLeft(root, store)
    }
  })

  test('the last bytes of a disk: a write that took only some of them is not the whole', async () => {
    const root = await tempFolder()
    const store = await openFileStore(root, small('ENOSPC', 11, 4))
    const { digest } = await store.put(Buffer.from('hello hello'))
    expect(await readFile(place(root, digest), 'utf8')).toBe('hello hello')
    const streamed = await store.putStream(Readable.from([Buffer.from('other'), Buffer.from(' hello')]))
    expect(await readFile(place(root, streamed.digest), 'utf8')).toBe('other hello')
  })

  test.each([
    ['sync', 'ENOSPC', 'STORE_FULL'],
    ['open', 'EROFS', 'STORE_READ_ONLY'],
    ['close', 'EDQUOT', 'STORE_FULL'],
  ])('%s may fail as well', async (which, code, expected) => {
    const root = await tempFolder()
    const store = await openFileStore(root, {
      open: async (path, flags, mode) => {
        if (which === 'open') return fails(code)
        const file = await open(path, flags, mode)
        return {
          write: (bytes) => file.write(bytes),
          sync: () => (which === 'sync' ? fails(code) : file.sync()),
          close: async () => {
            await file.close()
            if (which === 'close') await fails(code)
          },
        }
      },
    })
    await expect(store.put(Buffer.from('hello'))).rejects.toMatchObject({ code: expected })
    await expect(store.putStream(never())).rejects.toMatchObject({ code: expected })
    await nothingLeft(root, store)
  })

  test('that is full while a file is copied', async () => {
    const root = await tempFolder()
    const source = join(await tempFolder(), 'source')
    await writeFile(source, hello)
    const store = await openFileStore(root, {
      // What the real one reports: the source as the path.
      copyFile: async (path, target) => {
        await writeFile(target, 'hel')
        throw Object.assign(new Error('ENOSPC'), {
          code: 'ENOSPC',
          syscall: 'copyfile',
          path,
          dest: target,
        })
      },
    })
    await expect(store.putFile(source)).rejects.toMatchObject({ code: 'STORE_FULL' })
    await nothingLeft(root, store)
  })

  test('a source that changes while it is copied is refused', async () => {
    const root = await tempFolder()
    const source = join(await tempFolder(), 'source')
    await writeFile(source, hello)
    const store = await openFileStore(root, {
      copyFile: async (path, target, mode) => {
        await copyFile(path, target, mode)
        await writeFile(path, 'changed')
      },
    })
    await expect(store.putFile(source)).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
    await nothingLeft(root, store)
  })

  test('a copy that starts late leaves nothing either', async () => {
    const root = await tempFolder()
    const source = await tempFolder()
    const store = await openFileStore(root, {
      copyFile: async (_path, target) => {
        await new Promise((resolve) => setTimeout(resolve, 50))
        await writeFile(target, 'late')
      },
    })
    await expect(store.putFile(source)).rejects.toMatchObject({ code: 'EISDIR' })
    await nothingLeft(root, store)
  })

  test('a copy into a folder that is not there is no missing blob', async () => {
    const root = await tempFolder()
    const { digest: blob } = await (await openFileStore(root)).put(Buffer.from(hello))
    const store = await openFileStore(root)
    for (let i = 0; i < 2; i++) {
      await expect(store.copyTo({ blob }, join(root, 'nothing', 'copy'))).rejects.toMatchObject({
        code: 'ENOENT',
      })
      await store.bytes({ blob })
    }
  })
})

describe('opening', () => {
  test('sweeps what a process that died has left, when it is old', async () => {
    const root = await tempFolder()
    await mkdir(join(root, 'tmp', 'folder'), { recursive: true })
    for (const name of ['old', 'young']) await writeFile(join(root, 'tmp', name), 'x')
    const longAgo = new Date(Date.now() - 48 * 3_600_000)
    for (const name of ['old', 'folder']) await utimes(join(root, 'tmp', name), longAgo, longAgo)
    await openFileStore(root)
    expect(await readdir(join(root, 'tmp'))).toEqual(['young'])
  })

  test('a place that cannot be a folder', async () => {
    const path = join(await tempFolder(), 'file')
    await writeFile(path, 'x')
    await expect(openFileStore(path)).rejects.toThrow()
  })

  test('two stores on one folder see each other’s blobs', async () => {
    const root = await tempFolder()
    const [one, two] = [await openFileStore(root), await openFileStore(root)]
    await Promise.all(
      Array.from({ length: 100 }, (_, i) => (i % 2 === 0 ? one : two).put(Buffer.from(String(i % 10)))),
    )
    expect(await blobsOf(one)).toHaveLength(10)
    expect(await streamed(two.stream({ blob: sha256('0') }))).toBe('0')
    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })

  test('other files among the objects are no blobs', async () => {
    const root = await tempFolder()
    const store = await openFileStore(root)
    const { digest } = await store.put(Buffer.from('hello'))
    await writeFile(join(root, 'objects', '.DS_Store'), 'x')
    await writeFile(join(root, 'objects', 'ab'), 'x')
    await writeFile(`${place(root, digest)}.corrupt`, 'x')
    expect((await blobsOf(store)).map((blob) => blob.digest)).toEqual([digest])
  })
})

test('300 MB pass through without being held', { timeout: 60_000 }, async () => {
  const store = await openFileStore(await tempFolder())
  const chunk = 1024 * 1024
  async function* source() {
    for (let i = 0; i < 300; i++) yield Buffer.alloc(chunk, i)
  }
  const before = process.memoryUsage().rss
  let peak = 0
  const timer = setInterval(() => (peak = Math.max(peak, process.memoryUsage().rss)), 5)
  try {
    const { digest, size } = await store.putStream(source())
    expect(size).toBe(300 * chunk)
    let read = 0
    for await (const part of store.stream({ blob: digest })) read += (part as Buffer).length
    expect(read).toBe(size)
  } finally {
    clearInterval(timer)
  }
  expect(peak).toBeGreaterThan(0)
  expect((peak - before) / chunk).toBeLessThan(120)
})

describe('what is no digest', () => {
  test.each(['sha256:ab/../../../victim', 'sha256:../../victim', '../victim', 'sha256:abcd', ''])(
    'names no file, inside of the store or outside: %s',
    async (name) => {
      const root = join(await tempFolder(), 'store')
      const victim = join(root, '..', 'victim')
      await writeFile(victim, hello)
      const { mtimeMs } = await stat(victim)
      const store = await openFileStore(root)
      const blob = name as Digest
      const refused = { code: 'BLOB_MISSING', message: expect.stringContaining('no digest') as string }
      for (const read of Object.values(reads))
        await expect(read(store, { blob }, await tempFolder())).rejects.toMatchObject(refused)
      await expect(store.touch(blob)).rejects.toMatchObject(refused)
      await expect(store.delete(blob)).rejects.toMatchObject(refused)
      expect(await store.has(blob)).toBe(false)
      expect(await readFile(victim, 'utf8')).toBe(hello)
      expect((await stat(victim)).mtimeMs).toBe(mtimeMs)
    },
  )
})

describe('shared entries', () => {
  const bytes = (text: string): Uint8Array => Buffer.from(text)
  const [a, b, none] = [sha256('a'), sha256('b'), sha256('none')]

  test('a store has them where it is shared, and then all that open it', async () => {
    const root = await tempFolder()
    expect((await openFileStore(root)).entries).toBeUndefined()
    const one = (await openFileStore(root, { shared: true })).entries!
    const two = (await openFileStore(root, { shared: true })).entries!
    await one.put(
      new Map([
        [a, bytes('1')],
        [b, bytes('2')],
      ]),
    )
    expect(await two.get([a, none, b])).toEqual(
      new Map([
        [a, bytes('1')],
        [b, bytes('2')],
      ]),
    )
    await two.put(new Map([[a, bytes('3')]]))
    expect(await one.get([a])).toEqual(new Map([[a, bytes('3')]]))
    expect((await allOf(one.keys())).toSorted()).toEqual([a, b].toSorted())
    await one.delete(a)
    await one.delete(none)
    expect(await allOf(two.keys())).toEqual([b])
    expect(await blobsOf(await openFileStore(root))).toEqual([])
  })

  test('one that cannot be written leaves what was there, and the others are written', async () => {
    const root = await tempFolder()
    await (await openFileStore(root, { shared: true })).entries!.put(new Map([[a, bytes('old')]]))
    const { entries } = await openFileStore(root, {
      shared: true,
      open: async (path, flags, mode) => {
        const file = await open(path, flags, mode)
        return {
          // By what is written: both are written at once.
          write: (part) => (Buffer.from(part).equals(bytes('new')) ? fails('ENOSPC') : file.write(part)),
          sync: () => file.sync(),
          close: () => file.close(),
        }
      },
    })
    const put = entries!.put(
      new Map([
        [a, bytes('new')],
        [b, bytes('other')],
      ]),
    )
    await expect(put).rejects.toMatchObject({ code: 'STORE_FULL' })
    expect(await entries!.get([a, b])).toEqual(
      new Map([
        [a, bytes('old')],
        [b, bytes('other')],
      ]),
    )
    expect(await readdir(join(root, 'tmp'))).toEqual([])
  })

  test('one that cannot be read is told from one that is not there', async () => {
    const root = await tempFolder()
    const entries = (await openFileStore(root, { shared: true })).entries!
    await entries.put(new Map([[b, bytes('2')]]))
    await mkdir(join(root, 'cache', a.slice(7, 9), a.slice(9)), { recursive: true })
    const found = await entries.get([a, none, b])
    expect(found.get(a)).toMatchObject({ code: 'EISDIR' })
    expect([...found.keys()].toSorted()).toEqual([a, b].toSorted())
    expect(found.get(b)).toEqual(bytes('2'))
  })
})
