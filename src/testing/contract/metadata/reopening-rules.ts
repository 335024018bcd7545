import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import type { MetadataStore } from '../../../record/metadata.ts'
import { currentOwner } from '../../../record/owner.ts'
import { collect, elsewhere, leaseOf, type MetadataRules } from './case.ts'
import { modelOf } from './lineage-rules.ts'
import { appendAll, artifact, attempt, key, started, succeeded, values } from './made-events.ts'

/** Waits for what another process tells, which takes up to a second. */
async function until(isTrue: () => boolean): Promise<void> {
  for (let tries = 0; !isTrue() && tries < 100; tries++) await sleep(50)
}

/** All that is known, as somebody who has just come sees it. */
async function known(store: MetadataStore): Promise<unknown> {
  const cached = await store.cached(key('k'))
  return {
    events: await collect(store.events('r')),
    detail: await store.detail('r'),
    cached: cached && { ...cached, small: [...cached.small] },
    call: await store.call('r', 'b', 'charge-1'),
    checkpoint: await store.checkpoint('r', 'b'),
    blob: [...((await store.blob(key('blob'))) ?? [])],
    models: await store.modelVersions(),
    edges: await collect(store.edges()),
    posted: await store.posted('r', 0),
    triggers: await store.triggers(),
    firings: await store.firings('trigger/t', 10),
  }
}

/** What a store must do that several processes open, and that remembers when it is closed. */
export const reopeningRules = {
  async 'has all that was committed when it is opened again'({ store, reopened }) {
    await store.append(
      {
        run: 'r',
        at: 1_000,
        event: started({ inputs: values({ csv: artifact('csv') }), tags: ['t'], key: 'today' }),
        blobs: [{ digest: key('blob'), bytes: new Uint8Array([1, 2]) }],
      },
      await leaseOf(store, 'r'),
    )
    await appendAll(store, 'r', [
      attempt('a'),
      succeeded('a', { outputs: values({ n: artifact('n') }), key: key('k') }),
      attempt('b'),
      { type: 'call.succeeded', node: 'b', call: 'charge', idempotencyKey: 'charge-1', result: 1, key: null },
      { type: 'checkpoint.saved', node: 'b', attempt: 1, artifact: artifact('c'), key: null },
    ])
    await store.post('r', { type: 'signal.received', signal: 's', payload: 1, by: 'ann' })
    await store.registerModel(modelOf('m', 'x'), 'champion')
    await store.pin('r', true)
    await store.declareTrigger({
      origin: 'trigger/t',
      pipeline: 'demo',
      address: { module: 'm', pipeline: 'demo' },
      definition: {},
      basis: 'b',
      declaredBy: 'code',
      declaredAt: 1,
      position: 7,
    })
    await store.fire('trigger/t', [{ key: 'f', at: 1, event: {} }])
    const before = await known(store)
    await store.close()
    const again = await reopened()
    deepStrictEqual(await known(again), before)
    const fence = (await again.acquire('r', currentOwner(), 'any')) as { lease: { fence: number } }
    ok(fence.lease.fence > 1, 'fences go on rising')
  },

  async 'shows each process what another one commits'({ store, reopened }) {
    const other = await reopened()
    await Promise.all(
      Array.from({ length: 100 }, (_, at) =>
        (at % 2 === 0 ? store : other).append({ run: `r${at % 2}`, at, event: attempt(`n${at}`) }),
      ),
    )
    for (const one of [store, other]) {
      const all = [...(await collect(one.events('r0'))), ...(await collect(one.events('r1')))]
      strictEqual(new Set(all.map(({ seq }) => seq)).size, 100)
      deepStrictEqual(
        (await collect(one.events('r1'))).map(({ at }) => at),
        Array.from({ length: 50 }, (_, at) => 2 * at + 1),
      )
    }
  },

  async 'gives a run to one of several processes'({ store, reopened }) {
    const others = await Promise.all([reopened(), reopened()])
    const found = await Promise.all([store, ...others].map((one) => one.acquire('r', currentOwner())))
    strictEqual(found.filter(({ ok }) => ok).length, 1)
  },

  async 'does not let an owner commit that another process has replaced'({ store, reopened }) {
    const other = await reopened()
    const old = await leaseOf(store, 'r', elsewhere())
    await store.append({ run: 'r', at: 1, event: started() }, old)
    const taken = await other.acquire('r', currentOwner(), 'any')
    ok(taken.ok)
    await other.append({ run: 'r', at: 2, event: attempt('a') }, taken.lease)
    await rejects(store.append({ run: 'r', at: 3, event: attempt('b') }, old), { code: 'LEASE_LOST' })
    strictEqual((await collect(other.events('r'))).length, 2)
  },

  async 'tells an owner that another process has taken its run'({ store, reopened }) {
    const lost: unknown[] = []
    store.onLost('r', (lease) => lost.push(lease))
    store.onLost('r', () => lost.push('nobody listens any more'))()
    const old = await leaseOf(store, 'r')
    await (await reopened()).acquire('r', currentOwner(), 'any')
    await until(() => lost.length > 0)
    deepStrictEqual(lost, [old])
  },

  async 'tells an owner that another process asks to cancel'({ store, reopened }) {
    await store.append({ run: 'r', at: 1, event: started() }, await leaseOf(store, 'r'))
    const told: string[] = []
    store.onCancelRequested('r', (reason) => told.push(reason))
    await (await reopened()).requestCancel('r', 'too dear')
    await until(() => told.length > 0)
    deepStrictEqual(told, ['too dear'])
  },

  async 'takes one of the decisions of several processes'({ store, reopened }) {
    const other = await reopened()
    await appendAll(store, 'r', [started(), { type: 'wait.opened', node: 'go', on: 'approval', until: null }])
    const event = { type: 'approval.decided', node: 'go', approved: true, by: 'ann', roles: [] } as const
    const results = await Promise.all([store, other, store, other].map((one) => one.post('r', event)))
    strictEqual(results.filter((result) => result === 'posted').length, 1)
  },

  async 'numbers the versions of a model across processes'({ store, reopened }) {
    const stores = [store, await reopened()]
    const registered = await Promise.all(
      Array.from({ length: 20 }, (_, at) => stores[at % 2]!.registerModel(modelOf('m', `x${at}`), 'latest')),
    )
    deepStrictEqual(
      registered.map(({ version }) => version).toSorted((a, b) => a - b),
      Array.from({ length: 20 }, (_, at) => at + 1),
    )
    deepStrictEqual(
      (await store.modelVersions('m')).flatMap(({ aliases }) => aliases),
      ['latest'],
    )
  },
} satisfies MetadataRules
