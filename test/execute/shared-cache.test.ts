import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { SharedEntries } from '../../src/artifact/blob.ts'
import { TieredReader } from '../../src/execute/blobs.ts'
import { SharedCache } from '../../src/execute/shared-cache.ts'
import { decodeEntry, encodeEntry } from '../../src/execute/shared-entry.ts'
import type { UsableEntry } from '../../src/record/metadata.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { memoryStore } from '../../src/store/memory-store.ts'
import { artifact } from '../record/support.ts'
import { deferred } from '../workspace/temp.ts'

const [a, b, c] = ['a', 'b', 'c'].map((name) => sha256(name)) as [Digest, Digest, Digest]

function entryOf(key: Digest, more: Partial<UsableEntry> = {}): UsableEntry {
  const facts = { metrics: {}, params: {}, reports: [] }
  return { key, run: 'r', node: 'n', at: 2, startedAt: 1, outputs: {}, facts, small: new Set(), ...more }
}

/** A shared cache in front of entries in memory; `of` is what the workspace has itself. */
async function cache(of: (key: Digest) => UsableEntry = (key) => entryOf(key)) {
  const stored = new Map<Digest, Uint8Array>()
  const entries = {
    get: vi.fn<SharedEntries['get']>((keys) =>
      Promise.resolve(new Map(keys.flatMap((key) => (stored.has(key) ? [[key, stored.get(key)!]] : [])))),
    ),
    put: vi.fn<SharedEntries['put']>((put) => {
      for (const [key, bytes] of put) stored.set(key, bytes)
      return Promise.resolve()
    }),
    keys: () => {
      throw new Error('nobody asks for all')
    },
    delete: () => Promise.resolve(),
  }
  const metadata = await openSqliteMetadata(':memory:')
  onTestFinished(() => metadata.close())
  const cached = vi.fn<(key: Digest) => Promise<UsableEntry>>((key) => Promise.resolve(of(key)))
  const reader = new TieredReader(metadata, memoryStore())
  return { shared: new SharedCache(entries, { ...metadata, cached }, reader), entries, stored, cached }
}

function warnings(): () => string[] {
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => spy.mockRestore())
  return () => spy.mock.calls.map(([message]) => String(message))
}

function stopTimers(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  onTestFinished(() => void vi.useRealTimers())
}

describe('what is offered to a shared cache', () => {
  test('is written, however often it was waited for before', async () => {
    const { shared, stored } = await cache()
    for (const key of [a, b, c]) {
      shared.offer(key)
      await shared.flush()
      expect(stored.has(key)).toBe(true)
    }
    expect(decodeEntry(a, stored.get(a)!)).toMatchObject({ entry: { key: a, at: 2, startedAt: 1 } })
  })

  test('while others are written is written next, and waited for', async () => {
    const { shared, entries, stored } = await cache()
    const slow = deferred<void>()
    entries.put.mockImplementationOnce(() => slow.promise)
    shared.offer(a)
    const first = shared.flush()
    await vi.waitFor(() => expect(entries.put).toHaveBeenCalledTimes(1))
    shared.offer(b)
    const second = shared.flush()
    shared.offer(c)
    slow.resolve()
    await first
    await second
    expect(stored.has(b)).toBe(true)
    await shared.flush()
    expect([...stored.keys()]).toEqual([b, c])
  })

  test('is written although nobody waits', async () => {
    const { shared, entries } = await cache()
    for (const key of [a, b]) {
      shared.offer(key)
      await vi.waitFor(() => expect(entries.put.mock.lastCall?.[0].has(key)).toBe(true))
    }
  })

  test('after a failure is tried again', async () => {
    const told = warnings()
    const { shared, entries, stored } = await cache()
    entries.put.mockRejectedValueOnce(new Error('down'))
    shared.offer(a)
    await shared.flush()
    shared.offer(b)
    await shared.flush()
    expect([...stored.keys()]).toEqual([b])
    expect(told()).toEqual([expect.stringContaining('down')])
  })

  test('and cannot be shared is not looked at again until it is another one', async () => {
    const external = { path: '/data/large.csv', size: 2 ** 31, mtimeNs: '1' }
    let entry = entryOf(a, { at: 5, outputs: { y: { artifact: artifact('y', { external }) } } })
    const { shared, stored, cached } = await cache(() => entry)
    for (let hits = 0; hits < 3; hits++) {
      shared.offer(a, 5)
      await shared.flush()
    }
    expect(cached).toHaveBeenCalledTimes(1)
    expect([...stored.keys()]).toEqual([])
    entry = entryOf(a, { at: 6 })
    shared.offer(a, 6)
    await shared.flush()
    expect([...stored.keys()]).toEqual([a])
  })
})

describe('a shared cache that hangs', () => {
  test('is a miss after 10 s, told once; until it answers nobody waits again', async () => {
    stopTimers()
    const told = warnings()
    const { shared, entries, stored } = await cache()
    stored.set(a, encodeEntry({ entry: entryOf(a), blobs: [] }))
    const slow = deferred<Map<Digest, Uint8Array>>()
    entries.get.mockImplementationOnce(() => slow.promise)
    let found: unknown = 'open'
    void shared.find(a).then((entry) => (found = entry))
    await turn()
    await vi.advanceTimersByTimeAsync(9_900)
    expect(found).toBe('open')
    await vi.advanceTimersByTimeAsync(200)
    expect(found).toBeUndefined()
    expect(await shared.find(a)).toBeUndefined()
    expect(entries.get).toHaveBeenCalledTimes(1)
    expect(told()).toEqual([expect.stringContaining('within 10 s')])
    slow.resolve(new Map())
    await turn()
    expect(await shared.find(a)).toMatchObject({ entry: { key: a } })
  })

  test('is waited for 30 s by a run that ends; what was offered is written when it can be', async () => {
    stopTimers()
    const told = warnings()
    const { shared, entries, stored } = await cache()
    const slow = deferred<void>()
    entries.put.mockImplementationOnce(() => slow.promise)
    let isDone = false
    shared.offer(a)
    void shared.flush().then(() => (isDone = true))
    await vi.advanceTimersByTimeAsync(29_900)
    expect(isDone).toBe(false)
    await vi.advanceTimersByTimeAsync(200)
    expect(isDone).toBe(true)
    shared.offer(b)
    await shared.flush()
    expect(told()).toEqual([expect.stringContaining('within 30 s')])
    slow.resolve()
    await vi.waitFor(() => expect([...stored.keys()]).toEqual([b]))
    await turn()
    shared.offer(c)
    await shared.flush()
    expect(stored.has(c)).toBe(true)
  })
})

test('a shared entry that cannot be read is a miss, told once, and the others of its look-up are hits', async () => {
  const told = warnings()
  const { shared, entries } = await cache()
  const bytes = encodeEntry({ entry: entryOf(b), blobs: [] })
  entries.get.mockResolvedValue(
    new Map<Digest, Uint8Array | Error>([
      [a, new Error('a bad sector')],
      [b, bytes],
    ]),
  )
  const [first, second] = await Promise.all([shared.find(a), shared.find(b)])
  expect(first).toBeUndefined()
  expect(second).toMatchObject({ entry: { key: b } })
  expect(told()).toEqual(['shared cache entries cannot be read: a bad sector'])
})
