import { deepStrictEqual, notStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { appendFile, chmod, readdir, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { setTimeout as sleep } from 'node:timers/promises'
import { sha256, type Digest } from '../../internal/digest.ts'
import type { ArtifactStore } from '../../artifact/blob.ts'
import { blobsOf, reads, streamed, textOf, writes, type Source } from './blob-access.ts'

/** What a rule of the contract of artifact stores is tested with. */
export interface ArtifactStoreCase {
  readonly store: ArtifactStore
  /** A folder of the test. */
  readonly folder: string
  /** The same place, opened once more. */
  readonly reopened: () => Promise<ArtifactStore>
  readonly damage: (store: ArtifactStore, digest: Digest) => Promise<void>
}

type Rule = (given: ArtifactStoreCase) => Promise<void>

const of = (blob: Digest): Source => ({ blob })

async function touchedAt(store: ArtifactStore, digest: Digest): Promise<number> {
  return (await blobsOf(store)).find((blob) => blob.digest === digest)!.touchedAt
}

/** Bytes that repeat nothing, the same in each run. */
function bytesOf(length: number): Buffer {
  const bytes = Buffer.alloc(length)
  let state = length + 1
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    bytes[at] = state >>> 24
  }
  return bytes
}

function* inPieces(bytes: Buffer, size: number): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

const gives =
  (write: keyof typeof writes): Rule =>
  async ({ store, folder }) => {
    for (const text of ['hello', '', 'größer']) {
      const { digest, size } = await writes[write](store, text, folder)
      deepStrictEqual({ digest, size }, { digest: sha256(text), size: Buffer.byteLength(text) })
      for (const read of Object.values(reads))
        strictEqual(await read(store, { blob: sha256(text) }, folder), text)
    }
  }

const tellsWhatIsNotThere =
  (read: keyof typeof reads): Rule =>
  async ({ store, folder }) => {
    const blob = sha256('nothing')
    await rejects(reads[read](store, { blob }, folder), { code: 'BLOB_MISSING' })
    if (read === 'copyTo') deepStrictEqual(await readdir(folder), [], 'no copy is left')
  }

async function referenced(folder: string): Promise<{ path: string; source: Source }> {
  const path = join(folder, 'large')
  await writeFile(path, 'hello')
  const { mtimeNs } = await stat(path, { bigint: true })
  return { path, source: { blob: sha256('hello'), external: { path, size: 5, mtimeNs: String(mtimeNs) } } }
}

const noticesThatItIs =
  (change: (path: string) => Promise<void>): Rule =>
  async ({ store, folder }) => {
    for (const [name, read] of Object.entries(reads)) {
      const { path, source } = await referenced(folder)
      await change(path)
      await rejects(read(store, source, folder), { code: 'SOURCE_CHANGED' }, `${name} did not notice it`)
    }
  }

/** What every artifact store must do. */
export const artifactStoreRules = {
  'gives back what put took': gives('put'),
  'gives back what putStream took': gives('putStream'),
  'gives back what putFile took': gives('putFile'),

  async 'takes bytes of any length, in pieces of any size'({ store }) {
    for (const length of [1, 4_095, 4_096, 4_097, 65_536, 65_537, 1_048_577]) {
      const bytes = bytesOf(length)
      const blob = { digest: sha256(bytes), size: length }
      for (const size of [1_000, 65_536]) {
        const { digest, size: stored } = await store.putStream(Readable.from(inPieces(bytes, size)))
        deepStrictEqual({ digest, size: stored }, blob)
      }
      ok(Buffer.from(await store.bytes({ blob: blob.digest })).equals(bytes), `${length} bytes came back`)
    }
  },

  async 'keeps equal bytes once'({ store, folder }) {
    for (const write of Object.values(writes)) await write(store, 'hello', folder)
    await store.put(Buffer.from('other'))
    const found = (await blobsOf(store)).map(({ digest, size }) => `${digest} ${size}`)
    deepStrictEqual(found.toSorted(), [`${sha256('hello')} 5`, `${sha256('other')} 5`].toSorted())
  },

  async 'takes equal bytes of many writers at once'({ store }) {
    const bytes = bytesOf(10_000)
    const blobs = await Promise.all(Array.from({ length: 200 }, () => store.put(bytes)))
    deepStrictEqual([...new Set(blobs.map(({ digest }) => digest))], [sha256(bytes)])
    strictEqual((await blobsOf(store)).length, 1)
    ok(Buffer.from(await store.bytes(of(sha256(bytes)))).equals(bytes))
  },

  async 'takes many blobs at once'({ store }) {
    const blobs = await Promise.all(
      Array.from({ length: 300 }, (_, at) => store.put(Buffer.from(String(at)))),
    )
    strictEqual((await blobsOf(store)).length, 300)
    for (const [at, { digest }] of blobs.entries())
      strictEqual(textOf(await store.bytes(of(digest))), String(at))
  },

  async 'makes what is stored again as young as what is new'({ store }) {
    const before = Date.now()
    const { digest } = await store.put(Buffer.from('hello'))
    const first = await touchedAt(store, digest)
    // Clocks of file systems are coarse.
    ok(first > before - 2_000)
    await sleep(20)
    await store.put(Buffer.from('hello'))
    ok((await touchedAt(store, digest)) > first)
  },

  async 'makes what is touched as young as what is new'({ store }) {
    const { digest } = await store.put(Buffer.from('hello'))
    const first = await touchedAt(store, digest)
    await sleep(20)
    strictEqual(await store.touch(digest), true)
    ok((await touchedAt(store, digest)) > first)
    strictEqual(await store.touch(sha256('nothing')), false)
  },

  async 'tells what it has'({ store }) {
    const { digest } = await store.put(Buffer.from('hello'))
    strictEqual(await store.has(digest), true)
    strictEqual(await store.has(sha256('nothing')), false)
  },

  async 'deletes for good; once more is no error'({ store }) {
    const { digest } = await store.put(Buffer.from('hello'))
    await store.bytes(of(digest))
    strictEqual(await store.delete(digest), true)
    strictEqual(await store.delete(digest), false)
    strictEqual(await store.has(digest), false)
    deepStrictEqual(await blobsOf(store), [])
    await rejects(store.bytes(of(digest)), { code: 'BLOB_MISSING' })
    await store.put(Buffer.from('hello'))
    strictEqual(textOf(await store.bytes(of(digest))), 'hello')
  },

  async 'does not delete what was used after a time'({ store }) {
    const { digest } = await store.put(Buffer.from('hello'))
    const first = await touchedAt(store, digest)
    strictEqual(await store.delete(digest, first - 1), false)
    await sleep(20)
    await store.touch(digest)
    strictEqual(await store.delete(digest, first), false)
    strictEqual(textOf(await store.bytes(of(digest))), 'hello')
    strictEqual(await store.delete(digest, await touchedAt(store, digest)), true)
  },

  'bytes tells what is not there': tellsWhatIsNotThere('bytes'),
  'stream tells what is not there': tellsWhatIsNotThere('stream'),
  'copyTo tells what is not there': tellsWhatIsNotThere('copyTo'),

  async 'keeps a stream of what is not there quiet until it is read'({ store }) {
    const stream = store.stream({ blob: sha256('nothing') })
    await sleep(20)
    strictEqual(stream.errored, null)
    await rejects(streamed(stream), { code: 'BLOB_MISSING' })
  },

  async 'does not let who stored or read a blob change it'({ store, folder }) {
    const given = Buffer.from('hello')
    const { digest } = await store.put(given)
    given.fill(0)
    ;(await store.bytes(of(digest))).fill(0)
    const path = join(folder, 'copy')
    await store.copyTo(of(digest), path)
    await writeFile(path, 'a private copy may be changed')
    for (const read of Object.values(reads)) strictEqual(await read(store, { blob: digest }, folder), 'hello')
  },

  async 'gives copies that can be written, whatever the source could'({ store, folder }) {
    const path = join(folder, 'source')
    await writeFile(path, 'hello')
    await chmod(path, 0o444)
    const { digest } = await store.putFile(path)
    const copy = join(folder, 'copy')
    await store.copyTo(of(digest), copy)
    notStrictEqual((await stat(copy)).mode & 0o200, 0)
  },

  async 'takes a stream that fills one buffer again and again'({ store }) {
    const buffer = Buffer.alloc(256 * 1024)
    async function* chunks(): AsyncGenerator<Buffer> {
      for (const letter of ['a', 'b', 'c', 'd']) yield buffer.fill(letter)
    }
    const { digest } = await store.putStream(chunks())
    const text = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(buffer.length)).join('')
    strictEqual(digest, sha256(text))
    strictEqual(textOf(await store.bytes(of(digest))), text)
  },

  async 'keeps nothing of a stream that fails'({ store }) {
    async function* fails(): AsyncGenerator<Buffer> {
      yield Buffer.from('hel')
      throw new Error('no more')
    }
    await rejects(store.putStream(fails()), { message: 'no more' })
    deepStrictEqual(await blobsOf(store), [])
  },

  async 'refuses a stream that does not give bytes'({ store }) {
    await rejects(store.putStream(Readable.from(['text']) as AsyncIterable<Uint8Array>), TypeError)
    deepStrictEqual(await blobsOf(store), [])
  },

  async 'names a source that is not there'({ store, folder }) {
    const path = join(folder, 'nothing')
    await rejects(store.putFile(path), { code: 'ENOENT', path })
  },

  async 'reads a referenced file where it is'({ store, folder }) {
    for (const read of Object.values(reads))
      strictEqual(await read(store, (await referenced(folder)).source, folder), 'hello')
    deepStrictEqual(await blobsOf(store), [])
  },

  'notices that a referenced file is longer': noticesThatItIs((path) => writeFile(path, 'hello!')),
  'notices that a referenced file is newer': noticesThatItIs((path) => utimes(path, 1, 1)),
  'notices that a referenced file is gone': noticesThatItIs((path) => rm(path)),

  async 'notices that a referenced file changes while it is read'({ store, folder }) {
    const path = join(folder, 'large')
    const size = 4 * 1024 * 1024
    await writeFile(path, Buffer.alloc(size))
    const { mtimeNs } = await stat(path, { bigint: true })
    const external = { path, size, mtimeNs: String(mtimeNs) }
    let changed = false
    const reading = async (): Promise<void> => {
      for await (const _chunk of store.stream({ blob: sha256('?'), external })) {
        if (!changed) await appendFile(path, 'more')
        changed = true
      }
    }
    await rejects(reading(), { code: 'SOURCE_CHANGED' })
    ok(changed, 'it was being read when it changed')
  },
} satisfies Readonly<Record<string, Rule>>

