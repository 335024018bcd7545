import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { definePipeline, directory, file, list } from 'pipewright'
import { expect, test } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { ArtifactStore } from '../../src/artifact/blob.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { Sources, type SourceWorld } from '../../src/workspace/sources.ts'
import { tempFolder } from './temp.ts'

const text = file('text/plain')
const referenced = file('text/plain', { copy: false })
const pipeline = definePipeline(
  { name: 'p', inputs: { one: text, large: referenced, many: list(text), folder: directory() } },
  () => ({}),
)

/** Long enough after a change for its time to tell of the next one. */
const settled = (): number => Date.now() + 10_000

interface Fixture {
  readonly root: string
  readonly store: ArtifactStore
  /** Paths of files that were read. */
  readonly read: string[]
  /** Reads sources as a process of its own would. */
  readonly sources: (given: Record<string, string | string[]>, now?: () => number) => Promise<Digest[]>
}

async function fixture(): Promise<Fixture> {
  const root = await tempFolder()
  const folder = join(root, '.pipewright')
  const read: string[] = []
  const store = await openFileStore(folder)
  const watched: ArtifactStore = Object.assign(Object.create(store) as ArtifactStore, {
    put: (bytes: Uint8Array) => store.put(bytes),
    touch: (digest: Digest) => store.touch(digest),
    putFile: (path: string) => {
      read.push(path)
      return store.putFile(path)
    },
  })
  const digestOf: SourceWorld['digestOf'] = async (path) => {
    read.push(path)
    return (await store.putFile(path)).digest
  }
  return {
    root,
    store,
    read,
    sources: async (given, now = settled) => {
      read.length = 0
      const values = await new Sources(watched, root, folder, { now, digestOf }).read(pipeline, given, root)
      return Object.values(values).flatMap((value) => {
        const all = 'list' in value ? value.list : [value]
        return all.map((one) => ('artifact' in one ? one.artifact.digest : sha256('none')))
      })
    },
  }
}

test('what was read once is not read again: files, lists, references, directories', async () => {
  const { root, read, sources } = await fixture()
  await mkdir(join(root, 'folder', 'deep'), { recursive: true })
  for (const name of ['a', 'b', 'folder/x', 'folder/deep/y']) await writeFile(join(root, name), name)
  const given = { one: 'a', large: 'b', many: ['a', 'b'], folder: 'folder' }
  const first = await sources(given)
  expect(first.slice(0, 4)).toEqual([sha256('a'), sha256('b'), sha256('a'), sha256('b')])
  expect(read).toHaveLength(4)
  expect(await sources(given)).toEqual(first)
  expect(read).toEqual([])
  // One of them has changed, one is new.
  await writeFile(join(root, 'folder/deep/y'), 'Y')
  await writeFile(join(root, 'folder/z'), 'z')
  const changed = await sources(given)
  expect(changed.slice(0, 4)).toEqual(first.slice(0, 4))
  expect(changed[4]).not.toBe(first[4])
  expect(read.map((path) => path.slice(-1)).toSorted()).toEqual(['y', 'z'])
})

test('other bytes of the same size under an older time are noticed', async () => {
  const { root, read, sources } = await fixture()
  const path = join(root, 'a')
  await writeFile(path, 'AAAA')
  await utimes(path, 1_700_000_000, 1_700_000_000)
  expect(await sources({ one: path })).toEqual([sha256('AAAA')])
  const before = (await stat(path)).ctimeMs
  // The time of the change itself has to be another one: a file system may have coarse clocks.
  do {
    await writeFile(path, 'BBBB')
    await utimes(path, 1_700_000_000, 1_700_000_000)
  } while ((await stat(path)).ctimeMs === before)
  expect(await sources({ one: path })).toEqual([sha256('BBBB')])
  expect(read).toEqual([path])
})

test('a file that was put in the place of another is noticed', async () => {
  const { root, sources } = await fixture()
  const path = join(root, 'a')
  for (const name of [path, `${path}2`]) {
    await writeFile(name, name === path ? 'AAAA' : 'BBBB')
    await utimes(name, 1_700_000_000, 1_700_000_000)
  }
  expect(await sources({ large: path })).toEqual([sha256('AAAA')])
  await rename(`${path}2`, path)
  expect(await sources({ large: path })).toEqual([sha256('BBBB')])
})

test.each([
  ['it was written', undefined],
  ['its time was set back', 1_700_000_000],
])('a file is not trusted within two seconds after %s', async (_what, time) => {
  const { root, read, sources } = await fixture()
  const path = join(root, 'a')
  await writeFile(path, 'AAAA')
  if (time !== undefined) await utimes(path, time, time)
  const { ctimeMs } = await stat(path)
  for (const soon of [0, 1_900]) {
    await sources({ one: path }, () => ctimeMs + soon)
    expect(read).toEqual([path])
  }
  await sources({ one: path }, () => ctimeMs + 2_100)
  expect(read).toEqual([path])
  await sources({ one: path }, () => ctimeMs + 2_100)
  expect(read).toEqual([])
})

test('a copy that is gone from the store is made again', async () => {
  const { root, store, read, sources } = await fixture()
  await mkdir(join(root, 'folder'))
  const path = join(root, 'folder', 'a')
  await writeFile(path, 'AAAA')
  for (const given of [{ one: path }, { folder: 'folder' }]) {
    await sources(given)
    await store.delete(sha256('AAAA'))
    await sources(given)
    expect(read).toEqual([path])
    expect(await store.has(sha256('AAAA'))).toBe(true)
  }
})

test('a copy that is found is spared by the next collection', async () => {
  const { root, store, read, sources } = await fixture()
  const path = join(root, 'a')
  await writeFile(path, 'AAAA')
  await sources({ one: path })
  const digest = sha256('AAAA')
  const blob = join(root, '.pipewright', 'objects', digest.slice(7, 9), digest.slice(9))
  await utimes(blob, 1_700_000_000, 1_700_000_000)
  await sources({ one: path })
  expect(read).toEqual([])
  expect(await store.delete(digest, Date.now() - 60_000)).toBe(false)
})

test('what is remembered may be torn, lost, or of another format: the files are read again', async () => {
  const { root, read, sources } = await fixture()
  const path = join(root, 'a')
  await writeFile(path, 'AAAA')
  await sources({ one: path })
  const place = join(root, '.pipewright', 'sources')
  const [name] = await readdir(place)
  const remembered = join(place, name!)
  const entry = [4, '0', '0', '0', '0', 'no digest']
  for (const content of [
    '',
    '{"format":1,"folder',
    'null',
    '{"format":99}',
    JSON.stringify({ format: 1, folder: dirname(path), files: [['a', entry], 7, null] }),
    undefined,
  ]) {
    if (content === undefined) await rm(place, { recursive: true })
    else await writeFile(remembered, content)
    expect(await sources({ one: path })).toEqual([sha256('AAAA')])
    expect(read).toEqual([path])
    await sources({ one: path })
    expect(read).toEqual([])
  }
})

test('many at once, in one folder of what is remembered', async () => {
  const { root, sources, read } = await fixture()
  const paths = Array.from({ length: 20 }, (_, n) => join(root, `f${n}`))
  for (const path of paths) await writeFile(path, path)
  await Promise.all(paths.map((path) => sources({ one: path })))
  expect(await sources({ many: paths })).toEqual(paths.map((path) => sha256(path)))
  await sources({ many: paths })
  expect(read).toEqual([])
  expect(await readdir(join(root, '.pipewright', 'sources'))).toHaveLength(1)
})
