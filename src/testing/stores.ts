import { Readable } from 'node:stream'
import type { Digest } from '../internal/digest.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { corrupt } from '../store/errors.ts'
import type { TestClock } from './clock.ts'

/** Blobs whose stored bytes count as corrupt until they are removed or written again. */
export class CorruptBlobs {
  readonly #digests = new Set<Digest>()
  readonly #planned = new Map<string, readonly Digest[]>()

  /** Blobs of a node that are corrupt once it has succeeded: not before, their commit would write them again. */
  plan(run: string, node: string, digests: readonly Digest[]): void {
    this.#planned.set(`${run} ${node}`, digests)
  }

  /** A node has succeeded, and is recorded. */
  recorded(run: string, node: string): void {
    for (const digest of this.#planned.get(`${run} ${node}`) ?? []) this.#digests.add(digest)
    this.#planned.delete(`${run} ${node}`)
  }

  has(digest: Digest): boolean {
    return this.#digests.has(digest)
  }

  mended(digest: Digest): void {
    this.#digests.delete(digest)
  }
}

type Methods = Readonly<Record<PropertyKey, unknown>>

/** A port with some methods in place of its own, while whose promises are pending a clock stands still. */
function standIn<Port extends object>(port: Port, clock: TestClock, own: Partial<Port>): Port {
  return new Proxy(port, {
    get(target, name): unknown {
      const stand = (own as Methods)[name] ?? (target as Methods)[name]
      if (typeof stand !== 'function') return stand
      const method = stand as (...args: unknown[]) => unknown
      return (...args: unknown[]): unknown => {
        const result = method.apply(target, args)
        return result instanceof Promise ? clock.during(result) : result
      }
    },
  })
}

/** What stores of a test need beside the store that they stand for. */
export interface StoreWorld {
  readonly clock: TestClock
  readonly corrupt: CorruptBlobs
  /** Throws where the operation is to fail. */
  readonly operation: (operation: 'write' | 'read') => void
}

type Source = Pick<Artifact, 'blob' | 'external'>

/** An artifact store that fails, and whose bytes are corrupt, where a test says so. It stays open. */
export function testStore(
  store: ArtifactStore,
  { clock, corrupt: bad, operation }: StoreWorld,
): ArtifactStore {
  const read = async <T>({ blob, external }: Source, work: () => Promise<T>): Promise<T> => {
    operation('read')
    if (external !== undefined || !bad.has(blob)) return work()
    // Whoever finds corrupt bytes takes them away, as a store of files does.
    await store.delete(blob)
    bad.mended(blob)
    throw corrupt(blob, 'the memory of a test')
  }
  const wrote = async <T extends { readonly digest: Digest }>(work: () => Promise<T>): Promise<T> => {
    operation('write')
    const blob = await work()
    bad.mended(blob.digest)
    return blob
  }
  return standIn(store, clock, {
    put: (bytes) => wrote(() => store.put(bytes)),
    putStream: (stream) => wrote(() => store.putStream(stream)),
    putFile: (path) => wrote(() => store.putFile(path)),
    bytes: (artifact) => read(artifact, () => store.bytes(artifact)),
    copyTo: (artifact, path) => read(artifact, () => store.copyTo(artifact, path)),
    stream: (artifact) =>
      Readable.from(
        (async function* () {
          yield await read(artifact, () => store.bytes(artifact))
        })(),
        { objectMode: false },
      ),
    close: () => Promise.resolve(),
  })
}

/** A metadata store whose small blobs are corrupt where a test says so. It stays open. */
export function testMetadata(
  metadata: MetadataStore,
  { clock, corrupt: bad }: Pick<StoreWorld, 'clock' | 'corrupt'>,
): MetadataStore {
  return standIn(metadata, clock, {
    append: async (event, lease) => {
      await metadata.append(event, lease)
      for (const { digest } of event.blobs ?? []) bad.mended(digest)
      if (event.event.type === 'node.succeeded') bad.recorded(event.run, event.event.node)
    },
    blob: async (digest) => {
      const bytes = await metadata.blob(digest)
      return bytes !== undefined && bad.has(digest) ? new Uint8Array([...bytes, 0]) : bytes
    },
    dropBlob: async (digest, bytes) => {
      const stored = bad.has(digest) ? await metadata.blob(digest) : bytes
      if (stored !== undefined) await metadata.dropBlob(digest, stored)
      bad.mended(digest)
    },
    close: () => Promise.resolve(),
  })
}
