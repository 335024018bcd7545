/**
 * Matchers of vitest for runs and plans: importing this module adds them to `expect`.
 *
 * @example
 * ```ts
 * import 'pipewright/testing/vitest'
 * ```
 * @module pipewright/testing/vitest
 */
import { expect, Snapshots } from 'vitest'
import { hitVerdict, lineageVerdict, ranVerdict, type RanExpectation, type Verdict } from './checks.ts'
import { planSnapshot } from './plan-snapshot.ts'
import { asPlanned, asRun } from './run-argument.ts'
import type { RunLineage } from './run-lineage.ts'

/** What `expect` knows of runs and plans once this module is imported. */
export interface PipewrightMatchers<R = void> {
  /**
   * The node was executed: neither reused nor skipped. A name without item numbers means every item.
   *
   * @example
   * ```ts
   * expect(run).toHaveRun('trials/train', { items: 2 })
   * expect(run).not.toHaveRun('release/then/deploy') // the model was not good enough
   * ```
   */
  toHaveRun(node: string, expected?: RanExpectation): R
  /**
   * The outputs of the node were reused.
   *
   * @example
   * ```ts
   * expect(run).toHaveHitCache('load')
   * ```
   */
  toHaveHitCache(node: string): R
  /**
   * These nodes were made from exactly these outputs and inputs, in whatever order.
   *
   * @example
   * ```ts
   * expect(run).toMatchLineage({ split: ['load.rows'], 'trials[0]/evaluate': ['trials[0]/train.model', 'split.test'] })
   * ```
   */
  toMatchLineage(expected: RunLineage): R
  /**
   * The plan, of a pipeline or a run, is that of the snapshot, or the given text.
   *
   * @example
   * ```ts
   * expect(tumours).toMatchPlan() // a snapshot, as planSnapshot writes it
   * ```
   */
  toMatchPlan(expected?: string): R
}

declare module 'vitest' {
  // The parameter has to be there, by this name: the compiler joins both declarations.
  // oxlint-disable-next-line no-unused-vars, typescript/no-empty-object-type
  interface Matchers<T> extends PipewrightMatchers<void> {}
}

interface Result {
  readonly pass: boolean
  readonly message: () => string
  readonly actual?: unknown
  readonly expected?: unknown
}

function result({ pass, message, otherwise, actual, expected }: Verdict): Result {
  // Under `not` both are the same: a diff of them would say nothing.
  return pass ? { pass, message: () => otherwise } : { pass, message: () => message, actual, expected }
}

expect.extend({
  toHaveRun: (received: unknown, node: string, expected?: RanExpectation) =>
    result(ranVerdict(asRun(received, 'toHaveRun'), node, expected)),
  toHaveHitCache: (received: unknown, node: string) =>
    result(hitVerdict(asRun(received, 'toHaveHitCache'), node)),
  toMatchLineage: (received: unknown, expected: RunLineage) =>
    result(lineageVerdict(asRun(received, 'toMatchLineage'), expected)),
  toMatchPlan(received: unknown, expected?: string): Result {
    const actual = planSnapshot(asPlanned(received, 'toMatchPlan'))
    if (expected === undefined) return Snapshots.toMatchSnapshot.call(this, new PlanText(actual)) as Result
    return {
      pass: actual.trim() === expected.trim(),
      message: () =>
        this.isNot ? 'expected the plan not to be the given text' : 'expected the plan to be the given text',
      actual: actual.trim(),
      expected: expected.trim(),
    }
  },
})

/** A text that a snapshot shows as it is, without quotes. */
class PlanText {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

expect.addSnapshotSerializer({
  test: (value: unknown) => value instanceof PlanText,
  serialize: (value: PlanText) => value.text,
})
