import * as fc from 'fast-check'
import { beforeEach, describe, expect, it } from 'vitest'
import type { RunQuery, RunRecord } from '../../src/record/records.ts'
import type { SqliteMetadata } from '../../src/record/sqlite/store.ts'
import { currentOwner } from '../../src/record/owner.ts'
import { openStore, started, succeeded } from './support.ts'

describe('the list of runs', () => {
  let store: SqliteMetadata
  let all: RunRecord[]

  beforeEach(async () => {
    store = await openStore()
    for (let at = 0; at < 60; at++) {
      const run = `run-${String((at * 37) % 60).padStart(2, '0')}`
      const event = started({
        pipeline: at % 3 === 0 ? 'b' : 'a',
        tags: at % 4 === 0 ? ['nightly', 'x'] : [],
        key: at % 5 === 0 ? `key ${at}` : null,
      })
      // Several runs share a start: the id decides among them.
      await store.append({ run, at: Math.floor(at / 3), event })
      if (at % 2 === 0) {
        const state = at % 6 === 0 ? ('failed' as const) : ('succeeded' as const)
        await store.append({ run, at: 100 + (at % 8), event: { type: 'run.finished', state, outputs: {} } })
      } else if (at % 9 === 0) await store.acquire(run, currentOwner())
    }
    all = [...(await store.runs({ limit: 1_000 })).items]
  })

  async function pages(query: RunQuery): Promise<RunRecord[]> {
    const items: RunRecord[] = []
    let after: string | undefined
    do {
      const page = await store.runs({ ...query, ...(after === undefined ? {} : { after }) })
      expect(page.items.length).toBeLessThanOrEqual(query.limit!)
      items.push(...page.items)
      after = page.next
    } while (after !== undefined)
    return items
  }

  it('gives the newest first, with what each page may hold', async () => {
    expect(all).toHaveLength(60)
    const first = await store.runs()
    expect(first.items).toEqual(all.slice(0, 50))
    expect(first.next).toBeTypeOf('string')
  })

  it('gives every run that fits, once and in order, whatever the page size', async () => {
    const unfinished = Number.MAX_SAFE_INTEGER
    await fc.assert(
      fc.asyncProperty(
        fc.record(
          {
            pipeline: fc.constantFrom('a', 'b', 'c'),
            state: fc.constantFrom('running', 'interrupted', 'succeeded', 'failed', 'cancelled', 'waiting'),
            tag: fc.constantFrom('nightly', 'other'),
            since: fc.nat(20).map((at) => new Date(at)),
            orderBy: fc.constantFrom('startedAt', '-startedAt', 'finishedAt', '-finishedAt'),
          },
          { requiredKeys: [] },
        ),
        fc.integer({ min: 1, max: 25 }),
        async (filter, limit) => {
          const query = filter as RunQuery
          const order = query.orderBy ?? '-startedAt'
          const column = (run: RunRecord): number =>
            order.endsWith('startedAt') ? run.startedAt : (run.finishedAt ?? unfinished)
          const sign = order.startsWith('-') ? -1 : 1
          const expected = all
            .filter(
              (run) =>
                (query.pipeline === undefined || run.pipeline === query.pipeline) &&
                (query.state === undefined || run.state === query.state) &&
                (query.tag === undefined || run.tags.includes(query.tag)) &&
                (query.since === undefined || run.startedAt >= query.since.getTime()),
            )
            .sort((a, b) => sign * (column(a) - column(b) || (a.id < b.id ? -1 : 1)))
          expect((await pages({ ...query, limit })).map(({ id }) => id)).toEqual(expected.map(({ id }) => id))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('refuses malformed queries', async () => {
    const { next } = await store.runs({ limit: 5 })
    const queries: unknown[] = [
      { limit: 0 },
      { limit: 1_001 },
      { limit: 2.5 },
      { limit: '10' },
      { after: 'nonsense' },
      { after: '' },
      { after: Buffer.from('["-startedAt","x","y"]').toString('base64url') },
      { after: next, orderBy: 'finishedAt' },
      { orderBy: 'id' },
      { state: 'sleeping' },
      { since: new Date(Number.NaN) },
    ]
    for (const query of queries)
      await expect(store.runs(query as RunQuery), JSON.stringify(query)).rejects.toMatchObject({
        code: 'INPUT_INVALID',
      })
  })

  it('finds runs by prefix, and by key', async () => {
    expect((await store.runsByPrefix('run-1')).map(({ id }) => id)).toEqual(['run-10', 'run-11'])
    expect(await store.runsByPrefix('run-17')).toHaveLength(1)
    expect(await store.runsByPrefix('run-99')).toEqual([])
    expect(await store.runsByPrefix('%')).toEqual([])
    const keyed = all.find(({ key }) => key === 'key 15')!
    expect(await store.runByKey(keyed.pipeline, 'key 15')).toEqual(keyed)
    expect(await store.runByKey('c', 'key 15')).toBeUndefined()
  })

  it('shows pins', async () => {
    await store.pin('run-11', true)
    await store.pin('run-11', true)
    expect(
      (await store.runs({ limit: 100 })).items.filter(({ pinned }) => pinned).map(({ id }) => id),
    ).toEqual(['run-11'])
    await store.pin('run-11', false)
    expect((await store.detail('run-11'))!.pinned).toBe(false)
  })

  it('has no detail of an unknown run', async () => {
    expect(await store.detail('nothing')).toBeUndefined()
    expect(await store.executions('nothing')).toEqual([])
  })
})

describe('the detail of a run', () => {
  it('has all its executions in the order of their start, however many', async () => {
    const store = await openStore()
    void store.append({ run: 'r', at: 1, event: started() })
    for (let at = 0; at < 1_300; at++)
      void store.append({ run: 'r', at, event: succeeded(`n${at}`, { startedAt: (at * 7) % 1_300 }) })
    await store.flush()
    const { executions } = (await store.detail('r'))!
    expect(executions.map(({ startedAt }) => startedAt)).toEqual(Array.from({ length: 1_300 }, (_, at) => at))
  })

  it('has the environment that was recorded last', async () => {
    const store = await openStore()
    const environment = {
      node: '20.1.0',
      platform: 'linux x64',
      host: 'h',
      pipewright: '1.0.0',
      packages: { zod: '4.0.0' },
      git: { commit: 'abc', branch: 'main', dirty: true },
    }
    await store.append({ run: 'r', at: 1, event: started() })
    expect((await store.detail('r'))!.environment).toBeNull()
    await store.append({
      run: 'r',
      at: 2,
      event: { type: 'run.environment', environment: { ...environment, node: '1' } },
    })
    await store.append({ run: 'r', at: 3, event: { type: 'run.environment', environment } })
    expect((await store.detail('r'))!.environment).toEqual(environment)
  })
})
