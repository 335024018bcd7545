import { defineCommandStep, definePipeline, defineStep, file } from 'pipewright'
import { assertPlan, assertRun, fault, planSnapshot, testPipeline, testWorkspace } from 'pipewright/testing'
import 'pipewright/testing/vitest'
import { beforeAll, describe, expect, test } from 'vitest'
import { AssertionError } from 'node:assert'
import { z } from 'zod'
import type { TestRun } from 'pipewright/testing'

const read = defineStep({
  name: 'read',
  version: '1',
  inputs: { from: z.string() },
  outputs: { items: z.array(z.number()), many: z.boolean() },
  cache: { ttl: '1d' },
  run: () => ({ items: [1, 2], many: false }),
})

const square = defineStep({
  name: 'square',
  version: '1',
  inputs: { n: z.number(), by: z.number().default(2) },
  outputs: { n: z.number() },
  retry: { attempts: 3, delay: '10m', maxDelay: '2h', jitter: 0 },
  timeout: '90m',
  resources: { gpu: 1 },
  run: ({ n, by }) => ({ n: n ** by }),
})

const sum = defineStep({
  name: 'sum',
  inputs: { ns: z.array(z.number()) },
  outputs: { total: z.number() },
  run: ({ ns }, ctx) => ({ total: ns.reduce((a, b) => a + b, 0) + ctx.attempt - 1 }),
})

const send = defineStep({ name: 'send', inputs: { total: z.number() }, effect: true, run: () => undefined })

const squares = definePipeline(
  { name: 'squares', inputs: { from: z.string().default('here') } },
  (p, input) => {
    const { items, many } = p.step(read, { from: input.from })
    const each = p.map(items, (n, q) => ({ n: q.step(square, { n }).n }), { id: 'each', concurrency: 4 })
    const { total } = p.step(sum, { ns: each.n })
    p.when(many, (q) => ({ sent: q.step(square, { n: total }, { id: 'big' }).n }), { id: 'gate' })
    p.step(send, { total }, { after: [each], tags: ['out'] })
    return { total }
  },
)

const plan = `pipeline squares(from?: string = "here")
  read: read(from = input.from) -> items: array, many: boolean  [cache for 1d; version "1"]
  each: map over read.items  [4 at once]
    square: square(n = item) -> n: number  [3 attempts, exponential 10m to 2h, jitter 0; timeout 90m; gpu 1; version "1"]
    => n = square.n
  sum: sum(ns = each.n) -> total: number
  gate: when read.many
    then
      big: square(n = ^sum.total) -> n: number  [3 attempts, exponential 10m to 2h, jitter 0; timeout 90m; gpu 1; version "1"]
      => sent = big.n
  send: send(total = sum.total)  [effect; after each; node tags out]
  => total = sum.total`

let run: TestRun<{ total: number }>
let again: typeof run
let failed: typeof run

beforeAll(async () => {
  const kit = await testWorkspace({ resources: { gpu: 1 } })
  run = await kit.run(
    squares,
    {},
    { faults: [fault('each[0]/square', { attempt: 1, error: new Error('busy') })] },
  )
  again = await kit.run(squares, {})
  failed = await testPipeline(
    squares,
    {},
    { faults: [fault('each/square', { error: new Error('no\nmore') })] },
  )
})

/** What a matcher says. */
function said(check: () => unknown): string {
  try {
    check()
  } catch (error) {
    return (error as Error).message
  }
  throw new Error('it holds')
}

