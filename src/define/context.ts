import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Json } from '../internal/json.ts'
import type { Report } from '../artifact/report.ts'
import type { Service, Services } from './service.ts'

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

/** What the function of {@link StepContext.once} gets. */
export interface OnceCall {
  /** The same whenever this call of this execution is repeated, new in a new run; give it to what is called. */
  readonly idempotencyKey: string
  /** That of the attempt. */
  readonly signal: AbortSignal
}

/** What {@link StepContext.checkpoint} takes: data that JSON holds, or bytes. */
export type Checkpoint = Json | Uint8Array

/**
 * What a step's `run` gets beside its inputs.
 *
 * Reading `run`, `node`, `attempt`, `idempotencyKey`, `now` or `service` makes the result depend on this execution: it is
 * then not put into the cache, unless the step states a `cache` policy; a secret does so too. `once`, `checkpoint` and
 * `restored` do not. `SecretName` are the names of the secrets that the step declares.
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
export interface StepContext<SecretName extends string = string> {
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
   * The value of a secret that the step declares. It was asked of the providers before the step began, once for the run
   * in this process, and is redacted wherever Pipewright writes something.
   *
   * Throws `DEFINITION_INVALID` for a name that the step does not declare.
   *
   * @example
   * ```ts
   * const headers = { authorization: `Bearer ${await ctx.secret('token')}` }
   * ```
   */
  secret(name: SecretName): Promise<string>
  /**
   * A folder of this attempt's own, made when it is first read and removed afterwards.
   *
   * @example
   * ```ts
   * const path = join(ctx.workdir, 'predictions.csv') // to be written, and returned for a file() output
   * ```
   */
  readonly workdir: string
  /**
   * Runs a function once for this execution: resolves with its result when that is durable. A call that has given its
   * result never runs again, in no later attempt or resume; one that was cut off before is repeated alone, with the same
   * `idempotencyKey`. One that throws is not recorded.
   *
   * `key` names the call within the step; calls with one key at the same time share one. The result is JSON, or nothing,
   * and is kept in the record, also of a step that fails: return an id or a path of what is large. The result of the step
   * is cached as any other: the key that a call is handed says nothing of what it gives. A step whose calls change
   * something outside is an `effect`, or a later run may reuse its outputs without calling.
   *
   * Throws what the function throws, `VALUE_NOT_STORABLE` with the path of what JSON cannot hold, `DEFINITION_INVALID` for
   * a key that is no text, or the reason of `signal` once that is aborted: nothing new is called then.
   *
   * @example
   * ```ts
   * const receipt = await ctx.once('charge', async ({ idempotencyKey, signal }) => {
   *   const headers = { 'idempotency-key': idempotencyKey }
   *   const response = await fetch('https://pay.example.com/charges', { method: 'POST', headers, signal })
   *   return (await response.json()) as { id: string }
   * })
   * console.log(receipt.id) // the same in every attempt
   * ```
   */
  once<T>(key: string, run: (call: OnceCall) => T | Promise<T>): Promise<T>
  /**
   * Saves how far this execution has come, for its next attempt: after a failure, a timeout, an interruption or a resume.
   * Resolves when the value is durable; the latest one counts, and is let go when the step has succeeded.
   *
   * A value is JSON, or bytes of what the store takes in one piece. Each one is a durable commit: save every few seconds,
   * not every row. Throws `VALUE_NOT_STORABLE` with the path of what JSON cannot hold.
   *
   * @example
   * ```ts
   * const State = z.object({ epoch: z.number(), weights: z.array(z.number()) })
   * let state = (await ctx.restored(State)) ?? { epoch: 0, weights: [0, 0] }
   * while (state.epoch < 100) {
   *   state = { epoch: state.epoch + 1, weights: state.weights.map((weight) => weight + 0.1) }
   *   await ctx.checkpoint(state)
   * }
   * ```
   */
  checkpoint(value: Checkpoint): Promise<void>
  /**
   * The latest checkpoint of this execution, parsed by a schema; undefined where there is none, or none that fits (a
   * warning says so). Bytes are a `Uint8Array`.
   *
   * A step gives the same with a checkpoint and without one, only later: so its result is cached as any other, and
   * verifying the cache runs it without. What was saved by other code, which a resume has accepted, is restored too; then
   * the result is not cached. `ctx.random` and metrics begin anew with each attempt: draw what must last before the loop,
   * or save it.
   *
   * @example
   * ```ts
   * const weights = await ctx.restored(z.instanceof(Uint8Array)) // what ctx.checkpoint(bytes) has saved
   * ```
   */
  restored<S extends StandardSchemaV1>(schema: S): Promise<StandardSchemaV1.InferOutput<S> | undefined>
  /**
   * The latest checkpoint of this execution as it was saved; undefined where there is none.
   *
   * @example
   * ```ts
   * const saved = await ctx.restored()
   * if (saved !== undefined) ctx.log.info('going on from a checkpoint')
   * ```
   */
  restored(): Promise<Checkpoint | undefined>
  /**
   * What the settings declare under `services`, opened when it is first asked for in this process. Steps of a process share
   * it; a thread or a process of steps opens its own.
   *
   * Throws `SERVICE_NOT_FOUND` where the settings declare none of the name, `SERVICE_FAILED` with what `open` threw as its cause.
   *
   * @example
   * ```ts
   * const rows = await ctx.service(warehouse) // what defineService has made: typed
   * const again = await ctx.service('warehouse') // by name: typed by the interface Services
   * ```
   */
  service<T>(service: Service<T>): Promise<T>
  /** The same by its name: of the type that the interface {@link Services} says. */
  // oxlint-disable-next-line typescript/no-redundant-type-constituents -- users add to the interface
  service<N extends keyof Services & string>(name: N): Promise<Services[N]>
  /** The same by a name that the interface {@link Services} does not have. */
  service(name: string): Promise<unknown>
}
