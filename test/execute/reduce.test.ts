import { describe, expect, test } from 'vitest'
import type { PlanNode, PlanScope } from '../../src/plan/document.ts'
import { reduce } from '../../src/execute/reduce/reduce.ts'
import { openRun } from '../../src/execute/reduce/state.ts'
import { continuePolicy, scope, simulate, step, stopPolicy } from './simulate.ts'

describe('chains and diamonds', () => {
  test('run in the order of their edges', () => {
    const run = simulate(
      scope(step('a'), step('b', 'a'), step('c', 'a'), step('d', 'b', 'c')),
      stopPolicy,
      {},
    )
    expect(run.executed).toEqual(['a', 'b', 'c', 'd'])
    expect(run.finished).toBe('succeeded')
  })

  test('a chain of 100,000 steps needs no recursion, also when its first step fails', () => {
    const nodes = Array.from({ length: 100_000 }, (_, i) =>
      i === 0 ? step('s0') : step(`s${i}`, `s${i - 1}`),
    )
    expect(simulate(scope(...nodes), stopPolicy, {}).executed).toHaveLength(100_000)
    const broken = simulate(scope(...nodes), continuePolicy, { failures: { s0: 1 } })
    expect(broken.finished).toBe('failed')
    expect(broken.settled.get('s99999')).toBe('blocked')
  })

  test('an empty plan succeeds at once', () => {
    expect(simulate(scope(), stopPolicy, {}).finished).toBe('succeeded')
  })
})

describe('failure', () => {
  const plan = scope(step('a'), step('b'), step('after-a', 'a'), step('after-b', 'b'))

  test('stop: nothing new starts, what runs may finish', () => {
    const run = simulate(plan, stopPolicy, { failures: { a: 1 } })
    expect(run.executed).toEqual(['a', 'b'])
    expect(run.finished).toBe('failed')
    expect(run.settled.get('b')).toBe('succeeded')
    expect(run.settled.has('after-b')).toBe(false)
  })

  test('continue: only what depends on the failed node does not run', () => {
    const run = simulate(plan, continuePolicy, { failures: { a: 1 } })
    expect(run.executed).toEqual(['a', 'b', 'after-b'])
    expect(run.settled.get('after-a')).toBe('blocked')
    expect(run.finished).toBe('failed')
  })

  test('a retry is another execution of the same node', () => {
    const run = simulate(plan, stopPolicy, { failures: { a: 2 }, retries: 2 })
    expect(run.executed.filter((node) => node === 'a')).toHaveLength(3)
    expect(run.finished).toBe('succeeded')
  })
})

const body = (...nodes: PlanNode[]): PlanScope => scope(...nodes)
const map = (id: string, inner: PlanScope, concurrency?: number): PlanNode => ({
  type: 'map',
  id,
  items: { value: [] },
  body: inner,
  ...(concurrency === undefined ? {} : { concurrency }),
})
const when = (id: string, then: PlanScope, otherwise?: PlanScope): PlanNode => ({
  type: 'when',
  id,
  condition: { value: true },
  then,
  ...(otherwise === undefined ? {} : { else: otherwise }),
})
const pipeline = (id: string, inner: PlanScope): PlanNode => ({
  type: 'pipeline',
  id,
  pipeline: id,
  inputs: {},
  declares: {},
  body: inner,
})

describe('containers', () => {
  test('a map opens as many items as its window and collects each', () => {
    const run = simulate(scope(map('m', body(step('x'), step('y', 'x')), 4), step('end', 'm')), stopPolicy, {
      counts: { m: 2500 },
    })
    expect(run.finished).toBe('succeeded')
    expect(run.collected).toHaveLength(2500)
    expect(run.mostOpen).toBeLessThanOrEqual(4)
    expect(run.executed.at(-1)).toBe('end')
  })

  test('a map over nothing is gathered', () => {
    const run = simulate(scope(map('m', body(step('x'))), step('end', 'm')), stopPolicy, { counts: { m: 0 } })
    expect(run.executed).toEqual(['end'])
  })

  test('a map whose body has no nodes is gathered', () => {
    const run = simulate(scope(map('m', body()), step('end', 'm')), stopPolicy, { counts: { m: 5 } })
    expect(run.collected).toHaveLength(5)
    expect(run.finished).toBe('succeeded')
  })

  test('a failed item fails the map; continue finishes the other items', () => {
    const run = simulate(scope(map('m', body(step('x'))), step('end', 'm')), continuePolicy, {
      counts: { m: 5 },
      failures: { 'm[2]/x': 1 },
    })
    expect(run.executed).toHaveLength(5)
    expect(run.settled.get('m')).toBe('failed')
    expect(run.settled.get('end')).toBe('blocked')
  })

  test('a branch that is not taken is skipped, and what follows runs', () => {
    const plan = scope(when('w', body(step('t'))), step('end', 'w'))
    const run = simulate(plan, stopPolicy, { branches: { w: 'none' } })
    expect(run.executed).toEqual(['end'])
    expect(run.settled.get('w')).toBe('skipped')
  })

  test('else, nested in a map in a pipeline', () => {
    const plan = scope(
      pipeline('p', body(map('m', body(when('w', body(step('t')), body(step('e'))))))),
      step('end', 'p'),
    )
    const run = simulate(plan, stopPolicy, { branches: { 'p/m/w': 'else' } })
    expect(run.executed).toEqual(['p/m[0]/w/else/e', 'p/m[1]/w/else/e', 'end'])
    expect(run.finished).toBe('succeeded')
  })

  test('a failure deep inside fails every container above it', () => {
    const plan = scope(pipeline('p', body(map('m', body(step('x'))))), step('end', 'p'))
    const run = simulate(plan, continuePolicy, { failures: { 'p/m[0]/x': 1 } })
    expect([...run.settled]).toEqual(
      expect.arrayContaining([
        ['p', 'failed'],
        ['p/m', 'failed'],
        ['end', 'blocked'],
      ]),
    )
  })
})

