import * as fc from 'fast-check'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import type { RunEvent, Value } from '../../src/record/event.ts'
import { sqliteDialect } from '../../src/record/sqlite/dialect.ts'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import { projections } from '../../src/record/sqlite/schema.ts'
import type { SqliteMetadata } from '../../src/record/sqlite/store.ts'
import { join } from 'node:path'
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

const run = 'run-1'

async function edgesText(store: SqliteMetadata): Promise<string[]> {
  const edges = await collect(store.edges())
  const named = await store.edgesOf('execution', [...new Set(edges.map(({ execution }) => execution))])
  const executions = new Map(
    (await store.executionsByNumber(named.map(({ execution }) => execution))).map((one) => [
      one.number,
      one.node,
    ]),
  )
  const artifacts = new Map(
    (await store.artifactsByNumber(named.map((one) => one.artifact))).map((one) => [
      one.number,
      one.artifact,
    ]),
  )
  const nameOf = (number: number): string => artifacts.get(number)!.meta?.['name'] as string
  return named
    .map(
      (edge) => `${executions.get(edge.execution)} ${edge.direction} ${edge.name} ${nameOf(edge.artifact)}`,
    )
    .sort()
}

const named = (name: string) => artifact(name, { meta: { name } })
const list = (name: string) => artifact(name, { kind: 'list', meta: { name, count: 2 } })

