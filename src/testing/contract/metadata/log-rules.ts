import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { collect, type MetadataRules } from './case.ts'
import { appendAll, attempt, key, started, succeeded } from './made-events.ts'

/** The log: order, durability, commits that are whole. */
export const logRules = {
  async 'gives events back as they were appended, in order'({ store }) {
    const events = [
      started({ tags: ['ü'] }),
      attempt('a'),
      ...Array.from({ length: 1_200 }, (_, at) => succeeded(`n${at}`)),
    ]
    await appendAll(store, 'r', events)
    await store.append({ run: 'other', at: 1, event: started() })
    const stored = await collect(store.events('r'))
    deepStrictEqual(
      stored.map(({ event }) => event),
      events,
    )
    deepStrictEqual(
      stored.map(({ at, run }) => ({ at, run })),
      events.map((_, at) => ({ at: 1_000 + at, run: 'r' })),
    )
  },

  async 'gives events after a place, and tells the last place'({ store }) {
    strictEqual(await store.lastEvent('r'), 0)
    strictEqual(await store.lastPlace(), 0)
    await appendAll(store, 'r', [started(), attempt('a'), succeeded('a')])
    await store.append({ run: 'other', at: 1, event: started() })
    const stored = await collect(store.events('r'))
    const places = stored.map(({ seq }) => seq)
    deepStrictEqual(
      places,
      places.toSorted((a, b) => a - b),
    )
    strictEqual(new Set(places).size, 3)
    deepStrictEqual(await collect(store.events('r', places[0])), stored.slice(1))
    strictEqual(await store.lastEvent('r'), places[2])
    strictEqual(await store.lastPlace(), (await collect(store.events('other')))[0]!.seq)
    deepStrictEqual(await collect(store.events('nobody')), [])
  },

  async 'goes on with a list while it is written to'({ store }) {
    await appendAll(
      store,
      'r',
      Array.from({ length: 1_100 }, (_, at) => attempt(`n${at}`)),
    )
    const seen: number[] = []
    for await (const { seq } of store.events('r')) {
      seen.push(seq)
      if (seen.length % 200 === 0)
        await store.append({ run: 'other', at: 1, event: attempt(`x${seen.length}`) })
    }
    strictEqual(seen.length, 1_100)
    strictEqual(new Set(seen).size, 1_100)
  },

  async 'keeps metrics that JSON has no numbers for'({ store }) {
    const metrics = { loss: { last: Number.NaN, min: -Infinity, max: Infinity, count: 3 } }
    const event = succeeded('a', { facts: { metrics, params: {}, reports: [] } })
    await appendAll(store, 'r', [started(), event])
    deepStrictEqual((await collect(store.events('r')))[1]!.event, event)
    deepStrictEqual((await store.executions('r'))[0]!.metrics, metrics)
  },

  async 'commits an event and its blobs together'({ store }) {
    const blob = { digest: key('b'), bytes: new Uint8Array([0, 1, 2, 255]) }
    await store.append({ run: 'r', at: 1, event: started({ key: 'k' }), blobs: [blob] })
    deepStrictEqual([...(await store.blob(blob.digest))!], [0, 1, 2, 255])
    // The key is taken: of what cannot be committed no part is there.
    const refused = { digest: key('refused'), bytes: new Uint8Array(1) }
    await rejects(store.append({ run: 's', at: 1, event: started({ key: 'k' }), blobs: [refused] }), {
      code: 'RUN_KEY_CONFLICT',
    })
    strictEqual(await store.blob(refused.digest), undefined)
    deepStrictEqual(await collect(store.events('s')), [])
    strictEqual(await store.detail('s'), undefined)
  },

  async 'refuses one of many at once, and commits the others'({ store }) {
    await store.append({ run: 'r', at: 1, event: started({ key: 'k' }) })
    const settled = await Promise.allSettled([
      store.append({ run: 'a', at: 1, event: started() }),
      store.append({ run: 'b', at: 1, event: started({ key: 'k' }) }),
      store.append({ run: 'c', at: 1, event: started({ key: 'k', pipeline: 'other' }) }),
    ])
    deepStrictEqual(
      settled.map(({ status }) => status),
      ['fulfilled', 'rejected', 'fulfilled'],
    )
    deepStrictEqual((await store.runs()).items.map(({ id }) => id).toSorted(), ['a', 'c', 'r'])
  },

  async 'flushes all that was appended'({ store }) {
    const appended = Array.from({ length: 50 }, (_, at) =>
      store.append({ run: 'r', at, event: attempt(`n${at}`) }),
    )
    await store.flush()
    strictEqual((await collect(store.events('r'))).length, 50)
    await Promise.all(appended)
  },

  async 'refuses all calls once it is closed'({ store }) {
    const last = store.append({ run: 'r', at: 1, event: started() })
    await Promise.all([store.close(), store.close()])
    await last
    for (const work of [
      () => store.append({ run: 'r', at: 1, event: attempt('a') }),
      () => store.runs(),
      () => store.cached(key('k')),
      () => collect(store.events('r')),
    ])
      await rejects(work, { code: 'WORKSPACE_CLOSED' })
  },

  async 'keeps small blobs with their size and their time'({ store }) {
    const blobs = [
      { digest: key('b'), bytes: new Uint8Array(4) },
      { digest: key('empty'), bytes: new Uint8Array(0) },
    ]
    await store.append({ run: 'r', at: 100_000, event: started(), blobs })
    await store.append({ run: 'r', at: 500_000, event: attempt('a'), blobs: [blobs[0]!] })
    const found = await collect(store.smallBlobs())
    deepStrictEqual(
      found.toSorted((a, b) => b.size - a.size),
      [
        { digest: key('b'), size: 4, at: 500_000 },
        { digest: key('empty'), size: 0, at: 100_000 },
      ],
    )
    strictEqual((await store.blob(key('empty')))!.length, 0)
    strictEqual(await store.blob(key('no')), undefined)
  },

  async 'makes the time of small blobs now, and tells which are there'({ store, pass, now }) {
    const digests = Array.from({ length: 1_200 }, (_, at) => key(String(at)))
    const blobs = digests.slice(0, 1_100).map((digest) => ({ digest, bytes: new Uint8Array(1) }))
    await store.append({ run: 'r', at: now(), event: started(), blobs })
    pass(3_600_000)
    deepStrictEqual([...(await store.touchBlobs(digests))].toSorted(), digests.slice(0, 1_100).toSorted())
    for (const { at } of await collect(store.smallBlobs())) strictEqual(at, now())
    strictEqual((await store.touchBlobs([])).size, 0)
  },

  async 'drops a small blob only when its bytes are these'({ store }) {
    const bytes = new Uint8Array([1, 2, 3])
    await store.append({ run: 'r', at: 1, event: started(), blobs: [{ digest: key('b'), bytes }] })
    await store.dropBlob(key('b'), new Uint8Array([1, 2, 4]))
    ok((await store.blob(key('b'))) !== undefined)
    await store.dropBlob(key('b'), bytes)
    strictEqual(await store.blob(key('b')), undefined)
  },
} satisfies MetadataRules