describe('cancel', () => {
  test('asks for running attempts to be stopped and ends cancelled', () => {
    const state = openRun({ scope: scope(step('a'), step('b', 'a')) }, stopPolicy)
    reduce(state, { type: 'start' })
    expect(reduce(state, { type: 'cancel' })).toEqual([{ type: 'abort' }])
    expect(reduce(state, { type: 'attempt.failed', node: 'a', end: 'cancelled' })).toEqual([
      { type: 'settled', node: 'a', state: 'cancelled' },
      { type: 'finish', state: 'cancelled' },
    ])
  })

  test('a step that was withdrawn is not settled, and the run ends', () => {
    const state = openRun({ scope: scope(step('a'), step('b')) }, stopPolicy)
    reduce(state, { type: 'start' })
    reduce(state, { type: 'attempt.failed', node: 'a', end: 'failed' })
    expect(reduce(state, { type: 'node.withdrawn', node: 'b' })).toEqual([
      { type: 'finish', state: 'failed' },
    ])
  })
})

describe('answers that come again', () => {
  const started = (plan: PlanScope, policy = stopPolicy) => {
    const state = openRun({ scope: plan }, policy)
    reduce(state, { type: 'start' })
    return state
  }

  test('a failure that is told again is not told on', () => {
    const state = started(scope(step('a'), step('b')))
    const failure = { type: 'attempt.failed', node: 'a', end: 'failed' } as const
    expect(reduce(state, failure)).toEqual([{ type: 'settled', node: 'a', state: 'failed' }])
    expect(reduce(state, failure)).toEqual([])
    expect(reduce(state, { ...failure, retryIn: 10 })).toEqual([])
    expect(reduce(state, { type: 'node.broken', node: 'a' })).toEqual([])
  })

  test('what is told of the inside of a container that has settled is let go', () => {
    const state = started(scope(pipeline('p', body(step('x'))), map('m', body(step('x'))), step('end', 'm')))
    reduce(state, { type: 'node.succeeded', node: 'p/x' })
    reduce(state, { type: 'map.expanded', node: 'm', count: 2 })
    reduce(state, { type: 'node.succeeded', node: 'm[0]/x' })
    expect(reduce(state, { type: 'node.succeeded', node: 'm[0]/x' })).toEqual([])
    reduce(state, { type: 'node.succeeded', node: 'p' })
    expect(reduce(state, { type: 'node.succeeded', node: 'p/x' })).toEqual([])
    expect(() => reduce(state, { type: 'node.succeeded', node: 'm[2]/x' })).toThrow(
      /no open node 'm\[2\]\/x'/,
    )
  })

  test('the end of the last round of a loop, told twice, is gathered once', () => {
    const loop: PlanNode = {
      type: 'loop',
      id: 'l',
      state: {},
      again: { value: true },
      maxRounds: 2,
      onMaxRounds: 'stop',
      body: body(step('x')),
    }
    const state = started(scope(loop))
    reduce(state, { type: 'node.succeeded', node: 'l[0]/x' })
    reduce(state, { type: 'loop.turned', node: 'l', round: 0, again: true })
    expect(reduce(state, { type: 'node.succeeded', node: 'l[0]/x' })).toEqual([])
    reduce(state, { type: 'node.succeeded', node: 'l[1]/x' })
    const turned = { type: 'loop.turned', node: 'l', round: 1, again: false } as const
    expect(reduce(state, turned)).toEqual([{ type: 'gather', node: 'l' }])
    expect(reduce(state, turned)).toEqual([])
  })

  test('an effect of an item that was held back, told twice, is taken back once', () => {
    const state = started(scope(map('m', body(step('x'), step('y', 'x'))), step('z'), step('last')))
    reduce(state, { type: 'map.expanded', node: 'm', count: 1 })
    reduce(state, { type: 'attempt.failed', node: 'z', end: 'failed' })
    const effect = { type: 'node.succeeded', node: 'm[0]/x', undoable: true } as const
    reduce(state, effect)
    reduce(state, effect)
    expect(state.undoable).toEqual(['m[0]/x'])
  })
})
