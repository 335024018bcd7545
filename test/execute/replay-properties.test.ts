import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { memoryStore } from '../../src/store/memory-store.ts'
import { drawFrom } from '../../src/testing/cluster/draw.ts'
import { isFixed, isInHandler } from '../../src/testing/cluster/invariants.ts'
import { randomWork } from '../../src/testing/cluster/work.ts'
import { orders, plans } from './plan-arbitrary.ts'
import { goOn, type Driven } from './replica-run.ts'
import { continuePolicy, stopPolicy } from './simulate.ts'

const numRuns = 600

/** The events of a run as text, for a counterexample. */
function told({ log }: Driven): string {
  return log.map(({ seq, event }) => `${seq} ${JSON.stringify(event)}`).join('\n')
}

describe('a run that goes on from any prefix of its log', () => {
  for (const policy of [continuePolicy, stopPolicy]) {
    test(`ends as if nothing had happened, and repeats nothing that has succeeded (${policy.failure})`, async () => {
      await fc.assert(
        fc.asyncProperty(
          plans,
          fc.record({ seed: fc.nat(1_000_000), failing: fc.constantFrom(0, 10, 40) }),
          orders,
          orders,
          fc.nat(1_000),
          async ({ plan }, { seed, failing }, order, other, cut) => {
            const store = memoryStore()
            const program = { plan, pipelines: new Map(), inputs: {} }
            const work = randomWork(String(seed), failing, store)
            const whole = await goOn(program, policy, work, store, drawFrom(order), [])
            const history = whole.log.slice(0, cut % (whole.log.length + 1))
            let rest: Driven
            try {
              rest = await goOn(program, policy, work, store, drawFrom(other), history)
              expect(rest.state).toBe(whole.state)
              expect(rest.outputs).toEqual(whole.outputs)
              if (policy.failure === 'continue') {
                const counts = isFixed(plan, whole.nodes)
                const fixed = (run: Driven): unknown =>
                  [...run.nodes].filter(([path]) => counts(path)).toSorted()
                expect(fixed(rest)).toEqual(fixed(whole))
              }
              const done = new Set(
                history.flatMap(({ event }) => (event.type === 'node.succeeded' ? [event.node] : [])),
              )
              const isDone = (node: string): boolean =>
                [...done].some((other) =>
                  [`${other}/`, `${other}[`].some((start) => `${node}/`.startsWith(start)),
                )
              const repeated = rest.executed.filter((node) => isDone(node) && !isInHandler(plan, node))
              expect(repeated).toEqual([])
            } catch (error) {
              throw new Error(`after ${history.length} of\n${told(whole)}\n${(error as Error).message}`, {
                cause: error,
              })
            }
          },
        ),
        { numRuns },
      )
    })
  }
})
