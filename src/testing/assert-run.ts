import { AssertionError } from 'node:assert'
import { diffLines } from 'diff'
import {
  hitVerdict,
  lineageVerdict,
  ranVerdict,
  type AnyTestRun,
  type RanExpectation,
  type Verdict,
} from './checks.ts'
import { planSnapshot, type Planned } from './plan-snapshot.ts'
import { asPlanned, asRun } from './run-argument.ts'
import type { RunLineage } from './run-lineage.ts'

/**
 * What can be asserted of a run; each gives itself, so that they chain.
 *
 * @example
 * ```ts
 * const first = await kit.run(tumours, { csv: 'test/ten-rows.csv' })
 * assertRun(first)
 *   .ran('trials/train', { items: 2 })
 *   .notRan('release/then/deploy')
 *   .missedCache('load')
 *   .lineage({ split: ['load.rows'] })
 * assertRun(await kit.run(tumours, { csv: 'test/ten-rows.csv' })).hitCache('load')
 * ```
 */
export interface RunAssertions {
  /** The node was executed: neither reused nor skipped. */
  ran(node: string, expected?: RanExpectation): RunAssertions
  /** The node was not executed: it was reused, or skipped, or not reached. */
  notRan(node: string): RunAssertions
  /** The outputs of the node were reused. */
  hitCache(node: string): RunAssertions
  /** The node was executed, or not reached. */
  missedCache(node: string): RunAssertions
  /** These nodes were made from exactly these outputs and inputs. */
  lineage(expected: RunLineage): RunAssertions
}

/**
 * Asserts what a run has done, in any test runner: failures are those of `node:assert`, with expected and actual.
 *
 * @example
 * ```ts
 * assertRun(run).ran('trials/train', { attempts: 2 }).hitCache('load')
 * ```
 */
export function assertRun(run: AnyTestRun): RunAssertions {
  asRun(run, 'assertRun')
  const holds = (verdict: Verdict, wanted = true): RunAssertions => {
    if (verdict.pass === wanted) return assertions
    const { actual, expected, message, otherwise } = verdict
    throw new AssertionError({
      message: wanted ? message : otherwise,
      // Of what must not hold both are the same.
      ...(wanted ? { actual, expected } : {}),
      operator: 'assertRun',
      stackStartFn: holds,
    })
  }
  const assertions: RunAssertions = {
    ran: (node, expected) => holds(ranVerdict(run, node, expected)),
    notRan: (node) => holds(ranVerdict(run, node), false),
    hitCache: (node) => holds(hitVerdict(run, node)),
    missedCache: (node) => holds(hitVerdict(run, node), false),
    lineage: (expected) => holds(lineageVerdict(run, expected)),
  }
  return assertions
}

/** The lines that differ, those of the expected text with a minus. */
function planDiff(expected: string, actual: string): string {
  return diffLines(`${expected}\n`, `${actual}\n`)
    .flatMap(({ added, removed, value }) => {
      const sign = added ? '+' : removed ? '-' : ' '
      return value
        .trimEnd()
        .split('\n')
        .map((line) => `  ${sign} ${line}`)
    })
    .join('\n')
}

/**
 * Asserts the text of a plan, as {@link planSnapshot} writes it; space around it does not count.
 *
 * @example
 * ```ts
 * assertPlan(tumours, await readFile('test/tumours.plan.txt', 'utf8'))
 * ```
 */
export function assertPlan(planned: Planned, expected: string): void {
  const actual = planSnapshot(asPlanned(planned, 'assertPlan'))
  if (actual.trim() === expected.trim()) return
  throw new AssertionError({
    message: `expected the plan to be the given text\n${planDiff(expected.trim(), actual.trim())}`,
    actual: actual.trim(),
    expected: expected.trim(),
    operator: 'strictEqual',
    stackStartFn: assertPlan,
  })
}
