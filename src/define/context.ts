import type { Json } from '../internal/json.ts'
import type { Report } from '../artifact/report.ts'

/**
 * Writes log lines of an attempt; fields are JSON.
 *
 * @example
 * ```ts
 * ctx.log.debug('no texture', { row: 17 })
 * ctx.log.info('loaded', { rows: rows.length })
 * ctx.log.warn('few malignant rows', { share: 0.02 })
 * ctx.log.error('the endpoint does not answer', { status: 503 })
 * ```
 */
export interface Logger {
  /** For whoever looks for a fault. */
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** What happened. */
  info(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** What may be wrong; shown while the run goes on. */
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void
  /** What is wrong; shown while the run goes on. */
  error(message: string, fields?: Readonly<Record<string, unknown>>): void
}

/**
 * What a step's `run` gets beside its inputs.
 *
 * Reading `run`, `node`, `attempt`, `idempotencyKey` or `now` makes the result depend on this execution: it is
 * then not put into the cache, unless the step states a `cache` policy.
 *
 * @example
 * ```ts
 * ctx.log.info('training', { rows: rows.length, attempt: ctx.attempt })
 * ctx.param('optimiser', 'sgd')
 * for (let epoch = 1; epoch <= 100; epoch++) {
 *   ctx.metric('loss', fit(rows, 0.1).loss, { step: epoch })
 *   ctx.progress(epoch, 100)
 * }
 * ctx.report({ title: 'Evaluation', blocks: [rocCurve(labels, scores)] })
 * ```
 */
export interface StepContext {
  /** Log lines, kept per attempt. */
  readonly log: Logger
  /** Records a metric point; `step` is the position on the x axis (default: the count of points so far). */
  metric(name: string, value: number, options?: { readonly step?: number }): void
  /** Records a parameter that is not an input. */
  param(name: string, value: Json): void
  /** Says how far the step is: `done` of `total`, or a share between 0 and 1. */
  progress(done: number, total?: number): void
  /** Attaches a report to this execution; shown with the run. */
  report(report: Report): void
  /**
   * Aborted when the attempt is cancelled or past its time; pass it on to fetch, timers and child processes.
   *
   * @example
   * ```ts
   * await fetch('https://rates.example.com/today', { signal: ctx.signal })
   * ```
   */
  readonly signal: AbortSignal
  /** The number of this try, from 1. */
  readonly attempt: number
  /** The run: its id and the name of its pipeline. */
  readonly run: { readonly id: string; readonly pipeline: string }
  /** The node's path in the run, such as `trials[3]/train`. */
  readonly node: string
  /**
   * Equal over attempts and resumes of this node, new in a new run; give it to what the effect talks to.
   *
   * @example
   * ```ts
   * const headers = { 'idempotency-key': ctx.idempotencyKey }
   * await fetch('https://deploy.example.com/releases', { method: 'POST', headers, signal: ctx.signal })
   * ```
   */
  readonly idempotencyKey: string
  /**
   * A number in [0, 1), seeded by the cache key: the same inputs and code draw the same numbers.
   *
   * @example
   * ```ts
   * const sample = rows.toArray().filter(() => ctx.random() < 0.1)
   * ```
   */
  readonly random: () => number
  /** The recorded start of this execution. */
  readonly now: () => Date
  /**
   * A folder of this attempt's own, made when it is first read and removed afterwards.
   *
   * @example
   * ```ts
   * const path = join(ctx.workdir, 'predictions.csv') // to be written, and returned for a file() output
   * ```
   */
  readonly workdir: string
}
