import fc from 'fast-check'
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

/** A random plan: every node reads some of the nodes before it, and may be a container. */
function planArbitraryOf(depth: number): fc.Arbitrary<PlanScope> {
  const types =
    depth === 0 ? fc.constant('step') : fc.constantFrom('step', 'step', 'step', 'map', 'when', 'pipeline')
  const inner = depth === 0 ? fc.constant(scope()) : planArbitraryOf(depth - 1)
  return fc
    .array(fc.tuple(types, fc.array(fc.nat(5), { maxLength: 3 }), inner), { maxLength: 6 })
    .map((rows) =>
      scope(
        ...rows.map(([type, sources, nested], index): PlanNode => {
          const after = [...new Set(sources.filter((source) => source < index).map((source) => `n${source}`))]
          const id = `n${index}`
          if (type === 'map') return { ...map(id, nested), after }
          if (type === 'when') return { ...when(id, nested, body(step('other'))), after }
          if (type === 'pipeline') return { ...pipeline(id, nested), after }
          return { ...step(id), after }
        }),
      ),
    )
}

const planArbitrary = planArbitraryOf(2)

describe('any plan, any order', () => {
  const worldArbitrary = fc.record({
    seed: fc.nat(),
    broken: fc.array(fc.constantFrom('n0', 'n1', 'n2/n0', 'n1/n1', 'n3/then/n0'), { maxLength: 2 }),
    branch: fc.constantFrom('then' as const, 'else' as const, 'none' as const),
  })
  const picker = (seed: number) => {
    let state = seed | 1
    return (count: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return state % count
    }
  }
  const worldOf = ({
    seed,
    broken,
    branch,
  }: {
    seed: number
    broken: string[]
    branch: 'then' | 'else' | 'none'
  }) => ({
    pick: picker(seed),
    failures: Object.fromEntries(broken.map((node) => [node, Infinity])),
    branches: new Proxy({}, { get: () => branch }) as Record<string, typeof branch>,
    retries: 1,
  })

  test('ends, settles each node at most once, and the outcome does not depend on the order (continue)', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, fc.nat(), (plan, world, otherSeed) => {
        const one = simulate(plan, continuePolicy, worldOf(world))
        const two = simulate(plan, continuePolicy, worldOf({ ...world, seed: otherSeed }))
        expect(one.finished).toBeDefined()
        expect(two.finished).toBe(one.finished)
        expect(new Map([...two.settled].toSorted())).toEqual(new Map([...one.settled].toSorted()))
      }),
      { numRuns: 300 },
    )
  })

  test('ends under stop too', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, (plan, world) => {
        expect(simulate(plan, stopPolicy, worldOf(world)).finished).toBeDefined()
      }),
      { numRuns: 300 },
    )
  })

  test('a run that dies and goes on from what succeeded ends as one that never died, and repeats nothing', () => {
    fc.assert(
      fc.property(planArbitrary, worldArbitrary, fc.nat(30), (plan, world, dieAfter) => {
        const calm = { ...world, broken: [] }
        const whole = simulate(plan, stopPolicy, worldOf(calm))
        const dead = simulate(plan, stopPolicy, { ...worldOf(calm), dieAfter })
        const history = dead.log.filter(({ type }) => type !== 'attempt.failed')
        const resumed = simulate(plan, stopPolicy, worldOf(calm), history)
        expect(resumed.finished).toBe(whole.finished)
        expect([...dead.executed, ...resumed.executed].toSorted()).toEqual(whole.executed.toSorted())
      }),
      { numRuns: 300 },
    )
  })
})
