import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { MetadataStore } from '../../../record/metadata.ts'
import { currentOwner } from '../../../record/owner.ts'
import type { NewFiring, Surroundings, TriggerRecord } from '../../../record/trigger.ts'
import { elsewhere, ended, type MetadataRules } from './case.ts'
import { appendAll, finished, started } from './made-events.ts'

const nightly = 'schedule/nightly'

function declared(more: Partial<TriggerRecord> = {}): Omit<TriggerRecord, 'paused'> {
  return {
    origin: nightly,
    pipeline: 'demo',
    address: { module: 'src/demo.ts', pipeline: 'demo' },
    definition: { cron: '0 3 * * *' },
    basis: 'at three',
    declaredBy: 'settings',
    declaredAt: 1_000,
    position: 10,
    ...more,
  }
}

const firing = (key: string, more: Partial<NewFiring> = {}): NewFiring => ({
  key,
  at: 5_000,
  event: { n: 1 },
  ...more,
})

const taker = (owner = currentOwner(), at = 1_000) => ({ owner, at, ttl: 10_000 })

/** Declares a schedule that has fired as often as that. */
async function fired(store: MetadataStore, count: number): Promise<readonly number[]> {
  await store.declareTrigger(declared())
  const firings = Array.from({ length: count }, (_, at) => firing(String(at)))
  return (await store.fire(nightly, firings)).map(({ number }) => number)
}