describe('toHaveRun', () => {
  test('a node, its attempts, its state; items one by one or together', () => {
    expect(run).toHaveRun('read')
    expect(run).toHaveRun('each[0]/square', { attempts: 2 })
    expect(run).toHaveRun('each/square', { items: 2 })
    expect(run).not.toHaveRun('each/square', { attempts: 2 })
    expect(run).not.toHaveRun('gate/then/big')
    expect(again).not.toHaveRun('read')
    expect(failed).toHaveRun('each[0]/square', { state: 'failed', attempts: 3 })
  })

  test('it says what is there, why, and the nearest name', () => {
    expect(said(() => expect(run).toHaveRun('each/square', { attempts: 3 }))).toBe(
      `expected 'each/square' to have run with 3 attempts
  'each[0]/square' succeeded after 2 attempts (failed, succeeded)
  'each[1]/square' succeeded after 1 attempt`,
    )
    expect(said(() => expect(again).toHaveRun('read'))).toBe(
      "expected 'read' to have run\n  'read' was a cache hit: nothing was executed",
    )
    expect(said(() => expect(failed).toHaveRun('send'))).toBe(
      `expected 'send' to have run
  'send' was not reached: the run failed; 'each[0]/square' failed after 3 attempts (failed, failed, failed): no`,
    )
    expect(said(() => expect(run).toHaveRun('each/square', { items: 3 }))).toBe(
      "expected 'each/square' to have run with 3 items\n  there were 2 items",
    )
    expect(said(() => expect(run).toHaveRun('read', { state: 'failed', attempts: 1 }))).toBe(
      "expected 'read' to have failed with 1 attempt\n  'read' succeeded after 1 attempt",
    )
    expect(said(() => expect(run).toHaveRun('gate/then/big'))).toBe(
      "expected 'gate/then/big' to have run\n  'gate/then/big' was not reached: 'gate' did not take its branch",
    )
    // A word that is not known would hold whatever happened.
    expect(said(() => expect(run).toHaveRun('read', { attempt: 7 } as object))).toContain(
      "did you mean 'attempts'?",
    )
    expect(said(() => expect(run).not.toHaveRun('read'))).toBe(
      "expected 'read' not to have run\n  'read' succeeded after 1 attempt",
    )
    // A typo passes neither way.
    expect(said(() => expect(run).not.toHaveRun('raed'))).toContain("did you mean 'read'?")
    expect(said(() => expect(run).toHaveRun('square'))).toContain("did you mean 'each/square'?")
    expect(said(() => expect(Promise.resolve(run)).toHaveRun('read'))).toContain('a promise: await it')
  })
})

test('toHaveHitCache tells why it is a miss', () => {
  expect(again).toHaveHitCache('read')
  expect(again).toHaveHitCache('each/square')
  expect(run).not.toHaveHitCache('each/square')
  expect(said(() => expect(again).toHaveHitCache('sum'))).toBe(
    `expected 'sum' to have hit the cache
  'sum' succeeded after 1 attempt; it is not cached: the step read ctx.attempt
  hits: read, each[0]/square, each[1]/square`,
  )
  expect(said(() => expect(again).not.toHaveHitCache('read'))).toContain(
    `'read' was reused from run ${run.id}, node 'read'`,
  )
  expect(said(() => expect(again).toHaveHitCache('each'))).toContain("'each' is no step")
})

test('toMatchLineage looks at the nodes that are named', () => {
  expect(run).toMatchLineage({ read: ['input.from'], sum: ['each.n'], 'output.total': ['sum.total'] })
  expect(run).not.toMatchLineage({ sum: ['read.items'] })
  expect(said(() => expect(run).toMatchLineage({ 'each[0]/square': ['input.from'] }))).toBe(
    `expected to have been made exactly
  'each[0]/square' from input.from: it was made from read.items
    missing: input.from
    not expected: read.items`,
  )
  expect(said(() => expect(run).not.toMatchLineage({ sum: ['each.n'] }))).toBe(
    "expected not to have been made exactly\n  'sum' from each.n",
  )
  expect(said(() => expect(run).toMatchLineage({ smu: [] }))).toContain("did you mean 'sum'?")
})

describe('plans', () => {
  test('one line for each node, with its wiring and policies, and nothing that changes by itself', () => {
    expect(planSnapshot(squares)).toBe(plan)
    expect(planSnapshot(run)).toBe(plan)
    expect(squares).toMatchPlan(plan)
    expect(said(() => expect(squares).toMatchPlan(plan.replace('90m', '1h')))).toBe(
      'expected the plan to be the given text',
    )
    expect(said(() => expect(squares).not.toMatchPlan(plan))).toBe(
      'expected the plan not to be the given text',
    )
    expect(said(() => expect(42).toMatchPlan(plan))).toBe(
      'toMatchPlan takes a pipeline, a plan or a run, not a number',
    )
  })

  test('as a snapshot', () => {
    expect(squares).toMatchPlan()
  })
})

