import { deepStrictEqual, ok, rejects, strictEqual } from 'node:assert/strict'
import type { MetadataStore } from '../../../record/metadata.ts'
import type { RunQuery, RunRecord } from '../../../record/records.ts'
import { currentOwner } from '../../../record/owner.ts'
import { type MetadataRules } from './case.ts'
import { finished, started } from './made-events.ts'

/** Sixty runs, of which several share a start, an end, a pipeline. */
async function sixty(store: MetadataStore): Promise<readonly RunRecord[]> {
  for (let at = 0; at < 60; at++) {
    const run = `run-${String((at * 37) % 60).padStart(2, '0')}`
    const event = started({
      pipeline: at % 3 === 0 ? 'b' : 'a',
      tags: at % 4 === 0 ? ['nightly', 'x'] : [],
      key: at % 5 === 0 ? `key ${at}` : null,
    })
    await store.append({ run, at: Math.floor(at / 3), event })
    if (at % 2 === 0)
      await store.append({ run, at: 100 + (at % 8), event: finished(at % 6 === 0 ? 'failed' : 'succeeded') })
    else if (at % 9 === 0) await store.acquire(run, currentOwner())
  }
  return (await store.runs({ limit: 1_000 })).items
}

async function pagesOf(store: MetadataStore, query: RunQuery): Promise<string[]> {
  const ids: string[] = []
  let after: string | undefined
  do {
    const page = await store.runs({ ...query, ...(after === undefined ? {} : { after }) })
    ok(page.items.length <= query.limit!)
    ids.push(...page.items.map(({ id }) => id))
    after = page.next
  } while (after !== undefined)
  return ids
}

function expected(all: readonly RunRecord[], query: RunQuery): string[] {
  const { orderBy = '-startedAt', pipeline, state, tag, since } = query
  // A run that goes on ends after all that have ended.
  const column = (run: RunRecord): number =>
    orderBy.endsWith('startedAt') ? run.startedAt : (run.finishedAt ?? Infinity)
  const sign = orderBy.startsWith('-') ? -1 : 1
  return all
    .filter((run) => pipeline === undefined || run.pipeline === pipeline)
    .filter((run) => state === undefined || run.state === state)
    .filter((run) => tag === undefined || run.tags.includes(tag))
    .filter((run) => since === undefined || run.startedAt >= since.getTime())
    .toSorted((a, b) => {
      const [one, two] = [column(a), column(b)]
      return sign * (one === two ? (a.id < b.id ? -1 : 1) : one < two ? -1 : 1)
    })
    .map(({ id }) => id)
}

const queries: readonly RunQuery[] = [
  {},
  { orderBy: 'startedAt' },
  { orderBy: 'finishedAt' },
  { orderBy: '-finishedAt' },
  { pipeline: 'b' },
  { pipeline: 'nobody' },
  { state: 'failed' },
  { state: 'running' },
  { state: 'interrupted', orderBy: 'startedAt' },
  { tag: 'nightly' },
  { since: new Date(7) },
  { pipeline: 'a', state: 'succeeded', tag: 'nightly', since: new Date(3), orderBy: 'finishedAt' },
]

/** Runs, filtered and ordered. */
export const runRules = {
  async 'gives every run that fits, once and in order, whatever the size of a page'({ store }) {
    const all = await sixty(store)
    strictEqual(all.length, 60)
    for (const query of queries)
      for (const limit of [1, 7, 25])
        deepStrictEqual(
          await pagesOf(store, { ...query, limit }),
          expected(all, query),
          JSON.stringify(query),
        )
  },

  async 'gives fifty of the newest unless it is asked for others'({ store }) {
    const all = await sixty(store)
    const page = await store.runs()
    deepStrictEqual(page.items, all.slice(0, 50))
    strictEqual(typeof page.next, 'string')
  },

  async 'refuses a query that is none'({ store }) {
    await sixty(store)
    const { next } = await store.runs({ limit: 5 })
    for (const query of [
      { limit: 0 },
      { limit: 1_001 },
      { limit: 2.5 },
      { after: 'nonsense' },
      { after: next, orderBy: 'finishedAt' },
      { orderBy: 'id' },
      { state: 'sleeping' },
      { since: new Date(Number.NaN) },
    ])
      await rejects(store.runs(query as RunQuery), { code: 'INPUT_INVALID' }, JSON.stringify(query))
  },

  async 'finds runs by the beginning of their id'({ store }) {
    await sixty(store)
    const found = async (prefix: string): Promise<string[]> =>
      (await store.runsByPrefix(prefix)).map(({ id }) => id).toSorted()
    strictEqual((await found('run-1')).length, 2)
    deepStrictEqual(await found('run-17'), ['run-17'])
    deepStrictEqual(await found('run-99'), [])
    deepStrictEqual(await found('%'), [])
  },

  async 'finds the run of a key'({ store }) {
    const all = await sixty(store)
    const run = all.find(({ key }) => key === 'key 15')!
    deepStrictEqual(await store.runByKey(run.pipeline, 'key 15'), run)
    strictEqual(await store.runByKey('another', 'key 15'), undefined)
  },

  async 'shows pins'({ store }) {
    for (const run of ['a', 'b']) await store.append({ run, at: 1, event: started() })
    await store.pin('a', true)
    await store.pin('a', true)
    const pinned = async (): Promise<string[]> =>
      (await store.runs()).items.filter((run) => run.pinned).map(({ id }) => id)
    deepStrictEqual(await pinned(), ['a'])
    await store.pin('a', false)
    deepStrictEqual(await pinned(), [])
  },

  async 'knows nothing of a run that was never there'({ store }) {
    strictEqual(await store.detail('nobody'), undefined)
    deepStrictEqual(await store.runs(), { items: [], next: undefined })
  },
} satisfies MetadataRules
