import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import { setTimeout as sleep } from 'node:timers/promises'
import { currentOwner } from '../../../record/owner.ts'
import { collect, elsewhere, ended, leaseOf, type MetadataRules } from './case.ts'
import { attempt, key, started } from './made-events.ts'

/** Longer than any lease lasts without a heartbeat. */
const long = 24 * 3_600_000

/** Who drives a run: leases, fences, and what owners are told. */
export const leaseRules = {
  async 'gives a run that nobody drives, with a rising fence'({ store }) {
    const first = await store.acquire('r', currentOwner())
    ok(first.ok && first.cancelRequested === null)
    await store.release(first.lease)
    const second = await store.acquire('r', currentOwner())
    ok(second.ok && second.lease.fence > first.lease.fence)
    strictEqual(second.lease.run, 'r')
  },

  async 'gives a run to one of many at once'({ store }) {
    const found = await Promise.all(Array.from({ length: 20 }, () => store.acquire('r', currentOwner())))
    strictEqual(found.filter(({ ok }) => ok).length, 1)
  },

  async 'leaves a run to an owner that lives, even when its lease has expired'({ store, pass }) {
    await leaseOf(store, 'r')
    pass(long)
    const refused = await store.acquire('r', currentOwner())
    ok(!refused.ok)
    deepStrictEqual(refused.owner, currentOwner())
    strictEqual(refused.liveness, 'alive')
  },

  async 'takes a run from an owner that is dead at once'({ store }) {
    const old = await leaseOf(store, 'r', ended())
    ok((await leaseOf(store, 'r')).fence > old.fence)
  },

  async 'takes a run from an owner that cannot be seen when its lease has expired'({ store, pass }) {
    const old = await leaseOf(store, 'r', elsewhere())
    const refused = await store.acquire('r', currentOwner())
    ok(!refused.ok)
    deepStrictEqual([refused.liveness, refused.expired], ['unknown', false])
    pass(long)
    ok((await leaseOf(store, 'r')).fence > old.fence)
  },

  async 'takes a run by force: from one owner, or from any'({ store }) {
    const { fence } = await leaseOf(store, 'r')
    strictEqual((await store.acquire('r', currentOwner(), { fence: fence + 7 })).ok, false)
    const taken = await store.acquire('r', currentOwner(), { fence })
    ok(taken.ok && taken.lease.fence > fence)
    const again = await store.acquire('r', currentOwner(), 'any')
    ok(again.ok && again.lease.fence > taken.lease.fence)
  },

  async 'refuses what comes under an older lease, and keeps no part of it'({ store }) {
    const old = await leaseOf(store, 'r', elsewhere())
    await store.append({ run: 'r', at: 1, event: started() }, old)
    const taken = await store.acquire('r', currentOwner(), 'any')
    ok(taken.ok)
    const blobs = [{ digest: key('late'), bytes: new Uint8Array(1) }]
    const late = await Promise.allSettled([
      store.append({ run: 'r', at: 2, event: attempt('late'), blobs }, old),
      store.append({ run: 'r', at: 3, event: attempt('a') }, taken.lease),
      store.append({ run: 'other', at: 3, event: started() }),
    ])
    deepStrictEqual(
      late.map(({ status }) => status),
      ['rejected', 'fulfilled', 'fulfilled'],
    )
    strictEqual((late[0] as { reason: { code?: unknown } }).reason.code, 'LEASE_LOST')
    strictEqual((await collect(store.events('r'))).length, 2)
    strictEqual(await store.blob(key('late')), undefined)
  },

  async 'judges each of many events at once by the lease of its moment'({ store }) {
    const first = await leaseOf(store, 'r')
    const group = await Promise.allSettled([
      store.append({ run: 'r', at: 1, event: started() }, first),
      store.release(first),
      store.append({ run: 'r', at: 2, event: attempt('a') }, first),
    ])
    deepStrictEqual(
      group.map(({ status }) => status),
      ['fulfilled', 'fulfilled', 'rejected'],
    )
  },

  async 'refuses a lease that nobody has had'({ store }) {
    await rejects(store.append({ run: 'r', at: 1, event: started() }, { run: 'r', fence: 1 }), {
      code: 'LEASE_LOST',
    })
  },

  async 'does not end a lease by the release of an older one'({ store }) {
    const old = await leaseOf(store, 'r', elsewhere())
    const taken = await store.acquire('r', currentOwner(), 'any')
    ok(taken.ok)
    await store.release(old)
    await store.append({ run: 'r', at: 1, event: started() }, taken.lease)
    strictEqual((await store.acquire('r', currentOwner())).ok, false)
  },

  async 'tells the owner once that its run is to be cancelled'({ store }) {
    await store.append({ run: 'r', at: 1, event: started() }, await leaseOf(store, 'r'))
    const told: string[] = []
    store.onCancelRequested('r', (reason) => told.push(reason))
    store.onCancelRequested('r', () => told.push('nobody listens any more'))()
    await store.requestCancel('r', 'too dear')
    await sleep(1_000)
    deepStrictEqual(told, ['too dear'])
    deepStrictEqual((await collect(store.events('r'))).at(-1)!.event, {
      type: 'run.cancel-requested',
      reason: 'too dear',
    })
  },

  async 'keeps a cancel for the next owner, and for that one alone'({ store }) {
    await store.append({ run: 'r', at: 1, event: started() })
    await store.requestCancel('r', 'no need')
    const first = await store.acquire('r', currentOwner())
    ok(first.ok)
    strictEqual(first.cancelRequested, 'no need')
    await store.release(first.lease)
    const second = await store.acquire('r', currentOwner())
    ok(second.ok && second.cancelRequested === null)
  },

  async 'shows a run as interrupted that nobody drives'({ store }) {
    await store.append({ run: 'r', at: 1, event: started() })
    const state = async (): Promise<unknown> => (await store.detail('r'))!.state
    strictEqual(await state(), 'interrupted')
    const lease = await leaseOf(store, 'r')
    strictEqual(await state(), 'running')
    deepStrictEqual((await store.detail('r'))!.owner, currentOwner())
    await store.release(lease)
    strictEqual(await state(), 'interrupted')
    await leaseOf(store, 'r', ended())
    strictEqual(await state(), 'interrupted')
  },
} satisfies MetadataRules