/** Schedules and triggers, and what they have fired. */
export const triggerRules = {
  async 'keeps how far a schedule has fired while its basis stays'({ store }) {
    await store.declareTrigger(declared())
    deepStrictEqual(await store.triggers(), [{ ...declared(), paused: false }])
    await store.pauseTrigger(nightly, true)
    const changed = declared({
      definition: { cron: '0 3 * * *', overlap: 'queue' },
      declaredAt: 9,
      position: 99,
    })
    await store.declareTrigger(changed)
    deepStrictEqual(await store.triggers(), [{ ...changed, declaredAt: 1_000, position: 10, paused: true }])
    await store.declareTrigger(declared({ basis: 'at four', declaredAt: 9, position: 99 }))
    const [moved] = await store.triggers()
    deepStrictEqual([moved!.declaredAt, moved!.position, moved!.paused], [9, 99, true])
  },

  async 'fires a key once, and moves the position with it'({ store }) {
    await store.declareTrigger(declared())
    const first = await store.fire(nightly, [firing('a'), firing('b', { madeUp: true })], {
      from: 10,
      to: 12,
    })
    deepStrictEqual(
      first.map(({ key, state, madeUp, origin, at, event, run, reason }) => ({
        key,
        state,
        madeUp,
        origin,
        at,
        event,
        run,
        reason,
      })),
      [
        { key: 'a', madeUp: false },
        { key: 'b', madeUp: true },
      ].map((one) => ({
        ...one,
        state: 'pending',
        origin: nightly,
        at: 5_000,
        event: { n: 1 },
        run: null,
        reason: null,
      })),
    )
    strictEqual((await store.triggers())[0]!.position, 12)
    // Another process was at the same position, and comes too late.
    deepStrictEqual(await store.fire(nightly, [firing('c')], { from: 10, to: 12 }), [])
    const again = await store.fire(nightly, [firing('b'), firing('c')], { from: 12, to: 13 })
    deepStrictEqual(
      again.map(({ key }) => key),
      ['c'],
    )
  },

  async 'gives each of many firings at once to one who fires'({ store }) {
    await store.declareTrigger(declared())
    const all = await Promise.all(Array.from({ length: 8 }, () => store.fire(nightly, [firing('a')])))
    strictEqual(all.flat().length, 1)
  },

  async 'fires nothing that is paused or gone'({ store }) {
    deepStrictEqual(await store.fire(nightly, [firing('a')]), [])
    await store.declareTrigger(declared())
    strictEqual(await store.pauseTrigger(nightly, true), true)
    deepStrictEqual(await store.fire(nightly, [firing('a')], { from: 10, to: 12 }), [])
    await store.pauseTrigger(nightly, false, 20)
    const [going] = await store.triggers()
    deepStrictEqual([going!.paused, going!.position], [false, 20])
    strictEqual((await store.fire(nightly, [firing('a')], { from: 20, to: 21 })).length, 1)
    strictEqual(await store.pauseTrigger('schedule/nobody', true), false)
  },

  async 'lists what is to be started, in order'({ store }) {
    const numbers = await fired(store, 4)
    await store.fire(nightly, [firing('left out', { skipped: 'it was missed' })])
    const pending = async (limit: number): Promise<number[]> =>
      (await store.pendingFirings(1_000, limit)).map(({ number }) => number)
    deepStrictEqual(await pending(10), numbers)
    deepStrictEqual(await pending(2), numbers.slice(0, 2))
    const left = (await store.firing(nightly, 'left out'))!
    deepStrictEqual([left.state, left.reason], ['skipped', 'it was missed'])
  },

  async 'gives a firing to one who starts it, until that one is gone'({ store }) {
    const [number] = await fired(store, 1)
    const take = async (owner = currentOwner(), at = 1_000): Promise<unknown> =>
      (await store.takeFiring(number!, taker(owner, at), () => 'start')).verdict
    strictEqual(await take(ended()), 'start')
    strictEqual(await take(elsewhere()), 'start', 'who was about to start it is dead')
    strictEqual(await take(), 'gone', 'who is about to start it may live')
    deepStrictEqual(await store.pendingFirings(1_000, 10), [])
    strictEqual(await take(currentOwner(), 11_000), 'start', 'its time is over')
    await store.settleFiring(number!, { state: 'started', run: 'r' })
    strictEqual(await take(currentOwner(), 99_000), 'gone')
    strictEqual((await store.firing(nightly, '0'))!.run, 'r')
    strictEqual((await store.takeFiring(999_999, taker(), () => 'start')).verdict, 'gone')
  },

  async 'tells who judges a firing what else goes on'({ store }) {
    const numbers = await fired(store, 4)
    await store.takeFiring(numbers[0]!, taker(), () => 'start')
    const going = ['going', `${nightly}/x`] as const
    await appendAll(store, going[0], [started({ key: going[1] })])
    await appendAll(store, 'over', [started({ key: `${nightly}/y` }), finished('succeeded')])
    await appendAll(store, 'of another', [started({ key: 'schedule/nightly-2/z' })])
    let seen: Surroundings | undefined
    const judged = await store.takeFiring(numbers[2]!, taker(), (surroundings) => {
      seen = surroundings
      return 'wait'
    })
    strictEqual(judged.verdict, 'wait')
    deepStrictEqual(seen, { runs: ['going'], earlier: 1, starting: 1, later: 1 })
    strictEqual((await store.firing(nightly, '2'))!.state, 'pending')
    const skipped = await store.takeFiring(numbers[2]!, taker(), () => ({ skip: 'one is going on' }))
    deepStrictEqual(skipped.verdict, { skip: 'one is going on' })
    const found = (await store.firing(nightly, '2'))!
    deepStrictEqual([found.state, found.reason], ['skipped', 'one is going on'])
  },

  async 'lists what an origin has fired, the latest first'({ store }) {
    const numbers = await fired(store, 3)
    await store.settleFiring(numbers[1]!, { state: 'failed', reason: 'no such module' })
    const found = await store.firings(nightly, 2)
    deepStrictEqual(
      found.map(({ key, state, reason }) => [key, state, reason]),
      [
        ['2', 'pending', null],
        ['1', 'failed', 'no such module'],
      ],
    )
    strictEqual(await store.firing(nightly, 'never'), undefined)
    deepStrictEqual(await store.firings('schedule/nobody', 2), [])
  },

  async 'forgets old firings that nothing more becomes of'({ store }) {
    await store.declareTrigger(declared())
    const firings = ['done', 'open', 'young'].map((key, at) => firing(key, { at: at < 2 ? 1_000 : 2_000 }))
    const [done, , young] = await store.fire(nightly, firings)
    for (const { number } of [done!, young!]) await store.settleFiring(number, { state: 'started', run: 'r' })
    await store.fire('schedule/another', [firing('done', { at: 1_000 })])
    strictEqual(await store.pruneFirings(nightly, 2_000), 1)
    strictEqual(await store.firing(nightly, 'done'), undefined)
    deepStrictEqual(
      (await store.firings(nightly, 10)).map(({ key }) => key),
      ['young', 'open'],
    )
    strictEqual(await store.pruneFirings(nightly, 2_000), 0)
  },

  async 'removes a schedule with what it has fired'({ store }) {
    await fired(store, 2)
    await appendAll(store, 'r', [started({ key: `${nightly}/0` })])
    strictEqual(await store.removeTrigger(nightly), true)
    strictEqual(await store.removeTrigger(nightly), false)
    deepStrictEqual(await store.triggers(), [])
    deepStrictEqual(await store.firings(nightly, 10), [])
    ok((await store.detail('r')) !== undefined, 'its runs stay')
  },

  async 'lists the runs of a pipeline that have ended after a place'({ store }) {
    for (const [run, state] of [
      ['a', 'succeeded'],
      ['b', 'failed'],
    ] as const)
      await appendAll(store, run, [started(), finished(state)])
    await appendAll(store, 'other', [started({ pipeline: 'other' }), finished('succeeded')])
    await appendAll(store, 'going', [started()])
    const all = await store.finishedRuns('demo', 0, 10)
    deepStrictEqual(
      all.map(({ run, state, finishedAt }) => [run, state, finishedAt]),
      [
        ['a', 'succeeded', 1_001],
        ['b', 'failed', 1_001],
      ],
    )
    deepStrictEqual(await store.finishedRuns('demo', all[0]!.place, 10), all.slice(1))
    deepStrictEqual(await store.finishedRuns('demo', 0, 1), all.slice(0, 1))
  },
} satisfies MetadataRules