describe.each(engines)('the projection of events, on %s', (engine) => {
  it('shows an execution from its start to its end', async () => {
    const store = await openStore(':memory:', { engine })
    const cacheKey = key('k')
    await appendAll(store, run, [
      started({ code: { train: 'sha256:c0de' }, tags: ['b', 'a', 'b'] }),
      attempt('train', { key: cacheKey }),
      {
        type: 'attempt.failed',
        node: 'train',
        attempt: 1,
        end: 'timed-out',
        error: { name: 'TimeoutError', message: 'too long' },
        retryIn: 5,
        log: 'logs/1',
      },
      attempt('train', { attempt: 2, key: cacheKey }),
    ])
    const [running] = await store.executions(run)
    expect(running).toMatchObject({
      node: 'train',
      state: 'running',
      startedAt: 1_001,
      finishedAt: null,
      outputs: {},
    })
    expect(running!.attempts).toEqual([
      {
        number: 1,
        startedAt: 1_001,
        finishedAt: 1_002,
        end: 'timed-out',
        error: { name: 'TimeoutError', message: 'too long' },
        log: 'logs/1',
      },
      { number: 2, startedAt: 1_003, finishedAt: null, end: null, error: null, log: null },
    ])
    const metrics = { loss: { last: Number.NaN, min: -Infinity, max: 0.5, count: 3 } }
    await appendAll(
      store,
      run,
      [
        succeeded('train', {
          attempt: 2,
          startedAt: 1_003,
          inputs: { rows: { artifact: named('rows') }, rate: { value: 0.1 }, left: { absent: true } },
          outputs: values({ model: named('model') }),
          key: cacheKey,
          facts: { metrics, params: { depth: 3 }, reports: [named('report')], log: 'logs/2' },
        }),
        { type: 'run.finished', state: 'succeeded', outputs: values({ model: named('model') }) },
      ],
      2_000,
    )
    const detail = await store.detail(run)
    expect(detail).toMatchObject({
      state: 'succeeded',
      startedAt: 1_000,
      finishedAt: 2_001,
      tags: ['a', 'b'],
    })
    const [execution] = detail!.executions
    expect(execution).toMatchObject({
      state: 'succeeded',
      step: 'train',
      startedAt: 1_003,
      finishedAt: 2_000,
      key: cacheKey,
      code: 'sha256:c0de',
      reused: null,
      uncached: null,
      params: { depth: 3 },
      reports: [named('report')],
    })
    expect(execution!.metrics).toEqual(metrics)
    expect(execution!.attempts[1]).toMatchObject({ end: 'succeeded', finishedAt: 2_000, log: 'logs/2' })
    expect(await edgesText(store)).toEqual([
      'train in rows rows',
      'train out model model',
      'train out report report',
    ])
    expect(await store.cached(cacheKey)).toMatchObject({ run, node: 'train', at: 2_000, facts: { metrics } })
  })

  it('writes a cache entry only for what ran and may be reused', async () => {
    const store = await openStore(':memory:', { engine })
    await appendAll(store, run, [
      started(),
      succeeded('a', { key: key('a') }),
      succeeded('b', { key: key('b'), uncached: 'effect' }),
      succeeded('c', { key: key('c'), attempt: 0, reused: { run, node: 'a' } }),
      succeeded('d'),
    ])
    const entries = await collect(store.cacheEntries())
    expect(entries.map(({ node }) => node)).toEqual(['a'])
    expect(entries[0]!.facts).toEqual({ metrics: {}, params: {}, reports: [] })
    const records = await store.executions(run)
    expect(records.find(({ node }) => node === 'c')!.reused).toEqual({ run, node: 'a' })
    expect(records.find(({ node }) => node === 'b')!.uncached).toBe('effect')
  })

  it('gives an edge per element of a list, also of lists in lists', async () => {
    const store = await openStore(':memory:', { engine })
    const elements: Value = {
      list: [{ artifact: named('x') }, { list: [{ artifact: named('y') }, { value: 1 }] }, { absent: true }],
    }
    await appendAll(store, run, [started(), succeeded('a', { inputs: { all: elements } })])
    expect(await edgesText(store)).toEqual(['a in all x', 'a in all y'])
  })

  it('draws what a map gathered from its items, those of nested containers too', async () => {
    const store = await openStore(':memory:', { engine })
    const none = { step: null, attempt: 0 }
    await appendAll(store, run, [
      started(),
      succeeded('trials[0]/train', { outputs: values({ model: named('m0'), other: named('o0') }) }),
      succeeded('trials[10]/train', { outputs: values({ model: named('m1') }) }),
      succeeded('trials[0]/sub/train', { outputs: values({ model: named('inner') }) }),
      succeeded('trials[0]/sub', { ...none, outputs: values({ score: named('s0') }) }),
      succeeded('trials[10]/sub', { ...none, outputs: values({ score: named('s1') }) }),
      succeeded('trialsX[1]/train', { outputs: values({ model: named('not mine') }) }),
      succeeded('trials', {
        ...none,
        outputs: values({ models: list('models'), scores: list('scores'), handed: named('o0') }),
        gathers: {
          models: { node: 'train', output: 'model' },
          scores: { node: 'sub', output: 'score' },
        },
      }),
    ])
    expect((await edgesText(store)).filter((text) => text.startsWith('trials '))).toEqual([
      'trials in models m0',
      'trials in models m1',
      'trials in scores s0',
      'trials in scores s1',
      'trials out models models',
      'trials out scores scores',
    ])
  })

  it('lets a resumed run go on: what succeeded stays, what had failed begins anew', async () => {
    const store = await openStore(':memory:', { engine })
    const error = { name: 'Error', message: 'no' }
    await appendAll(store, run, [
      started({ code: { a: 'sha256:a1', b: 'sha256:b1' } }),
      attempt('a'),
      succeeded('a'),
      attempt('b'),
      { type: 'attempt.failed', node: 'b', attempt: 1, end: 'failed', error },
      { type: 'node.failed', node: 'b', step: 'b', error },
      { type: 'node.blocked', node: 'c', by: 'b' },
      { type: 'run.finished', state: 'failed', outputs: {}, error },
    ])
    const failed = await store.detail(run)
    expect(failed).toMatchObject({ state: 'failed', error })
    expect(failed!.executions.map(({ node, state }) => `${node} ${state}`)).toEqual([
      'a succeeded',
      'b failed',
      'c blocked',
    ])
    expect(failed!.executions[1]!.error).toEqual(error)
    await appendAll(
      store,
      run,
      [
        { type: 'run.resumed', acceptedCode: ['b'], code: { a: 'sha256:a1', b: 'sha256:b2' } },
        attempt('b'),
        succeeded('b', { startedAt: 5_001 }),
        succeeded('c', { startedAt: 5_002 }),
        { type: 'run.finished', state: 'succeeded', outputs: {} },
      ],
      5_000,
    )
    const detail = await store.detail(run)
    expect(detail).toMatchObject({ state: 'succeeded', error: null, code: { b: 'sha256:b2' } })
    const [a, b, c] = detail!.executions
    expect([a!.code, b!.code, c!.state]).toEqual(['sha256:a1', 'sha256:b2', 'succeeded'])
    expect(b!.attempts.map(({ number, end }) => `${number} ${end}`)).toEqual(['1 failed', '1 succeeded'])
    expect(b!.number).toBe(failed!.executions[1]!.number)
  })

  it('replaces what an execution left when it ran again to make a lost output', async () => {
    const store = await openStore(':memory:', { engine })
    const facts = { metrics: { m: { last: 1, min: 1, max: 1, count: 1 } }, params: { p: 1 }, reports: [] }
    await appendAll(store, run, [
      started(),
      attempt('a'),
      succeeded('a', { outputs: values({ x: named('x') }), facts }),
    ])
    const generation = await store.lineageGeneration()
    const again = named('x')
    const repaired = { ...again, blob: key('other bytes') }
    await appendAll(store, run, [
      attempt('a', { attempt: 2 }),
      succeeded('a', { attempt: 2, outputs: values({ x: repaired }), facts }),
    ])
    expect(await edgesText(store)).toEqual(['a out x x'])
    expect(await store.artifacts(again.digest)).toEqual([repaired])
    expect(await store.lineageGeneration()).toBeGreaterThan(generation)
  })

  it('keeps the inputs of a run, which no step may have read', async () => {
    const store = await openStore(':memory:', { engine })
    await appendAll(store, run, [started({ inputs: { csv: { artifact: named('csv') }, n: { value: 1 } } })])
    expect(await store.artifacts(named('csv').digest)).toEqual([named('csv')])
    expect(await collect(store.artifactsOfRun(run))).toEqual([named('csv')])
  })
})