/** What a store must do that keeps its bytes after it is closed. */
export const reopenedStoreRules = {
  async 'has what was stored when it is opened again'({ store, folder, reopened }) {
    const { digest } = await store.put(Buffer.from('hello'))
    await store.close()
    const again = await reopened()
    for (const read of Object.values(reads)) strictEqual(await read(again, { blob: digest }, folder), 'hello')
    deepStrictEqual(
      (await blobsOf(again)).map((blob) => blob.digest),
      [digest],
    )
  },

  async 'sees what another process stores and deletes'({ store, reopened }) {
    const other = await reopened()
    const blobs = await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        (at % 2 === 0 ? store : other).put(Buffer.from(String(at % 10))),
      ),
    )
    strictEqual((await blobsOf(store)).length, 10)
    const { digest } = blobs[0]!
    strictEqual(textOf(await other.bytes(of(digest))), '0')
    await other.delete(digest)
    strictEqual(await store.has(digest), false)
    await rejects(store.bytes(of(digest)), { code: 'BLOB_MISSING' })
  },
} satisfies Readonly<Record<string, Rule>>

/** What a store must do whose bytes can be damaged. */
export const damagedStoreRules = {
  async 'never gives bytes that are not what was written'({ store, folder, reopened, damage }) {
    for (const [name, read] of Object.entries(reads)) {
      const { digest } = await store.put(Buffer.from(`hello ${name}`))
      await damage(store, digest)
      await rejects(read(await reopened(), { blob: digest }, folder), { code: 'BLOB_CORRUPT' }, name)
    }
    deepStrictEqual(await readdir(folder), [], 'no bad copy is left')
  },

  async 'lets corrupt bytes make way for right ones'({ store, folder, reopened, damage }) {
    const { digest } = await store.put(Buffer.from('hello'))
    await damage(store, digest)
    const again = await reopened()
    await rejects(again.bytes(of(digest)), { code: 'BLOB_CORRUPT' })
    strictEqual(await again.has(digest), false)
    await again.put(Buffer.from('hello'))
    for (const read of Object.values(reads)) strictEqual(await read(again, { blob: digest }, folder), 'hello')
    strictEqual((await blobsOf(again)).length, 1)
  },

  async 'does not vouch for bytes because the same were stored again'({ store, reopened, damage }) {
    const { digest } = await store.put(Buffer.from('hello'))
    await damage(store, digest)
    const again = await reopened()
    await again.put(Buffer.from('hello'))
    const text = await again.bytes(of(digest)).then(textOf, (error: { code?: unknown }) => error.code)
    ok(text === 'hello' || text === 'BLOB_CORRUPT', String(text))
  },
} satisfies Readonly<Record<string, Rule>>