describe('assertRun, for any test runner', () => {
  test('the same checks, which chain', () => {
    assertRun(run)
      .ran('read')
      .ran('each[0]/square', { attempts: 2 })
      .missedCache('read')
      .notRan('gate/then/big')
    assertRun(again)
      .hitCache('read')
      .notRan('read')
      .lineage({ sum: ['each.n'] })
    assertPlan(squares, `${plan}\n`)
  })

  test('failures are assertion errors with both sides', () => {
    expect(() => assertRun(run).hitCache('read')).toThrow(AssertionError)
    try {
      assertRun(run).ran('read', { attempts: 2 })
      expect.unreachable()
    } catch (error) {
      expect(error).toMatchObject({
        actual: [{ node: 'read', state: 'succeeded', attempts: 1 }],
        expected: [{ node: 'read', state: 'succeeded', attempts: 2 }],
      })
    }
    expect(() => assertPlan(squares, 'pipeline other()')).toThrow(AssertionError)
    const said = (check: () => void): string => {
      try {
        check()
      } catch (error) {
        return (error as Error).message
      }
      return ''
    }
    const lines = said(() => assertPlan(squares, plan.replace('timeout 90m', 'timeout 1h'))).split('\n')
    expect(lines[0]).toBe('expected the plan to be the given text')
    expect(
      lines.filter((line) => /^ {2}[+-]/.test(line)).map((line) => line.match(/^ {2}.|timeout \w+/g)),
    ).toEqual([
      ['  -', 'timeout 1h'],
      ['  +', 'timeout 90m'],
    ])
    expect(said(() => assertRun(Promise.resolve(run) as never))).toBe(
      'assertRun takes what testPipeline or kit.run gives, not a promise: await it',
    )
  })
})

describe('what differs is what is shown as different', () => {
  const shownBy = (check: () => void): { actual: unknown; expected: unknown } => {
    try {
      check()
    } catch (error) {
      const { actual, expected } = error as AssertionError
      return { actual, expected }
    }
    throw new Error('the check holds')
  }

  test('the count of items, and a node that was not reached', () => {
    const items = { actual: { items: 2 }, expected: { items: 3 } }
    expect(shownBy(() => expect(run).toHaveRun('each/square', { items: 3 }))).toEqual(items)
    expect(shownBy(() => assertRun(run).ran('each/square', { items: 3 }))).toEqual(items)
    expect(shownBy(() => expect(failed).toHaveHitCache('sum'))).toEqual({
      actual: [],
      expected: [{ node: 'sum', reused: true }],
    })
  })

  test('nothing of what must not hold', () => {
    const nothing = { actual: undefined, expected: undefined }
    expect(shownBy(() => expect(run).not.toHaveRun('read'))).toEqual(nothing)
    expect(shownBy(() => expect(again).not.toHaveHitCache('read'))).toEqual(nothing)
    expect(shownBy(() => assertRun(run).notRan('read'))).toEqual(nothing)
  })

  test('an object that is no run is called so', () => {
    expect(() => expect({}).toHaveRun('read')).toThrow(/not an object$/)
    expect(() => expect(undefined).toHaveRun('read')).toThrow(/not undefined$/)
  })
})

test('a snapshot calls a command by that word: what it runs is no more told than the code of a function', () => {
  const list = defineCommandStep({
    name: 'list',
    outputs: { names: file('text/plain') },
    command: ['ls'],
    stdout: 'names',
  })
  const lists = definePipeline({ name: 'lists', inputs: {} }, (p) => p.step(list, {}))
  expect(planSnapshot(lists)).toContain('list: list() -> names: file text/plain  [command]')
})
