import { appendFile, chmod, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { ExternalFile } from '../../src/artifact/artifact.ts'
import type { ArtifactStore, StoredBlob } from '../../src/artifact/blob.ts'
import { tempFolder } from '../workspace/temp.ts'

export async function blobsOf(store: ArtifactStore): Promise<StoredBlob[]> {
  const blobs: StoredBlob[] = []
  for await (const blob of store.list()) blobs.push(blob)
  return blobs
}

export async function textOf(stream: Readable): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stream) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}

type Source = { readonly blob: Digest; readonly external?: ExternalFile }

/** Every way to read a blob; each gives its text. */
export const reads: Readonly<Record<string, (store: ArtifactStore, source: Source) => Promise<string>>> = {
  bytes: async (store, source) => Buffer.from(await store.bytes(source)).toString('utf8'),
  stream: (store, source) => textOf(store.stream(source)),
  copyTo: async (store, source) => {
    const path = join(await tempFolder(), 'copy')
    await store.copyTo(source, path)
    return readFile(path, 'utf8')
  },
}

/** Every way to store a text. */
const writes: Readonly<Record<string, (store: ArtifactStore, text: string) => Promise<StoredBlob | object>>> =
  {
    put: (store, text) => store.put(Buffer.from(text)),
    putStream: (store, text) => store.putStream(Readable.from(Array.from(text, (char) => Buffer.from(char)))),
    putFile: async (store, text) => {
      const path = join(await tempFolder(), 'source')
      await writeFile(path, text)
      return store.putFile(path)
    },
  }