const names = ['a', 'b', 'm[0]/a', 'm[1]/a', 'm', 'z']
const anyName = fc.constantFrom(...names)
const anyArtifact = fc
  .tuple(
    fc.constantFrom('1', '2', '3', '4', '5'),
    fc.constantFrom('json' as const, 'list' as const),
    fc.nat(1),
  )
  .map(([name, kind, blob]) => artifact(name, { kind, blob: key(`${name} ${blob}`) }))
const anyValue: fc.Arbitrary<Value> = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    anyArtifact.map((one) => ({ artifact: one })),
    fc.constant<Value>({ value: 0.5 }),
    fc.constant<Value>({ absent: true }),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => ({ list: items })),
  ),
})).value
const anyValues = fc.dictionary(fc.constantFrom('x', 'y', 'out'), anyValue, { maxKeys: 3 })
const error = { name: 'Error', message: 'no' }
const anyEvent: fc.Arbitrary<RunEvent> = fc.oneof(
  fc.record({ node: anyName, attempt: fc.integer({ min: 1, max: 3 }) }).map((one) => attempt(one.node, one)),
  fc.record({ node: anyName, attempt: fc.integer({ min: 1, max: 3 }) }).map((one): RunEvent => ({
    type: 'attempt.failed',
    node: one.node,
    attempt: one.attempt,
    end: 'failed',
    error,
  })),
  fc
    .record({
      node: anyName,
      step: fc.constantFrom(null, 'train'),
      attempt: fc.nat(2),
      startedAt: fc.nat(5_000),
      inputs: anyValues,
      outputs: anyValues,
      key: fc.constantFrom(null, key('1'), key('2'), key('3')),
      more: fc.constantFrom<Partial<Extract<RunEvent, { type: 'node.succeeded' }>>>(
        {},
        { uncached: 'effect' },
        { reused: { run: 'other', node: 'a' } },
        { gathers: { out: { node: 'a', output: 'out' } } },
        {
          facts: {
            metrics: { auc: { last: Number.NaN, min: 0, max: 1, count: 2 } },
            params: { p: [1, 'a'] },
            reports: [artifact('report')],
          },
        },
      ),
    })
    .map(({ more, ...one }) => succeeded(one.node, { ...one, ...more })),
  fc.record({ node: anyName, call: anyName }).map(({ node, call }): RunEvent => ({
    type: 'call.succeeded',
    node,
    call,
    idempotencyKey: `key of ${call}`,
    key: null,
  })),
  fc.record({ node: anyName, of: anyName }).map(({ node, of }): RunEvent => ({
    type: 'checkpoint.saved',
    node,
    attempt: 1,
    artifact: artifact(of),
    key: null,
  })),
  anyName.map((node): RunEvent => ({ type: 'node.failed', node, step: 'train', error })),
  anyName.map((node): RunEvent => ({ type: 'node.skipped', node })),
  anyName.map((node): RunEvent => ({ type: 'node.blocked', node, by: 'a' })),
  anyName.map((node): RunEvent => ({ type: 'node.cancelled', node })),
  fc.constant<RunEvent>({ type: 'run.resumed', acceptedCode: [], code: {} }),
  fc.constant<RunEvent>({ type: 'run.cancel-requested', reason: 'test' }),
  fc.constant<RunEvent>({ type: 'run.finished', state: 'succeeded', outputs: {} }),
  fc.constant<RunEvent>({ type: 'run.finished', state: 'failed', outputs: {}, error }),
  fc.constant<RunEvent>({
    type: 'run.environment',
    environment: { node: '20', platform: 'linux', host: 'h', pipewright: '1', packages: {}, git: null },
  }),
)

