import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { drawFrom } from '../../src/testing/cluster/draw.ts'
import { isFixed } from '../../src/testing/cluster/invariants.ts'
import type { ExecutablePlan } from '../../src/testing/cluster/random-plan.ts'
import { runInOrder, type Ended } from './any-order.ts'
import { orders, plans } from './plan-arbitrary.ts'
import { continuePolicy, stopPolicy } from './simulate.ts'

const policies = fc.constantFrom(stopPolicy, continuePolicy, { ...stopPolicy, failFast: true })
const worlds = fc.record({ seed: fc.nat(1_000_000), failing: fc.constantFrom(0, 10, 40) })
const numRuns = 1_500

/** What no order may change. */
function resultOf({ finished, settled, collected, undone }: Ended, plan: ExecutablePlan): unknown {
  const counts = isFixed(plan, settled)
  return {
    finished,
    settled: [...settled].filter(([path]) => counts(path)).toSorted(),
    collected: [...collected].filter(counts).toSorted(),
    undone: undone.filter(counts).toSorted(),
  }
}

describe('any plan, whatever its nodes answer', () => {
  test('ends; nothing is asked for twice, no node is lost', () => {
    fc.assert(
      fc.property(plans, worlds, policies, orders, ({ plan }, world, policy, order) => {
        runInOrder(plan, policy, world, drawFrom(order))
      }),
      { numRuns },
    )
  })

  test('ends the same in any order of answers, where failures stop nothing else', () => {
    fc.assert(
      fc.property(plans, worlds, orders, orders, ({ plan }, world, order, other) => {
        const one = runInOrder(plan, continuePolicy, world, drawFrom(order))
        const two = runInOrder(plan, continuePolicy, world, drawFrom(other))
        expect(resultOf(two, plan)).toEqual(resultOf(one, plan))
      }),
      { numRuns },
    )
  })

  test('ends when it is cancelled at any time', () => {
    fc.assert(
      fc.property(plans, worlds, policies, orders, fc.nat(25), ({ plan }, world, policy, order, after) => {
        runInOrder(plan, policy, { ...world, cancelAfter: after }, drawFrom(order))
      }),
      { numRuns },
    )
  })

  test('an answer that comes again changes nothing', () => {
    fc.assert(
      fc.property(plans, worlds, policies, orders, ({ plan }, world, policy, order) => {
        runInOrder(plan, policy, { ...world, repeats: true }, drawFrom(order))
      }),
      { numRuns },
    )
  })
})