/** What every artifact store promises. */
export function storeContract(name: string, make: () => Promise<ArtifactStore>): void {
  describe(`a store ${name}`, () => {
    test.each(Object.entries(writes))('gives back what %s took, in every way', async (_name, write) => {
      const store = await make()
      for (const text of ['hello', '']) {
        expect(await write(store, text)).toEqual({
          digest: sha256(text),
          size: text.length,
        })
        for (const read of Object.values(reads)) expect(await read(store, { blob: sha256(text) })).toBe(text)
      }
    })

    test('equal bytes are one blob', async () => {
      const store = await make()
      for (const write of Object.values(writes)) await write(store, 'hello')
      await store.put(Buffer.from('other'))
      expect((await blobsOf(store)).map(({ digest, size }) => ({ digest, size }))).toEqual(
        expect.arrayContaining([
          { digest: sha256('hello'), size: 5 },
          { digest: sha256('other'), size: 5 },
        ]),
      )
      expect(await blobsOf(store)).toHaveLength(2)
    })

    test('a blob stored again is as young as a new one', async () => {
      const store = await make()
      const before = Date.now()
      await store.put(Buffer.from('hello'))
      const [first] = await blobsOf(store)
      expect(first!.touchedAt).toBeGreaterThan(before - 2_000)
      await new Promise((resolve) => setTimeout(resolve, 20))
      await store.put(Buffer.from('hello'))
      expect((await blobsOf(store))[0]!.touchedAt).toBeGreaterThan(first!.touchedAt)
    })

    test('a deleted blob is gone; deleting it again is no error', async () => {
      const store = await make()
      const { digest } = await store.put(Buffer.from('hello'))
      expect(await store.has(digest)).toBe(true)
      await store.delete(digest)
      await store.delete(digest)
      expect(await store.has(digest)).toBe(false)
      expect(await blobsOf(store)).toEqual([])
      await expect(store.bytes({ blob: digest })).rejects.toMatchObject({ code: 'BLOB_MISSING' })
      await store.put(Buffer.from('hello'))
      expect(await reads.bytes!(store, { blob: digest })).toBe('hello')
    })

    test.each(Object.entries(reads))('%s says what is not there', async (_name, read) => {
      const blob = sha256('nothing')
      await expect(read(await make(), { blob })).rejects.toMatchObject({
        code: 'BLOB_MISSING',
        details: { digest: blob },
      })
    })

    test('a stream of what is not there is quiet until it is read', async () => {
      const stream = (await make()).stream({ blob: sha256('nothing') })
      await new Promise((resolve) => setTimeout(resolve, 20))
      await expect(textOf(stream)).rejects.toMatchObject({ code: 'BLOB_MISSING' })
    })

    test('neither side can change a blob afterwards', async () => {
      const store = await make()
      const given = Buffer.from('hello')
      const { digest } = await store.put(given)
      given.fill(0)
      const got = await store.bytes({ blob: digest })
      got.fill(0)
      const path = join(await tempFolder(), 'copy')
      await store.copyTo({ blob: digest }, path)
      expect((await stat(path)).mode & 0o200).toBe(0o200)
      await writeFile(path, 'a private copy may be changed')
      for (const read of Object.values(reads)) expect(await read(store, { blob: digest })).toBe('hello')
    })

    test('a stream that fills one buffer again and again', async () => {
      const store = await make()
      const buffer = Buffer.alloc(256 * 1024)
      const hash: string[] = []
      async function* chunks() {
        for (const letter of ['a', 'b', 'c', 'd']) {
          buffer.fill(letter)
          hash.push(letter.repeat(buffer.length))
          yield buffer
        }
      }
      const { digest } = await store.putStream(chunks())
      expect(digest).toBe(sha256(hash.join('')))
      expect(await reads.bytes!(store, { blob: digest })).toBe(hash.join(''))
    })

    test('a stream that fails, or does not give bytes, leaves nothing', async () => {
      const store = await make()
      async function* fails() {
        yield Buffer.from('hel')
        throw new Error('no more')
      }
      await expect(store.putStream(fails())).rejects.toThrow('no more')
      await expect(store.putStream(Readable.from(['text']) as never)).rejects.toThrow(TypeError)
      expect(await blobsOf(store)).toEqual([])
    })

    test('any bytes', async () => {
      const store = await make()
      await fc.assert(
        fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 3_000 }), { maxLength: 4 }), async (chunks) => {
          const bytes = Buffer.concat(chunks)
          const { digest, size } = await store.putStream(Readable.from(chunks))
          expect({ digest, size }).toEqual({ digest: sha256(bytes), size: bytes.length })
          expect(await store.put(bytes)).toEqual({ digest, size })
          expect(Buffer.from(await store.bytes({ blob: digest })).equals(bytes)).toBe(true)
        }),
        { numRuns: 40 },
      )
    })

    test('200 equal blobs at once', async () => {
      const store = await make()
      const text = 'x'.repeat(10_000)
      const blobs = await Promise.all(Array.from({ length: 200 }, () => store.put(Buffer.from(text))))
      expect(new Set(blobs.map(({ digest }) => digest))).toEqual(new Set([sha256(text)]))
      expect(await blobsOf(store)).toHaveLength(1)
      expect(await reads.bytes!(store, { blob: sha256(text) })).toBe(text)
    })

    test('a source that is not there is named', async () => {
      const path = join(await tempFolder(), 'nothing')
      await expect((await make()).putFile(path)).rejects.toMatchObject({ code: 'ENOENT', path })
    })

    describe('a referenced file', () => {
      async function referenced(): Promise<{ path: string; source: Source }> {
        const path = join(await tempFolder(), 'large')
        await writeFile(path, 'hello')
        const { mtimeNs } = await stat(path, { bigint: true })
        return {
          path,
          source: { blob: sha256('hello'), external: { path, size: 5, mtimeNs: String(mtimeNs) } },
        }
      }

      test.each(Object.entries(reads))('%s reads it where it is', async (_name, read) => {
        const store = await make()
        expect(await read(store, (await referenced()).source)).toBe('hello')
        expect(await blobsOf(store)).toEqual([])
      })

      test.each([
        ['longer', (path: string) => writeFile(path, 'hello!')],
        ['newer', (path: string) => utimes(path, 1, 1)],
        ['gone', (path: string) => rm(path)],
      ])('that is %s is noticed', async (_name, change) => {
        const store = await make()
        for (const read of Object.values(reads)) {
          const { path, source } = await referenced()
          await change(path)
          await expect(read(store, source)).rejects.toMatchObject({
            code: 'SOURCE_CHANGED',
            details: { path },
          })
        }
      })
    })

    test('a referenced file that changes while it is read is noticed', async () => {
      const store = await make()
      const path = join(await tempFolder(), 'large')
      const size = 4 * 1024 * 1024
      await writeFile(path, Buffer.alloc(size))
      const { mtimeNs } = await stat(path, { bigint: true })
      const stream = store.stream({
        blob: sha256('?'),
        external: { path, size, mtimeNs: String(mtimeNs) },
      })
      let changed = false
      const reading = (async () => {
        for await (const _chunk of stream) {
          if (!changed) await appendFile(path, 'more')
          changed = true
        }
      })()
      await expect(reading).rejects.toMatchObject({ code: 'SOURCE_CHANGED' })
      expect(changed).toBe(true)
    })

    test('a read-only source can be stored, and its copies written', async () => {
      const store = await make()
      const path = join(await tempFolder(), 'source')
      await writeFile(path, 'hello')
      await chmod(path, 0o444)
      const { digest } = await store.putFile(path)
      const copy = join(await tempFolder(), 'copy')
      await store.copyTo({ blob: digest }, copy)
      expect((await stat(copy)).mode & 0o200).toBe(0o200)
    })
  })
}
