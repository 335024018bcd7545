import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import type { PostedEvent, RunEvent } from '../../../record/event.ts'
import { leaseOf, type MetadataRules } from './case.ts'
import { appendAll, finished, started, succeeded } from './made-events.ts'

const signal = (name: string): PostedEvent => ({
  type: 'signal.received',
  signal: name,
  payload: { n: 1 },
  by: 'ann',
})

const decision = (node: string): PostedEvent => ({
  type: 'approval.decided',
  node,
  approved: true,
  by: 'ann',
  roles: [],
})

const opened = (node: string, until: number | null = null): RunEvent => ({
  type: 'wait.opened',
  node,
  on: 'approval',
  until,
})

/** What is said to a run from outside. */
export const postedRules = {
  async 'takes a decision once, of a node that waits'({ store }) {
    await appendAll(store, 'r', [started(), opened('go')])
    strictEqual(await store.post('r', decision('other')), 'not-waiting')
    strictEqual(await store.post('r', decision('go')), 'posted')
    strictEqual(await store.post('r', decision('go')), 'decided')
    strictEqual((await store.posted('r', 0)).length, 1)
  },

  async 'takes one of several decisions at once'({ store }) {
    await appendAll(store, 'r', [started(), opened('go')])
    const results = await Promise.all(Array.from({ length: 5 }, () => store.post('r', decision('go'))))
    deepStrictEqual(results.toSorted(), ['decided', 'decided', 'decided', 'decided', 'posted'])
  },

  async 'takes a decision again when the one before did not fit'({ store }) {
    await appendAll(store, 'r', [started(), opened('go')])
    await store.post('r', decision('go'))
    await appendAll(store, 'r', [{ type: 'post.refused', node: 'go', reason: 'no such payload' }])
    strictEqual(await store.post('r', decision('go')), 'posted')
  },

  async 'tells that the time to decide is over, and that a node has ended'({ store, now, pass }) {
    await appendAll(store, 'r', [started(), opened('late', now() + 1_000), opened('over')])
    await appendAll(store, 'r', [succeeded('over', { step: null, attempt: 0 })])
    strictEqual(await store.post('r', decision('over')), 'decided')
    pass(1_000)
    strictEqual(await store.post('r', decision('late')), 'expired')
  },

  async 'takes nothing for a run that has ended or was never there'({ store }) {
    await appendAll(store, 'r', [started(), opened('go'), finished('failed')])
    strictEqual(await store.post('r', decision('go')), 'closed')
    strictEqual(await store.post('r', signal('data')), 'closed')
    strictEqual(await store.post('nobody', signal('data')), 'closed')
    deepStrictEqual(await store.posted('r', 0), [])
  },

  async 'lists what was posted after a place, in order'({ store }) {
    await appendAll(store, 'r', [started(), opened('go')])
    await appendAll(store, 'other', [started()])
    for (const event of [signal('one'), decision('go'), signal('two')]) await store.post('r', event)
    await store.post('other', signal('elsewhere'))
    const all = await store.posted('r', 0)
    deepStrictEqual(
      all.map(({ event }) => event),
      [signal('one'), decision('go'), signal('two')],
    )
    deepStrictEqual(await store.posted('r', all[0]!.seq), all.slice(1))
  },

  async 'tells who listens that something was posted'({ store }) {
    await appendAll(store, 'r', [started()])
    let told = 0
    const end = store.onPosted('r', () => told++)
    await store.post('r', signal('one'))
    strictEqual(told, 1)
    end()
    await store.post('r', signal('two'))
    strictEqual(told, 1)
  },

  async 'lists the runs that wait and that nobody drives'({ store }) {
    const waits = (until: number | null): RunEvent => ({ type: 'run.waiting', until })
    await appendAll(store, 'a', [started(), waits(5_000)])
    await appendAll(store, 'b', [started({ pipeline: 'other' }), waits(null)])
    await appendAll(store, 'driven', [started(), waits(null)])
    await leaseOf(store, 'driven')
    await appendAll(store, 'goes on', [started(), waits(null), { type: 'run.proceeded' }])
    await appendAll(store, 'ended', [started(), waits(null), finished('failed')])
    await store.post('b', signal('data'))
    const found = await store.waiting()
    deepStrictEqual(
      found.toSorted((one, two) => one.run.localeCompare(two.run)),
      [
        { run: 'a', pipeline: 'demo', until: 5_000, isPosted: false },
        { run: 'b', pipeline: 'other', until: null, isPosted: true },
      ],
    )
  },
} satisfies MetadataRules
