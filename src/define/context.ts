import type { Json } from '../internal/json.ts'
import type { Report } from '../artifact/report.ts'

/** Writes log lines of an attempt; fields are JSON. */
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
  /** Aborted when the attempt is cancelled or past its time; pass it on to fetch, timers and child processes. */
  readonly signal: AbortSignal
  /** The number of this try, from 1. */
  readonly attempt: number
  /** The run: its id and the name of its pipeline. */
  readonly run: { readonly id: string; readonly pipeline: string }
  /** The node's path in the run, such as `trials[3]/train`. */
  readonly node: string
  /** Equal over attempts and resumes of this node, new in a new run; give it to what the effect talks to. */
  readonly idempotencyKey: string
  /** A number in [0, 1), seeded by the cache key: the same inputs and code draw the same numbers. */
  readonly random: () => number
  /** The recorded start of this execution. */
  readonly now: () => Date
  /** A folder of this attempt's own, made when it is first read and removed afterwards. */
  readonly workdir: string
}
