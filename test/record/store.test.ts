import { setImmediate as turn } from 'node:timers/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { PipewrightError } from '../../src/internal/error.ts'
import { currentOwner } from '../../src/record/owner.ts'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import {
  appendAll,
  artifact,
  attempt,
  chosen,
  collect,
  engines,
  folder,
  key,
  openStore,
  started,
  succeeded,
  values,
} from './support.ts'

describe.each(engines)('the store on %s', (engine) => {
  it('registers models: an equal digest is the version that is there', async () => {
    const store = await openStore(':memory:', { engine })
    const entry = (name: string, content: string) => {
      const model = artifact(content, { kind: 'model' })
      return {
        name,
        digest: model.digest,
        artifact: model,
        registeredAt: 5,
        run: 'r',
        node: 'n',
        metadata: { auc: 0.9 },
      }
    }
    const one = await store.registerModel(entry('m', 'x'), 'champion')
    expect(one).toEqual({ ...entry('m', 'x'), version: 1, aliases: ['champion'] })
    const two = await store.registerModel({ ...entry('m', 'y'), registeredAt: 6 }, 'champion')
    expect(two).toMatchObject({ version: 2, aliases: ['champion'] })
    expect(await store.registerModel({ ...entry('m', 'x'), registeredAt: 9 }, undefined)).toEqual({
      ...one,
      aliases: [],
    })
    expect(await store.registerModel(entry('m', 'x'), 'old')).toMatchObject({ version: 1, aliases: ['old'] })
    expect(await store.registerModel(entry('other', 'x'), undefined)).toMatchObject({ version: 1 })
    expect((await store.modelVersions('m')).map(({ version, aliases }) => [version, aliases])).toEqual([
      [2, ['champion']],
      [1, ['old']],
    ])
    expect(await store.modelVersions()).toHaveLength(3)
    await store.rebuild()
    expect((await store.modelVersions('m')).map(({ aliases }) => aliases)).toEqual([['champion'], ['old']])
  })

  it('gives versions their numbers under contention', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const stores = [await openStore(path, { engine }), await openStore(path, { engine })]
    const models = Array.from({ length: 40 }, (_, at) => artifact(`model ${at}`, { kind: 'model' }))
    const registered = await Promise.all(
      models.map((model, at) =>
        stores[at % 2]!.registerModel(
          {
            name: 'm',
            digest: model.digest,
            artifact: model,
            registeredAt: at,
            run: null,
            node: null,
            metadata: {},
          },
          'latest',
        ),
      ),
    )
    expect(registered.map(({ version }) => version).sort((a, b) => a - b)).toEqual(
      models.map((_, at) => at + 1),
    )
    expect((await stores[0]!.modelVersions('m')).flatMap(({ aliases }) => aliases)).toEqual(['latest'])
  })

  it('removes a run with all that is known of it, and spares what others use', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path, { engine })
    const shared = artifact('shared')
    const facts = { metrics: { m: { last: 1, min: 1, max: 1, count: 1 } }, params: { p: 1 }, reports: [] }
    for (const run of ['a', 'b']) {
      await appendAll(store, run, [
        started({ inputs: values({ csv: artifact(`csv ${run}`), shared }), tags: ['t'] }),
        attempt('s'),
        succeeded('s', {
          inputs: values({ shared }),
          outputs: values({ own: artifact(`own ${run}`) }),
          key: key(run),
          facts,
        }),
      ])
      await store.append({
        run,
        at: 1,
        event: attempt('x'),
        blobs: [{ digest: key(`blob ${run}`), bytes: new Uint8Array(1) }],
      })
    }
    await store.pin('b', true)
    const before = await store.detail('b')
    const generation = await store.lineageGeneration()
    const request = { runs: [await chosen(store, 'a')], blobs: [key('blob a')], cacheKeys: [] }
    expect(await store.remove(request)).toEqual({ kept: [] })
    expect(await store.detail('a')).toBeUndefined()
    expect(await collect(store.events('a'))).toEqual([])
    expect(await store.cached(key('a'))).toBeUndefined()
    expect(await store.blob(key('blob a'))).toBeUndefined()
    expect(await store.artifacts(artifact('own a').digest)).toEqual([])
    expect(await store.artifacts(artifact('csv a').digest)).toEqual([])
    expect(await store.lineageGeneration()).toBeGreaterThan(generation)
    expect(await store.detail('b')).toEqual(before)
    expect(await store.cached(key('b'))).toBeDefined()
    expect(await store.blob(key('blob b'))).toBeDefined()
    expect(await store.artifacts(shared.digest)).toEqual([shared])
    expect(await store.artifacts(artifact('csv b').digest)).toHaveLength(1)
    const driver = await openDriver(path, engine)
    for (const table of [
      'events',
      'executions',
      'attempts',
      'edges',
      'params',
      'metrics',
      'tags',
      'run_inputs',
      'pins',
    ]) {
      const rows = driver.prepare(`select count(*) as n from ${table}`).get([])!['n'] as number
      expect(rows, table).toBeLessThanOrEqual(4)
      expect(rows, table).toBeGreaterThan(0)
    }
    driver.close()
  })

  it('forgets a cache entry for good, until it is written again', async () => {
    const store = await openStore(':memory:', { engine })
    await appendAll(store, 'r', [started(), succeeded('s', { key: key('k') })])
    await store.forget(key('k'))
    await store.forget(key('never there'))
    expect(await store.cached(key('k'))).toBeUndefined()
    await store.rebuild()
    expect(await store.cached(key('k'))).toBeUndefined()
    await store.append({ run: 'r', at: 9, event: succeeded('s', { key: key('k') }) })
    await store.rebuild()
    expect(await store.cached(key('k'))).toMatchObject({ at: 9 })
    await store.remove({ runs: [], blobs: [], cacheKeys: [key('k')] })
    expect(await collect(store.cacheEntries())).toEqual([])
  })

  it('refuses all calls once it is closed', async () => {
    const store = await openStore(join(folder(), 'metadata.sqlite'), { engine })
    await store.acquire('r', currentOwner())
    void store.append({ run: 'r', at: 1, event: started() })
    await Promise.all([store.close(), store.close()])
    for (const work of [
      () => store.runs(),
      () => store.append({ run: 'r', at: 1, event: started() }),
      () => store.cached(key('k')),
      () => collect(store.events('r')),
    ]) {
      const error: unknown = await work().catch((reason: unknown) => reason)
      expect(PipewrightError.isInstance(error) && error.code).toBe('WORKSPACE_CLOSED')
    }
  })
})

describe('a newer event format', () => {
  it('is refused when it is read', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path)
    await store.append({ run: 'r', at: 1, event: started() })
    const driver = await openDriver(path)
    driver.exec('update events set format = 99')
    driver.close()
    await turn()
    await expect(collect(store.events('r'))).rejects.toMatchObject({ code: 'WORKSPACE_NEWER' })
  })
})
