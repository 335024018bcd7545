import { opendir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { Digest } from '../internal/digest.ts'
import type { SharedEntries } from '../artifact/blob.ts'
import { storeError } from './errors.ts'

/** So many files are read or written at once: more than a disk needs, enough for a network. */
const together = 32

/** Does something with each, some at once; rejects with the first error, after all were tried. */
async function each<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  // One iterator for all workers: each takes what is next.
  const rest = items[Symbol.iterator]()
  const errors: unknown[] = []
  const worker = async (): Promise<void> => {
    for (let next = rest.next(); next.done !== true; next = rest.next()) {
      try {
        await work(next.value)
      } catch (error) {
        errors.push(error)
      }
    }
  }
  await Promise.all(Array.from({ length: together }, worker))
  if (errors.length > 0) throw errors[0] as Error
}

function isMissing(error: unknown): boolean {
  return (error as { code?: unknown }).code === 'ENOENT'
}

/** Shared cache entries as files: `cache/ab/cdef…` by key. `replace` writes one, whole or not at all. */
export function fileEntries(
  root: string,
  replace: (path: string, bytes: Uint8Array) => Promise<void>,
): SharedEntries {
  const folder = join(root, 'cache')
  const pathOf = (key: Digest): string => join(folder, key.slice(7, 9), key.slice(9))
  return {
    get: async (keys) => {
      const found = new Map<Digest, Uint8Array | Error>()
      await each(keys, async (key) => {
        try {
          found.set(key, await readFile(pathOf(key)))
        } catch (error) {
          if (!isMissing(error)) found.set(key, storeError(error, root) as Error)
        }
      })
      return found
    },
    put: (entries) => each(entries, ([key, bytes]) => replace(pathOf(key), bytes)),
    keys: async function* () {
      for await (const shard of await opendir(folder)) {
        if (!shard.isDirectory() || !/^[0-9a-f]{2}$/.test(shard.name)) continue
        for await (const { name } of await opendir(join(folder, shard.name)))
          if (/^[0-9a-f]{62}$/.test(name)) yield `sha256:${shard.name}${name}`
      }
    },
    delete: async (key) => {
      await rm(pathOf(key), { force: true }).catch((error: unknown) => {
        throw storeError(error, root)
      })
    },
  }
}