async function entriesOf(store: ArtifactStore): Promise<Digest[]> {
  const keys: Digest[] = []
  for await (const key of store.entries!.keys()) keys.push(key)
  return keys.toSorted()
}

/** What a store must do that workspaces share. */
export const sharedStoreRules = {
  async 'gives shared entries by their keys'({ store }) {
    const [one, two, none] = [sha256('1'), sha256('2'), sha256('none')]
    await store.entries!.put(
      new Map([
        [one, Buffer.from('one')],
        [two, Buffer.from('two')],
      ]),
    )
    const found = await store.entries!.get([two, none, one])
    deepStrictEqual(
      [...found].map(([key, bytes]) => [key, textOf(bytes as Uint8Array)]).toSorted(),
      [
        [one, 'one'],
        [two, 'two'],
      ].toSorted(),
    )
    deepStrictEqual(await entriesOf(store), [one, two].toSorted())
    deepStrictEqual(await blobsOf(store), [], 'an entry is no blob')
  },

  async 'replaces a shared entry as a whole'({ store }) {
    const key = sha256('1')
    await store.entries!.put(new Map([[key, Buffer.from('a longer one')]]))
    await store.entries!.put(new Map([[key, Buffer.from('short')]]))
    strictEqual(textOf((await store.entries!.get([key])).get(key) as Uint8Array), 'short')
    deepStrictEqual(await entriesOf(store), [key])
  },

  async 'removes a shared entry; once more is no error'({ store }) {
    const key = sha256('1')
    await store.entries!.put(new Map([[key, Buffer.from('one')]]))
    await store.entries!.delete(key)
    await store.entries!.delete(key)
    strictEqual((await store.entries!.get([key])).size, 0)
    deepStrictEqual(await entriesOf(store), [])
  },
} satisfies Readonly<Record<string, Rule>>
