import { PipewrightError } from '../internal/error.ts'
import { planPath } from '../plan/node-path.ts'
import { didYouMean } from '../internal/nearest.ts'
import { counted } from '../ui/text.ts'
import type { AttemptRecord, ExecutionRecord, NodeState } from '../record/records.ts'
import { checkNode, namesNode } from './fault.ts'
import type { RunLineage } from './run-lineage.ts'
import type { TestRun } from './test-run.ts'

/** A run of whatever outputs. */
export type AnyTestRun = Pick<
  TestRun<unknown>,
  'detail' | 'executions' | 'hits' | 'id' | 'lineage' | 'plan' | 'state'
>

/**
 * What is expected of a node that has run.
 *
 * @example
 * ```ts
 * assertRun(run).ran('trials/train', { items: 2, attempts: 1 })
 * ```
 */
export interface RanExpectation {
  /** How often it was tried, retries among it. */
  readonly attempts?: number
  /** Default `succeeded`. */
  readonly state?: NodeState
  /** Of a name without item numbers: how many items have run. */
  readonly items?: number
}

/** What was found: whether it holds, and the sentences for both. */
export interface Verdict {
  readonly pass: boolean
  /** What is said when it does not hold, with what is there. */
  readonly message: string
  /** What is said when it holds and must not. */
  readonly otherwise: string
  readonly actual: unknown
  readonly expected: unknown
}

/** Item 10 after item 9. */
const byNumber = new Intl.Collator('en', { numeric: true })

function named(run: AnyTestRun, node: string): readonly ExecutionRecord[] {
  checkNode(node, run.plan)
  return run.executions
    .filter((execution) => namesNode(node, execution.node))
    .toSorted((a, b) => byNumber.compare(a.node, b.node))
}

function attemptsText(attempts: readonly AttemptRecord[]): string {
  const count = counted(attempts.length, 'attempt')
  // The state tells how the only one has ended.
  return attempts.length < 2 ? count : `${count} (${attempts.map(({ end }) => end ?? 'running').join(', ')})`
}

/** Whether it is of a step: containers have no attempts. */
function isTried({ step, attempts }: ExecutionRecord): boolean {
  return step !== null || attempts.length > 0
}

function wayOf({ node, state, reused, attempts, error }: ExecutionRecord): string {
  if (reused !== null) return `'${node}' was a cache hit: nothing was executed`
  if (state === 'blocked') return `'${node}' was blocked: something before it failed`
  const how = attempts.length === 0 ? '' : ` after ${attemptsText(attempts)}`
  const why = state === 'failed' && error !== null ? `: ${error.message.split('\n')[0]!}` : ''
  return `'${node}' ${state}${how}${why}`
}

/** The innermost branch that a node stands in. */
function branchAround(node: string): string | undefined {
  return /^(.*)\/(?:then|else)\//.exec(node)?.[1]
}

/** Where a run has come to, for the node that it has not come to. */
function notReached(run: AnyTestRun, node: string): string {
  const branch = run.state === 'succeeded' ? branchAround(node) : undefined
  if (branch !== undefined) return `'${node}' was not reached: '${branch}' did not take its branch`
  const failed = run.executions.find((execution) => execution.state === 'failed' && isTried(execution))
  const because = failed === undefined ? '' : `; ${wayOf(failed)}`
  return `'${node}' was not reached: the run ${run.state}${because}`
}

const expectations = ['attempts', 'state', 'items']

/** A word that is not known would be taken for nothing, and the test would hold whatever happened. */
function checkExpectation(expected: RanExpectation): void {
  for (const name of Object.keys(expected)) {
    if (expectations.includes(name)) continue
    throw new PipewrightError(
      'TEST_INVALID',
      `'${name}' is nothing that can be expected of a node that has run`,
      {
        fix: didYouMean(name, expectations),
      },
    )
  }
}

