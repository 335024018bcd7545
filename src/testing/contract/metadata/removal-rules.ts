import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { ChosenRun, MetadataStore } from '../../../record/metadata.ts'
import { collect, leaseOf, type MetadataRules } from './case.ts'
import { modelOf } from './lineage-rules.ts'
import { appendAll, artifact, finished, key, started, succeeded, values } from './made-events.ts'

async function chosen(store: MetadataStore, run: string): Promise<ChosenRun> {
  return (await store.detail(run))!
}

/** What garbage collection removes, and what it must leave. */
export const removalRules = {
  async 'removes a run with all that is known of it, and spares what others use'({ store }) {
    const shared = artifact('shared')
    for (const run of ['a', 'b']) {
      await appendAll(store, run, [
        started({ inputs: values({ csv: artifact(`csv ${run}`), shared }), tags: ['t'], key: run }),
        succeeded('s', {
          inputs: values({ shared }),
          outputs: values({ own: artifact(run) }),
          key: key(run),
        }),
      ])
      const blobs = [{ digest: key(`blob ${run}`), bytes: new Uint8Array(1) }]
      await store.append({ run, at: 1, event: finished('failed'), blobs })
    }
    const before = await store.detail('b')
    const generation = await store.lineageGeneration()
    const runs = [await chosen(store, 'a')]
    deepStrictEqual(await store.remove({ runs, blobs: [key('blob a')], cacheKeys: [] }), { kept: [] })
    strictEqual(await store.detail('a'), undefined)
    strictEqual(await store.runByKey('demo', 'a'), undefined)
    deepStrictEqual(await collect(store.events('a')), [])
    strictEqual(await store.cached(key('a')), undefined)
    strictEqual(await store.blob(key('blob a')), undefined)
    for (const name of ['a', 'csv a']) deepStrictEqual(await store.artifacts(artifact(name).digest), [])
    ok((await store.lineageGeneration()) > generation)
    deepStrictEqual(await store.detail('b'), before)
    ok((await store.cached(key('b'))) !== undefined)
    ok((await store.blob(key('blob b'))) !== undefined)
    for (const name of ['shared', 'b', 'csv b'])
      strictEqual((await store.artifacts(artifact(name).digest)).length, 1, name)
  },

  async 'keeps a run that has got an owner, and then every blob and entry'({ store }) {
    for (const run of ['a', 'b']) {
      const blobs = [{ digest: key(run), bytes: new Uint8Array(1) }]
      await store.append({ run, at: 1, event: started(), blobs })
    }
    await store.append({ run: 'b', at: 1, event: succeeded('s', { key: key('k') }) })
    const runs = [await chosen(store, 'a'), await chosen(store, 'b')]
    await leaseOf(store, 'b')
    const removed = await store.remove({ runs, blobs: [key('a'), key('b')], cacheKeys: [key('k')] })
    deepStrictEqual(removed, { kept: ['b'] })
    strictEqual(await store.detail('a'), undefined)
    ok((await store.detail('b')) !== undefined)
    ok((await store.blob(key('b'))) !== undefined)
    ok((await store.cached(key('k'))) !== undefined)
  },

  async 'keeps a run that has changed since it was chosen'({ store }) {
    const ids = ['ended', 'again', 'pinned', 'registered', 'same']
    for (const run of ids) await store.append({ run, at: 1, event: started() })
    await store.append({ run: 'again', at: 2, event: finished('failed') })
    const runs = await Promise.all(ids.map((run) => chosen(store, run)))
    await store.append({ run: 'ended', at: 3, event: finished('succeeded') })
    await store.append({ run: 'again', at: 3, event: finished('failed') })
    await store.pin('pinned', true)
    await store.registerModel(modelOf('m', 'm', 'registered'), undefined)
    const { kept } = await store.remove({ runs, blobs: [], cacheKeys: [] })
    deepStrictEqual(kept.toSorted(), ids.slice(0, -1).toSorted())
    strictEqual(await store.detail('same'), undefined)
  },

  async 'spares small blobs that were used after a time'({ store }) {
    const blobs = [{ digest: key('b'), bytes: new Uint8Array(1) }]
    await store.append({ run: 'r', at: 1_000, event: started(), blobs })
    await store.remove({ runs: [], blobs: [key('b')], cacheKeys: [], untouchedSince: 999 })
    ok((await store.blob(key('b'))) !== undefined)
    await store.remove({ runs: [], blobs: [key('b')], cacheKeys: [], untouchedSince: 1_000 })
    strictEqual(await store.blob(key('b')), undefined)
  },
} satisfies MetadataRules
