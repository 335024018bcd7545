import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import { collect, ended, leaseOf, type MetadataRules } from './case.ts'
import { appendAll, artifact, key, started, succeeded, values } from './made-events.ts'

/** Cache entries. */
export const cacheRules = {
  async 'writes an entry for what ran and may be reused, and for nothing else'({ store }) {
    await appendAll(store, 'r', [
      started(),
      succeeded('a', { key: key('a'), outputs: values({ n: artifact('n') }), startedAt: 900 }),
      succeeded('b', { key: key('b'), uncached: 'effect' }),
      succeeded('c', { key: key('c'), attempt: 0, reused: { run: 'r', node: 'a' } }),
      succeeded('d'),
    ])
    const entries = await collect(store.cacheEntries())
    deepStrictEqual(entries, [
      {
        key: key('a'),
        run: 'r',
        node: 'a',
        at: 1_001,
        startedAt: 900,
        outputs: values({ n: artifact('n') }),
        facts: { metrics: {}, params: {}, reports: [] },
      },
    ])
    const { small, ...entry } = (await store.cached(key('a')))!
    deepStrictEqual([entry, small.size], [entries[0], 0])
    for (const name of ['b', 'c', 'never']) strictEqual(await store.cached(key(name)), undefined)
  },

  async 'puts a later entry in the place of an earlier one'({ store }) {
    for (const run of ['r', 's']) await appendAll(store, run, [started(), succeeded('a', { key: key('k') })])
    strictEqual((await store.cached(key('k')))!.run, 's')
    strictEqual((await collect(store.cacheEntries())).length, 1)
  },

  async 'tells and touches the small blobs of an entry'({ store, pass, now }) {
    const [out, report, large] = [artifact('out'), artifact('report'), artifact('large')]
    const blobs = [out, report].map(({ blob }) => ({ digest: blob, bytes: Buffer.from(blob) }))
    const facts = { metrics: {}, params: {}, reports: [report, large] }
    const event = succeeded('s', { outputs: values({ out }), key: key('k'), facts })
    await store.append({ run: 'r', at: now(), event, blobs })
    pass(3_600_000)
    deepStrictEqual([...(await store.cached(key('k')))!.small].toSorted(), [out.blob, report.blob].toSorted())
    await store.flush()
    for (const { at } of await collect(store.smallBlobs())) strictEqual(at, now())
  },

  async 'forgets an entry until it is written again'({ store }) {
    await appendAll(store, 'r', [started(), succeeded('s', { key: key('k') })])
    await store.forget(key('k'))
    await store.forget(key('never there'))
    strictEqual(await store.cached(key('k')), undefined)
    deepStrictEqual(await collect(store.cacheEntries()), [])
    await store.append({ run: 'r', at: 9, event: succeeded('s', { key: key('k') }) })
    strictEqual((await store.cached(key('k')))!.at, 9)
  },
} satisfies MetadataRules

/** Who executes what, of stores that several processes open. */
export const claimRules = {
  async 'grants a key to one run at a time'({ store, reopened }) {
    const other = await reopened()
    const [a, b] = [await leaseOf(store, 'a'), await leaseOf(other, 'b')]
    const granted = await Promise.all([store.claims!.claim(key('k'), a), other.claims!.claim(key('k'), b)])
    deepStrictEqual(granted.toSorted(), [false, true])
    const [holder, own, waiter, late] = granted[0] ? [store, a, other, b] : [other, b, store, a]
    strictEqual(await holder.claims!.claim(key('k'), own), true, 'its holder has it already')
    strictEqual(await waiter.claims!.claim(key('another'), late), true)
    // What the holder has, nobody else can give back.
    waiter.claims!.release(key('k'), late)
    strictEqual(await waiter.claims!.claim(key('k'), late), false)
    holder.claims!.release(key('k'), own)
    const patience = Date.now() + 5_000
    let given = false
    while (!given && Date.now() < patience) given = await waiter.claims!.claim(key('k'), late)
    ok(given, 'what was given back is granted')
    strictEqual(await holder.claims!.claim(key('k'), own), false)
  },

  async 'ends claims with the lease of their run'({ store, reopened }) {
    const other = await reopened()
    const late = await leaseOf(other, 'late')
    const released = await leaseOf(store, 'released')
    const dead = await leaseOf(store, 'dead', ended())
    for (const lease of [released, dead]) strictEqual(await store.claims!.claim(key(lease.run), lease), true)
    await store.release(released)
    for (const { run } of [released, dead]) strictEqual(await other.claims!.claim(key(run), late), true)
  },
} satisfies MetadataRules
