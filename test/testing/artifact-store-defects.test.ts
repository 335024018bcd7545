import { chmod, copyFile, readFile, truncate, writeFile } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { PipewrightError, type ArtifactStore, type Digest } from 'pipewright'
import { artifactStoreContract, type ArtifactStoreRule } from 'pipewright/testing'
import { sha256 } from '../../src/internal/digest.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { tempFolder } from '../workspace/temp.ts'
import { changed, failsOnEachDefect } from './planted-defects.ts'

type Defect = (store: ArtifactStore, root: string) => Partial<ArtifactStore>

const bytesOf = async (stream: AsyncIterable<Uint8Array>): Promise<Buffer> => {
  const chunks: Uint8Array[] = []
  for await (const chunk of stream) chunks.push(Uint8Array.from(Buffer.from(chunk)))
  return Buffer.concat(chunks)
}
const empty = (): Readable => Readable.from([], { objectMode: false })
const missing = (digest: Digest): PipewrightError =>
  new PipewrightError('BLOB_MISSING', 'it is not there', { fix: 'none', details: { digest } })
const pathOf = (root: string, digest: Digest): string =>
  `${root}/objects/${digest.slice(7, 9)}/${digest.slice(9)}`
/** Reads a file that is referenced as whatever it is by now. */
const trusting: Defect = (store) => ({
  bytes: (source) => (source.external ? readFile(source.external.path) : store.bytes(source)),
})
/** Gives bytes as they are on the disk. */
const unverified: Defect = (_store, root) => ({ bytes: ({ blob }) => readFile(pathOf(root, blob)) })
const defects: Readonly<Record<ArtifactStoreRule, Defect>> = {
  'gives back what put took': (store) => ({ put: (bytes) => store.put(bytes.subarray(0, 4)) }),
  'gives back what putStream took': (store) => ({
    putStream: async (stream) => {
      const { digest, size } = await store.putStream(stream)
      return { digest, size: size + 1 }
    },
  }),
  'gives back what putFile took': (store) => ({
    putFile: async (path) => store.put(Buffer.from((await readFile(path)).toString('latin1'))),
  }),
  'takes bytes of any length, in pieces of any size': (store) => ({
    putStream: async (stream) => store.put((await bytesOf(stream)).subarray(0, 65_536)),
  }),
  'keeps equal bytes once': (store) => ({
    list: async function* () {
      yield* store.list()
      yield* store.list()
    },
  }),
  'takes equal bytes of many writers at once': (store) => {
    let writers = 0
    return {
      put: async (bytes) => {
        // Who meets another writer takes its bytes for others.
        const isAlone = ++writers === 1
        const blob = await store.put(isAlone ? bytes : Buffer.concat([bytes, Buffer.from('2')]))
        writers--
        return blob
      },
    }
  },
  'takes many blobs at once': (store) => {
    let last: Uint8Array
    return {
      put: async (bytes) => {
        last = bytes
        await Promise.resolve()
        return store.put(last)
      },
    }
  },
  'makes what is stored again as young as what is new': (store) => ({
    put: async (bytes) => {
      const digest = sha256(bytes)
      return (await store.has(digest)) ? { digest, size: bytes.length } : store.put(bytes)
    },
  }),
  'makes what is touched as young as what is new': (store) => ({ touch: (digest) => store.has(digest) }),
  'tells what it has': () => ({ has: async () => true }),
  'deletes for good; once more is no error': () => ({ delete: async () => true }),
  'does not delete what was used after a time': (store) => ({ delete: (digest) => store.delete(digest) }),
  'bytes tells what is not there': (store) => ({
    bytes: async (source) => ((await store.has(source.blob)) ? store.bytes(source) : Buffer.alloc(0)),
  }),
  'stream tells what is not there': () => ({ stream: empty }),
  'copyTo tells what is not there': (store) => ({
    copyTo: async (source, path) => {
      await writeFile(path, '')
      if (!(await store.has(source.blob))) throw missing(source.blob)
      await store.copyTo(source, path)
    },
  }),
  'keeps a stream of what is not there quiet until it is read': (store) => ({
    stream: (source) => {
      // It is already at work: its error comes before anybody asks.
      const stream = store.stream(source)
      stream.on('error', () => undefined)
      stream.resume()
      return stream
    },
  }),
  'does not let who stored or read a blob change it': () => {
    const kept = new Map<Digest, Uint8Array>()
    return {
      put: async (bytes) => {
        kept.set(sha256(bytes), bytes)
        return { digest: sha256(bytes), size: bytes.length }
      },
      bytes: async ({ blob }) => kept.get(blob)!,
    }
  },
  'gives copies that can be written, whatever the source could': (_store, root) => ({
    copyTo: ({ blob }, path) => copyFile(pathOf(root, blob), path),
  }),
  'takes a stream that fills one buffer again and again': (store) => ({
    putStream: async (stream) => {
      const chunks: Uint8Array[] = []
      for await (const chunk of stream) chunks.push(chunk)
      return store.put(Buffer.concat(chunks))
    },
  }),
  'keeps nothing of a stream that fails': (store) => ({
    putStream: async (stream) => {
      const chunks: Uint8Array[] = []
      try {
        for await (const chunk of stream) chunks.push(chunk)
      } finally {
        await store.put(Buffer.concat(chunks))
      }
      return store.put(Buffer.concat(chunks))
    },
  }),
  'refuses a stream that does not give bytes': (store) => ({
    putStream: async (stream) => store.put(await bytesOf(stream)),
  }),
  'names a source that is not there': (store) => ({
    putFile: (path) => store.putFile(path).catch(() => store.put(Buffer.alloc(0))),
  }),
  'reads a referenced file where it is': (store) => ({
    bytes: async (source) => {
      if (source.external !== undefined) await store.putFile(source.external.path)
      return store.bytes(source)
    },
  }),
  'notices that a referenced file is longer': trusting,
  'notices that a referenced file is newer': trusting,
  'notices that a referenced file is gone': (store) => ({
    bytes: async (source) => readFile(source.external!.path).catch(() => store.bytes({ blob: source.blob })),
  }),
  'notices that a referenced file changes while it is read': (store) => ({
    stream: (source) =>
      Readable.from(
        (async function* () {
          try {
            yield* store.stream(source)
          } catch {
            // It ends as if it were whole.
          }
        })(),
      ),
  }),
  'has what was stored when it is opened again': () => {
    const kept = new Map<Digest, Uint8Array>()
    return {
      put: async (bytes) => {
        kept.set(sha256(bytes), bytes)
        return { digest: sha256(bytes), size: bytes.length }
      },
    }
  },
  'sees what another process stores and deletes': (store) => {
    const known = new Set<Digest>()
    return {
      put: async (bytes) => {
        const blob = await store.put(bytes)
        known.add(blob.digest)
        return blob
      },
      has: async (digest) => known.has(digest) || store.has(digest),
    }
  },
  'never gives bytes that are not what was written': unverified,
  'lets corrupt bytes make way for right ones': (store) => ({
    has: (digest) => store.has(digest).then(() => true),
  }),
  'does not vouch for bytes because the same were stored again': unverified,
  'gives shared entries by their keys': (store) => ({
    entries: changed(store.entries!, {
      get: async (keys) => new Map([...(await store.entries!.get(keys))].slice(0, 1)),
    }),
  }),
  'replaces a shared entry as a whole': (store) => ({
    entries: changed(store.entries!, {
      put: async (entries) => {
        for (const [key, bytes] of entries) {
          const before = (await store.entries!.get([key])).get(key) as Uint8Array | undefined
          const rest = before?.subarray(bytes.length) ?? new Uint8Array(0)
          await store.entries!.put(new Map([[key, Buffer.concat([bytes, rest])]]))
        }
      },
    }),
  }),
  'removes a shared entry; once more is no error': (store) => ({
    entries: changed(store.entries!, { delete: async () => undefined }),
  }),
}

failsOnEachDefect(defects, (defect, test) => {
  const roots = new WeakMap<ArtifactStore, string>()
  const open = async (root: string): Promise<ArtifactStore> => {
    const whole = await openFileStore(root, { shared: true })
    const store = changed(whole, defect(whole, root))
    roots.set(store, root)
    return store
  }
  artifactStoreContract({
    create: async () => open(await tempFolder()),
    reopen: (store) => open(roots.get(store)!),
    damage: async (store, digest) => {
      const path = pathOf(roots.get(store)!, digest)
      await chmod(path, 0o644)
      await truncate(path, 1)
    },
    shared: true,
    test,
  })
})
