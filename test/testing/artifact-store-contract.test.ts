import { chmod, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ArtifactStore } from 'pipewright'
import { artifactStoreContract } from 'pipewright/testing'
import { describe, test } from 'vitest'
import { openFileStore } from '../../src/store/file-store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { tempFolder } from '../workspace/temp.ts'

describe('a store in memory', () => {
  artifactStoreContract({ create: async () => memoryStore(), test })
})

describe.each([false, true])('a store in files, shared: %s', (shared) => {
  const roots = new WeakMap<ArtifactStore, string>()
  const open = async (root: string): Promise<ArtifactStore> => {
    const store = await openFileStore(root, { shared })
    roots.set(store, root)
    return store
  }
  artifactStoreContract({
    create: async () => open(await tempFolder()),
    reopen: (store) => open(roots.get(store)!),
    damage: async (store, digest) => {
      const path = join(roots.get(store)!, 'objects', digest.slice(7, 9), digest.slice(9))
      await chmod(path, 0o644)
      const bytes = await readFile(path)
      bytes[bytes.length - 1]! ^= 1
      await writeFile(path, bytes)
    },
    shared,
    test,
  })
})