/** Whether a node was executed: neither reused nor skipped. */
export function ranVerdict(run: AnyTestRun, node: string, expected: RanExpectation = {}): Verdict {
  checkExpectation(expected)
  const found = named(run, node)
  const { attempts, state = 'succeeded', items } = expected
  const isAsExpected = (execution: ExecutionRecord): boolean =>
    execution.reused === null &&
    execution.state === state &&
    (attempts === undefined || execution.attempts.length === attempts)
  const amounts = [
    ...(attempts === undefined ? [] : [counted(attempts, 'attempt')]),
    ...(items === undefined ? [] : [counted(items, 'item')]),
  ]
  const verb = state === 'succeeded' ? 'have run' : state === 'failed' ? 'have failed' : `be ${state}`
  const wanted = `${verb}${amounts.length === 0 ? '' : ` with ${amounts.join(' and ')}`}`
  const wrong = found.filter((execution) => !isAsExpected(execution))
  const isCount = items === undefined || found.length === items
  const ways = wrong.slice(0, 5).map(wayOf)
  if (!isCount) ways.push(`there were ${counted(found.length, 'item')}`)
  const text = found.length === 0 ? notReached(run, node) : ways.join('\n  ')
  return {
    pass: found.length > 0 && wrong.length === 0 && isCount,
    message: `expected '${node}' to ${wanted}\n  ${text}`,
    otherwise: `expected '${node}' not to ${wanted}\n  ${found.slice(0, 5).map(wayOf).join('\n  ')}`,
    ...(isCount || found.length === 0
      ? {
          expected:
            found.length === 0
              ? [{ node, state, attempts }]
              : found.map((one) => ({ node: one.node, state, attempts: attempts ?? one.attempts.length })),
          actual: found.map((one) => ({
            node: one.node,
            state: one.reused === null ? one.state : 'reused',
            attempts: one.attempts.length,
          })),
        }
      : { expected: { items }, actual: { items: found.length } }),
  }
}

/** Whether the outputs of a node were reused: of each item, where its name has no item numbers. */
export function hitVerdict(run: AnyTestRun, node: string): Verdict {
  const found = named(run, node)
  const missed = found.filter(({ reused }) => reused === null)
  const steps = missed.filter(isTried)
  const why = (execution: ExecutionRecord): string => {
    const { uncached } = execution
    const reason =
      uncached !== null
        ? `; it is not cached: ${uncached}`
        : execution.state === 'succeeded'
          ? `; kit.workspace.explain(run.id, '${execution.node}') tells why it was executed`
          : ''
    return `${wayOf(execution)}${reason}`
  }
  const container =
    missed.length > steps.length ? `'${node}' is no step: name the steps inside of it` : undefined
  const text =
    container ?? (found.length === 0 ? notReached(run, node) : steps.slice(0, 5).map(why).join('\n  '))
  const others = run.hits.length === 0 ? 'there was no hit' : `hits: ${run.hits.slice(0, 20).join(', ')}`
  return {
    pass: found.length > 0 && missed.length === 0,
    message: `expected '${node}' to have hit the cache\n  ${text}\n  ${others}`,
    otherwise: `expected '${node}' not to have hit the cache\n  ${found
      .slice(0, 5)
      .map(
        ({ node: at, reused }) =>
          `'${at}' was reused from run ${reused?.run ?? ''}, node '${reused?.node ?? ''}'`,
      )
      .join('\n  ')}`,
    expected: (found.length === 0 ? [{ node }] : found).map((one) => ({ node: one.node, reused: true })),
    actual: found.map((one) => ({ node: one.node, reused: one.reused !== null })),
  }
}

function listText(names: readonly string[]): string {
  return names.length === 0 ? 'nothing' : names.join(', ')
}

/** Whether nodes were made from exactly these outputs and inputs, in whatever order; others are not looked at. */
export function lineageVerdict(run: AnyTestRun, expected: RunLineage): Verdict {
  const { lineage } = run
  const actual: Record<string, readonly string[]> = {}
  const wanted: Record<string, readonly string[]> = {}
  const lines: string[] = []
  for (const [name, sources] of Object.entries(expected)) {
    const made = lineage[name]
    if (made === undefined) {
      const isKnown = run.executions.some(({ node }) => planPath(node) === planPath(name))
      throw new PipewrightError('NODE_NOT_FOUND', `'${name}' is not in the lineage of run ${run.id}`, {
        fix: isKnown
          ? `what has succeeded: ${Object.keys(lineage).join(', ')}`
          : didYouMean(name, Object.keys(lineage)),
      })
    }
    wanted[name] = sources.toSorted()
    actual[name] = made.toSorted()
    const lacking = sources.filter((source) => !made.includes(source))
    const surplus = made.filter((source) => !sources.includes(source))
    if (lacking.length + surplus.length === 0) continue
    lines.push(`'${name}' from ${listText(sources)}: it was made from ${listText(made)}`)
    if (lacking.length > 0) lines.push(`  missing: ${lacking.join(', ')}`)
    if (surplus.length > 0) lines.push(`  not expected: ${surplus.join(', ')}`)
  }
  return {
    pass: lines.length === 0,
    message: `expected to have been made exactly\n  ${lines.join('\n  ')}`,
    otherwise: `expected not to have been made exactly\n  ${Object.entries(expected)
      .map(([name, sources]) => `'${name}' from ${listText(sources)}`)
      .join('\n  ')}`,
    expected: wanted,
    actual,
  }
}
