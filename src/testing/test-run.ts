import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'
import type { LogLevel } from '../execute/context.ts'
import type { RunUpdate } from '../execute/run-request.ts'
import type { Plan } from '../plan/document.ts'
import type { MetricSummary, RunEvent, StoredEvent } from '../record/event.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'
import type { RunFailedError } from '../workspace/run-error.ts'
import { checkNode } from './fault.ts'
import { lineageOf, madeFrom, type RunLineage } from './run-lineage.ts'

/** A line that a step has logged. */
export interface TestLog {
  readonly node: string
  readonly level: LogLevel
  readonly message: string
  readonly fields: Readonly<Record<string, unknown>> | undefined
}

/** What a {@link TestRun} is made of. */
export interface TestRunParts<Out> {
  readonly plan: Omit<Plan, 'given'>
  readonly detail: RunDetail
  readonly result: { readonly outputs: Out } | { readonly error: RunFailedError }
  readonly events: readonly StoredEvent[]
  readonly updates: readonly RunUpdate[]
  readonly decode: (execution: ExecutionRecord) => Promise<Record<string, unknown>>
}

/**
 * A run that a test has made, when it is over.
 *
 * @example
 * ```ts
 * const run = await testPipeline(tumours, { csv: 'test/ten-rows.csv' })
 * run.outputs.endpoint // typed; throws run.error where it has failed
 * run.executions.map(({ node, state }) => `${node} ${state}`) // ['load succeeded', …]
 * run.hits // [], for nothing was cached
 * run.metrics['trials[0]/train']?.['loss']?.last // 0.12
 * run.lineage['split'] // ['load.rows']
 * ```
 */
export class TestRun<Out> {
  readonly id: string
  readonly state: RunDetail['state']
  /** All that is recorded of it. */
  readonly detail: RunDetail
  /** The plan that it has followed. */
  readonly plan: Omit<Plan, 'given'>
  /** What is recorded of it, in order; `at` by the clock of the test. */
  readonly events: readonly (RunEvent & { readonly at: number })[]
  readonly logs: readonly TestLog[]
  readonly #parts: TestRunParts<Out>
  #lineage: RunLineage | undefined

  /** @internal */
  constructor(parts: TestRunParts<Out>) {
    const { plan, detail, events, updates } = parts
    this.#parts = parts
    this.id = detail.id
    this.state = detail.state
    this.detail = detail
    this.plan = plan
    this.logs = updates.flatMap(({ event }) => (event.type === 'attempt.log' ? [logOf(event)] : []))
    this.events = events.map(({ at, event }) => ({ ...event, at }))
  }

  /** The outputs, typed. Throws what the run has thrown, where it has not succeeded. */
  get outputs(): Out {
    const { result } = this.#parts
    if ('error' in result) throw result.error
    return result.outputs
  }

  /** What `pw.run` throws of a run that has not succeeded; undefined of one that has. */
  get error(): RunFailedError | undefined {
    const { result } = this.#parts
    return 'error' in result ? result.error : undefined
  }

  /** The executions, in the order of their start: one for each node that something was recorded of. */
  get executions(): readonly ExecutionRecord[] {
    return this.detail.executions
  }

  /** The nodes whose outputs were reused. */
  get hits(): readonly string[] {
    return this.executions.filter(({ reused }) => reused !== null).map(({ node }) => node)
  }

  /** By node: the metrics of its steps. */
  get metrics(): Readonly<Record<string, Readonly<Record<string, MetricSummary>>>> {
    const reporting = this.executions.filter(({ metrics }) => Object.keys(metrics).length > 0)
    return Object.fromEntries(reporting.map(({ node, metrics }) => [node, metrics]))
  }

  /** What each node, and each output of the run, was made from. */
  get lineage(): RunLineage {
    return (this.#lineage ??= lineageOf(this.plan, this.executions))
  }

  /**
   * All that something was made from, nearest first: of a node, `node.output` or `output.<name>` of the run.
   *
   * @example
   * ```ts
   * expect(run.madeFrom('trials[0]/train')).not.toContain('split.test')
   * ```
   */
  madeFrom(name: string): readonly string[] {
    const lineage = this.lineage
    const node = name.replace(/\.[^./]*$/, '')
    if (!(name in lineage) && !(node in lineage))
      throw new PipewrightError('NODE_NOT_FOUND', `run of '${this.plan.pipeline}' has made no '${name}'`, {
        fix: didYouMean(name, Object.keys(lineage)),
      })
    return madeFrom(lineage, name)
  }

  /**
   * The execution of a node. Throws `NODE_NOT_FOUND` where it has none: it was not reached, or there is no such node.
   *
   * @example
   * ```ts
   * expect(run.node('trials[0]/train').attempts).toHaveLength(1)
   * ```
   */
  node(path: string): ExecutionRecord {
    const found = this.executions.find(({ node }) => node === path)
    if (found !== undefined) return found
    checkNode(path, this.plan)
    throw new PipewrightError(
      'NODE_NOT_FOUND',
      `'${path}' has not run in this run of '${this.plan.pipeline}'`,
      {
        fix: `nodes that have: ${this.executions.map(({ node }) => node).join(', ')}`,
        details: { node: path, run: this.id },
      },
    )
  }

  /**
   * The outputs of one node, decoded: what the steps after it were given.
   *
   * @example
   * ```ts
   * const { auc } = await run.outputsOf('trials[0]/evaluate')
   * expect(auc).toBeGreaterThan(0.9)
   * ```
   */
  async outputsOf(path: string): Promise<Readonly<Record<string, unknown>>> {
    return this.#parts.decode(this.node(path))
  }
}

function logOf({ node, level, message, fields }: RunUpdate['event'] & { type: 'attempt.log' }): TestLog {
  return { node, level, message, fields }
}
