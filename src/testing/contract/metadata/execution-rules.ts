import { deepStrictEqual, strictEqual } from 'node:assert/strict'
import type { RunEvent } from '../../../record/event.ts'
import { type MetadataRules } from './case.ts'
import { appendAll, artifact, attempt, finished, key, started, succeeded, values } from './made-events.ts'

const call = (idempotencyKey: string, result: number): RunEvent => ({
  type: 'call.succeeded',
  node: 'a',
  call: 'charge',
  idempotencyKey,
  result,
  key: null,
})

const checkpoint = (name: string): RunEvent => ({
  type: 'checkpoint.saved',
  node: 'a',
  attempt: 1,
  artifact: artifact(name),
  key: null,
})

/** What is remembered of the nodes of a run. */
export const executionRules = {
  async 'folds the attempts of a node into its execution'({ store }) {
    const error = { name: 'TimeoutError', message: 'too long' }
    const facts = { metrics: { loss: { last: 2, min: 1, max: 3, count: 2 } }, params: { depth: 3 } }
    await appendAll(store, 'r', [
      started({ code: { train: key('code') } }),
      attempt('train', { key: key('k') }),
      {
        type: 'attempt.failed',
        node: 'train',
        attempt: 1,
        end: 'timed-out',
        error,
        retryIn: 5,
        log: 'logs/1',
        facts,
      },
      attempt('train', { attempt: 2, key: key('k') }),
    ])
    const running = (await store.executionAt('r', 'train'))!
    deepStrictEqual(
      [running.state, running.startedAt, running.finishedAt, running.code],
      ['running', 1_001, null, key('code')],
    )
    deepStrictEqual(running.attempts, [
      { number: 1, startedAt: 1_001, finishedAt: 1_002, end: 'timed-out', error, log: 'logs/1', facts },
      { number: 2, startedAt: 1_003, finishedAt: null, end: null, error: null, log: null },
    ])
    const done = { ...facts, reports: [artifact('report')], log: 'logs/2' }
    const event = succeeded('train', {
      attempt: 2,
      startedAt: 1_003,
      inputs: { rate: { value: 0.1 }, left: { absent: true } },
      outputs: values({ model: artifact('model') }),
      key: key('k'),
      env: { REGION: key('eu') },
      fingerprint: '"v1"',
      facts: done,
    })
    await appendAll(store, 'r', [event], 2_000)
    const after = (await store.executionAt('r', 'train'))!
    deepStrictEqual(
      {
        state: after.state,
        finishedAt: after.finishedAt,
        inputs: after.inputs,
        outputs: after.outputs,
        key: after.key,
        env: after.env,
        fingerprint: after.fingerprint,
        reused: after.reused,
        uncached: after.uncached,
        metrics: after.metrics,
        params: after.params,
        reports: after.reports,
      },
      {
        state: 'succeeded',
        finishedAt: 2_000,
        inputs: event.inputs,
        outputs: event.outputs,
        key: key('k'),
        env: event.env,
        fingerprint: '"v1"',
        reused: null,
        uncached: null,
        metrics: facts.metrics,
        params: facts.params,
        reports: done.reports,
      },
    )
    deepStrictEqual([after.attempts[1]!.end, after.attempts[1]!.log], ['succeeded', 'logs/2'])
  },

  async 'tells how nodes have ended that gave no result'({ store }) {
    const error = { name: 'Error', message: 'no', place: { file: 'src/a.ts', line: 3, column: 7 } }
    await appendAll(store, 'r', [
      started(),
      { type: 'node.failed', node: 'a', step: 'a', error },
      { type: 'node.blocked', node: 'b', by: 'a' },
      { type: 'node.skipped', node: 'c' },
      { type: 'node.cancelled', node: 'd' },
      { type: 'wait.opened', node: 'e', on: 'signal', until: null },
    ])
    const found = await store.executions('r')
    deepStrictEqual(
      found.map(({ node, state }) => `${node} ${state}`),
      ['a failed', 'b blocked', 'c skipped', 'd cancelled', 'e waiting'],
    )
    deepStrictEqual([found[0]!.error, found[1]!.blockedBy], [error, 'a'])
    deepStrictEqual(await store.executions('nobody'), [])
    strictEqual(await store.executionAt('r', 'nothing'), undefined)
  },

  async 'gives executions in the order of their start'({ store }) {
    await store.append({ run: 'r', at: 1, event: started() })
    for (let at = 0; at < 1_100; at++)
      void store.append({ run: 'r', at, event: succeeded(`n${at}`, { startedAt: (at * 7) % 1_100 }) })
    await store.flush()
    const { executions } = (await store.detail('r'))!
    deepStrictEqual(
      executions.map(({ startedAt }) => startedAt),
      Array.from({ length: 1_100 }, (_, at) => at),
    )
  },

  async 'shows a node that was begun again as running'({ store }) {
    const error = { name: 'Error', message: 'no' }
    await appendAll(store, 'r', [
      started(),
      attempt('a'),
      { type: 'attempt.failed', node: 'a', attempt: 1, end: 'failed', error },
      { type: 'node.failed', node: 'a', step: 'a', error },
      finished('failed'),
      { type: 'run.resumed', acceptedCode: [], code: { a: key('new') } },
      attempt('a'),
    ])
    const run = (await store.detail('r'))!
    deepStrictEqual([run.finishedAt, run.error], [null, null])
    const [again] = run.executions
    deepStrictEqual([again!.state, again!.code, again!.attempts.length], ['running', key('new'), 2])
  },

  async 'keeps the run with what it was started with and what it has given'({ store }) {
    const environment = {
      node: '24.0.0',
      platform: 'linux x64',
      host: 'h',
      pipewright: '1.0.0',
      packages: { zod: '4.0.0' },
      git: { commit: 'abc', branch: 'main', dirty: true },
    }
    const event = started({
      pipeline: 'tumours',
      inputs: values({ csv: artifact('csv') }),
      code: { load: key('code') },
      address: { module: 'src/tumours.ts', pipeline: 'tumours' },
      tags: ['nightly', 'eu'],
      key: 'today',
    })
    await appendAll(store, 'r', [event, { type: 'run.environment', environment }])
    await appendAll(
      store,
      'r',
      [{ type: 'run.finished', state: 'succeeded', outputs: values({ model: artifact('m') }) }],
      2_000,
    )
    const run = (await store.detail('r'))!
    deepStrictEqual(
      {
        pipeline: run.pipeline,
        inputs: run.inputs,
        code: run.code,
        address: run.address,
        settings: run.settings,
        plan: run.plan,
        tags: run.tags.toSorted(),
        key: run.key,
        startedAt: run.startedAt,
        environment: run.environment,
        state: run.state,
        finishedAt: run.finishedAt,
        outputs: run.outputs,
      },
      {
        pipeline: 'tumours',
        inputs: event.inputs,
        code: event.code,
        address: event.address,
        settings: event.settings,
        plan: event.plan,
        tags: ['eu', 'nightly'],
        key: 'today',
        startedAt: 1_000,
        environment,
        state: 'succeeded',
        finishedAt: 2_000,
        outputs: values({ model: artifact('m') }),
      },
    )
  },

  async 'tells which effects of a failed run were taken back'({ store }) {
    const error = { name: 'Error', message: 'will not' }
    await appendAll(store, 'r', [
      started(),
      ...['a', 'b', 'c'].map((node) => succeeded(node)),
      { type: 'undo.started', node: 'c' },
      { type: 'node.undone', node: 'c' },
      { type: 'undo.started', node: 'b' },
      { type: 'node.undone', node: 'b', error },
      { type: 'undo.started', node: 'a' },
    ])
    deepStrictEqual((await store.detail('r'))!.undone, [
      { node: 'c', state: 'undone', startedAt: 1_004, finishedAt: 1_005, error: null },
      { node: 'b', state: 'failed', startedAt: 1_006, finishedAt: 1_007, error },
      { node: 'a', state: 'running', startedAt: 1_008, finishedAt: null, error: null },
    ])
  },

  async 'keeps the first result of a call'({ store }) {
    await appendAll(store, 'r', [started(), attempt('a'), call('k1', 1), call('k1', 2), call('k2', 3)])
    deepStrictEqual(await store.call('r', 'a', 'k1'), call('k1', 1))
    deepStrictEqual(await store.call('r', 'a', 'k2'), call('k2', 3))
    strictEqual(await store.call('r', 'b', 'k1'), undefined)
    strictEqual(await store.call('other', 'a', 'k1'), undefined)
  },

  async 'keeps the latest checkpoint until its node has succeeded'({ store }) {
    await appendAll(store, 'r', [started(), attempt('a'), checkpoint('one'), checkpoint('two')])
    deepStrictEqual(await store.checkpoint('r', 'a'), checkpoint('two'))
    strictEqual(await store.checkpoint('r', 'b'), undefined)
    await appendAll(store, 'r', [succeeded('a')])
    strictEqual(await store.checkpoint('r', 'a'), undefined)
  },
} satisfies MetadataRules
