import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { CommitWriter, TieredReader } from '../../src/execute/blobs.ts'
import type { Digest } from '../../src/internal/digest.ts'
import { memoryStore } from '../../src/store/memory-store.ts'

const small = new Map<Digest, Uint8Array>()
const metadata = {
  blob: (digest: Digest) => Promise.resolve(small.get(digest)),
  dropBlob: () => Promise.resolve(),
}

beforeEach(() => void vi.useFakeTimers({ toFake: ['Date'] }))
afterEach(() => {
  vi.useRealTimers()
  small.clear()
})

function later(milliseconds: number): void {
  vi.setSystemTime(Date.now() + milliseconds)
}

describe('blobs of both stores', () => {
  test('a small one that was removed is not read from memory for long', async () => {
    const store = memoryStore()
    const reader = new TieredReader(metadata, store)
    const writer = new CommitWriter(store, reader)
    const { digest } = await writer.put(Buffer.from('x'))
    expect(await reader.bytes({ blob: digest })).toHaveLength(1)
    small.set(digest, Buffer.from('x'))
    later(61_000)
    expect(await reader.bytes({ blob: digest })).toHaveLength(1)
    small.delete(digest)
    expect(await reader.bytes({ blob: digest })).toHaveLength(1)
    later(61_000)
    await expect(reader.bytes({ blob: digest })).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  })

  test('a small one that waits for its commit can be read, however long it has waited', async () => {
    const store = memoryStore()
    const reader = new TieredReader(metadata, store)
    const writer = new CommitWriter(store, reader)
    const { digest } = await writer.put(Buffer.from('x'))
    later(61_000)
    await writer.refresh()
    expect(await reader.bytes({ blob: digest })).toHaveLength(1)
  })

  test('large ones that were written a while before the commit are touched, or found missing', async () => {
    const store = memoryStore()
    const writer = new CommitWriter(store, new TieredReader(metadata, store))
    const { digest } = await writer.put(new Uint8Array(10_000))
    await writer.refresh()
    later(61_000)
    const before = Date.now() - 1
    await writer.refresh()
    expect(await store.delete(digest, before)).toBe(false)
    expect(await store.delete(digest)).toBe(true)
    await expect(writer.refresh()).rejects.toMatchObject({ code: 'BLOB_MISSING' })
  })
})