describe('what executions remember', () => {
  it('is the first result of a call, and the latest checkpoint until the node has succeeded', async () => {
    const store = await openStore()
    const call = (result: string): RunEvent => ({
      type: 'call.succeeded',
      node: 'a',
      call: 'pay',
      idempotencyKey: 'k',
      result,
      key: null,
    })
    const saved = (name: string): RunEvent => ({
      type: 'checkpoint.saved',
      node: 'a',
      attempt: 1,
      artifact: artifact(name),
      key: key('1'),
    })
    await appendAll(store, run, [started(), call('first'), call('second'), saved('old'), saved('new')])
    expect(await store.call(run, 'a', 'k')).toMatchObject({ call: 'pay', result: 'first' })
    expect(await store.call(run, 'b', 'k')).toBeUndefined()
    expect(await store.call('other', 'a', 'k')).toBeUndefined()
    expect(await store.checkpoint(run, 'a')).toMatchObject({ artifact: artifact('new'), key: key('1') })
    expect((await collect(store.artifactsOfRun(run))).map(({ digest }) => digest)).toEqual([
      artifact('new').digest,
    ])
    await appendAll(store, run, [succeeded('a')])
    expect(await store.checkpoint(run, 'a')).toBeUndefined()
    expect(await collect(store.artifactsOfRun(run))).toEqual([])
    expect(await store.call(run, 'a', 'k')).toMatchObject({ result: 'first' })
    await store.remove({ runs: [await chosen(store, run)], blobs: [], cacheKeys: [] })
    expect(await store.call(run, 'a', 'k')).toBeUndefined()
  })
})

describe('rebuild', () => {
  it('folds any history into the same projections again', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path)
    const driver = await openDriver(path)
    const db = new Kysely<Record<string, object>>({ dialect: sqliteDialect(driver) })
    const tables = async (): Promise<Record<string, unknown>> => {
      const all: Record<string, unknown> = {}
      for (const table of projections) all[table] = await db.selectFrom(table).selectAll().execute()
      return all
    }
    let runs = 0
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(1), anyEvent), { maxLength: 40 }),
        fc.constantFrom(undefined, 'champion', 'challenger'),
        async (events, alias) => {
          const ids = [`run-${runs++}`, `run-${runs++}`]
          for (const id of ids)
            await store.append({
              run: id,
              at: runs,
              event: started({ tags: ['t', id], inputs: values({ x: artifact(id) }) }),
            })
          await Promise.all(events.map(([which, event], at) => store.append({ run: ids[which]!, at, event })))
          const model = artifact(`model ${runs % 5}`)
          const entry = { name: 'm', digest: model.digest, artifact: model, registeredAt: runs, metadata: {} }
          await store.registerModel({ ...entry, run: ids[0]!, node: 'a' }, alias)
          if (runs % 3 === 0) await store.forget(key('1'))
          const before = await tables()
          await store.rebuild()
          expect(await tables()).toEqual(before)
        },
      ),
      { numRuns: 40 },
    )
    driver.close()
  }, 60_000)

  it('repairs projections that were damaged', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path)
    await appendAll(store, run, [started(), succeeded('a', { outputs: values({ x: artifact('x') }) })])
    const before = await store.detail(run)
    const driver = await openDriver(path)
    driver.exec("delete from executions; update runs set state = 'failed'; delete from edges")
    driver.close()
    expect((await store.detail(run))!.executions).toEqual([])
    const generation = await store.lineageGeneration()
    await store.rebuild()
    expect(await store.detail(run)).toEqual(before)
    expect(await store.lineageGeneration()).toBeGreaterThan(generation)
  })
})
