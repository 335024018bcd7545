import type { StandardSchemaV1 } from '@standard-schema/spec'
import type { Duration } from '../internal/duration.ts'
import type { Stored } from '../artifact/stored.ts'
import type { TracedNode } from './graph.ts'
import type { Ref, RefRecord, RefValue } from './ref.ts'
import type { Pipeline, Runnable } from './runnable.ts'
import type { CachePolicy } from './step.ts'

/** Marks the handle of a node, for `after`. */
export const nodeMark: unique symbol = Symbol.for('pipewright.node') as never

/** The handle of a node, whatever its outputs. */
// A type literal, not an interface: only those have the implicit index signature that a RefRecord needs.
// oxlint-disable-next-line consistent-type-definitions
export type NodeHandle = { readonly [nodeMark]: TracedNode }

/** The outputs of a node as refs. */
export type Refs<Out> = NodeHandle & { readonly [K in keyof Out]: Ref<Out[K]> }

/** Plain data, item by item a ref or plain data; handles on stored values are never literals. */
type Literal<T> = T extends Stored<string> ? never : T extends readonly (infer E)[] ? readonly Wire<E>[] : T

/** What may be wired into an input of type T: a ref, plain data, or a list of both. */
export type Wire<T> = Ref<T> | Literal<T>

/** What is wired into each input. */
export type Wiring<In> = { readonly [K in keyof In]: Wire<In[K]> }

/** An item of a map that has failed, where `maxFailed` lets it. */
export interface FailedItem {
  /** The item's key, or its index as a text where the map has no key. */
  readonly key: string
  /** From 0, in the list that was given to the map. */
  readonly index: number
  /** The path of the node that failed first. */
  readonly node: string
  readonly error: { readonly name: string; readonly message: string; readonly code?: string }
}

declare const beside: unique symbol

/** The outputs that a handle has when it is returned as a whole: what a map tells of itself is none of them. */
export type OutputNames<A> = Exclude<
  keyof A & string,
  A extends { readonly [beside]: infer Names } ? Names : never
>

/** What a map tells of itself. */
// A type literal: only those have the implicit index signature that a RefRecord needs.
// oxlint-disable-next-line consistent-type-definitions
type MapReports = {
  /** The keys of the items that have succeeded, in the order of the items; their indices where the map has no key. */
  readonly keys: Ref<string[]>
  /** The items that have failed, in the order of the items. */
  readonly failed: Ref<FailedItem[]>
  /** For the compiler only. */
  readonly [beside]: 'keys' | 'failed'
}

/** The outputs of a map: a list for each, in the order of the items; those of failed items are left out of all. */
export type Gathered<A> = NodeHandle & {
  readonly [K in OutputNames<A>]: Ref<RefValue<A[K]>[]>
} & MapReports

/** The outputs of a branch that may not be taken. */
export type Maybe<A> = NodeHandle & { readonly [K in OutputNames<A>]: Ref<RefValue<A[K]> | undefined> }

/** The outputs of two branches of which one is taken. */
export type Either<A, B> = NodeHandle & {
  readonly [K in OutputNames<A> | OutputNames<B>]: Ref<
    | (K extends OutputNames<A> ? RefValue<A[K]> : undefined)
    | (K extends OutputNames<B> ? RefValue<B[K]> : undefined)
  >
}

type KeysOf<B> = B extends unknown ? OutputNames<B> : never

/** The outputs of several branches of which one is taken: what not all of them have may be undefined. */
export type Chosen<B, Tag = keyof B> = NodeHandle & {
  readonly [K in KeysOf<B[keyof B]>]: Ref<
    { [N in keyof B]: K extends OutputNames<B[N]> ? RefValue<B[N][K]> : undefined }[keyof B]
  >
} & {
  /** The name of the branch that was taken. */
  readonly branch: Ref<Tag>
}

/** One round of a loop, as its body returns it. */
export interface LoopRound<S> {
  /** The state for the next round, or, after the last one, the outputs of the loop. */
  readonly next: S
  /** Whether there is another round. */
  readonly again: Ref<boolean>
}

/** The outputs of a loop: the state after its last round, and their number. */
export type Looped<S> = NodeHandle & { readonly [K in keyof S & string]: Ref<S[K]> } & {
  readonly rounds: Ref<number>
}

/** What becomes of an approval. */
export type Approval<P, Options> = NodeHandle & {
  /** False only where `onReject` is `'continue'`. */
  readonly approved: Ref<boolean>
  /** What the decision carries; undefined for a rejection, and where nobody has decided in time. */
  readonly payload: Ref<
    Options extends { readonly onReject: 'continue' } | { readonly onTimeout: 'approve' } ? P | undefined : P
  >
  /** Who has decided; undefined where nobody has in time. */
  readonly by: Ref<string | undefined>
  readonly reason: Ref<string | undefined>
  /** When, as ISO 8601. */
  readonly at: Ref<string>
}

/** What a signal brings. */
export type Signalled<P, Options> = NodeHandle & {
  readonly payload: Ref<Options extends { readonly onTimeout: 'continue' } ? P | undefined : P>
}

/** How the part of a pipeline before its handlers has ended. */
export interface Outcome {
  readonly state: Ref<'succeeded' | 'failed' | 'cancelled'>
  /** The nodes that have failed, with their errors; in the order in which they did. */
  readonly failures: Ref<
    {
      readonly node: string
      readonly error: { readonly name: string; readonly message: string; readonly code?: string }
    }[]
  >
}

/** What may be picked from plain data, or from a list of anything. */
type Key<T> = keyof T &
  ([T] extends [readonly unknown[]] ? number | 'length' : [T] extends [object] ? string | number : never)

/**
 * Options of every node.
 *
 * @example
 * ```ts
 * p.step(evaluate, { model: best.model, rows: parts.test }, { id: 'final-evaluation', after: [best], tags: ['slow'] })
 * ```
 */
export interface NodeOptions {
  /** The node's name in this scope; default: the step's name. */
  readonly id?: string
  /** Nodes that must have succeeded before, beside those that inputs come from. */
  readonly after?: readonly (NodeHandle | Ref<unknown>)[]
  /** Labels, for selecting nodes. */
  readonly tags?: readonly string[]
}

/** Options of a step. */
export interface StepNodeOptions extends NodeOptions {
  /** In place of the step's own policy. */
  readonly cache?: CachePolicy
  /** In place of the step's own. */
  readonly priority?: number
}

/**
 * Options of a map.
 *
 * @example
 * ```ts
 * p.map(input.rates, (rate, q) => q.step(train, { rows: parts.train, rate }), { id: 'trials', concurrency: 2 })
 * ```
 */
export interface MapOptions extends NodeOptions {
  /** How many items are worked on at once. Default: as many as the run does at once. */
  readonly concurrency?: number
  /**
   * The property of an item that names it, a text or a number that no two items share: paths, idempotency keys and
   * retries then follow the item, wherever in the list it stands. Default: its index.
   */
  readonly key?: string
  /**
   * How many items may fail before the map fails: a count, or a share such as `'10%'`. What succeeded is gathered, what
   * failed is told by `failed`. Default: none.
   */
  readonly maxFailed?: number | `${number}%`
}

/**
 * Options of a loop.
 *
 * @example
 * ```ts
 * const options = { id: 'refine', maxRounds: 20, onMaxRounds: 'stop' } as const
 * p.loop({ weights: first.weights }, (state, q) => {
 *   const round = q.step(improve, { weights: state.weights, rows: parts.train })
 *   return { next: { weights: round.weights }, again: round.better }
 * }, options)
 * ```
 */
export interface LoopOptions extends NodeOptions {
  /** The most rounds there may be. */
  readonly maxRounds: number
  /** When the body asks for one more: the node fails with `LOOP_EXHAUSTED` (default), or it ends with what it has. */
  readonly onMaxRounds?: 'fail' | 'stop'
}

/**
 * Options of a recursion.
 *
 * @example
 * ```ts
 * definePipeline({ name: 'sort', inputs: { numbers: Numbers }, outputs: { numbers: Numbers } }, (p, input, self) => {
 *   const halves = p.step(halve, { numbers: input.numbers })
 *   const low = p.when(halves.more, (q) => q.recurse(() => self, { numbers: halves.low }, { id: 'low', maxDepth: 20 }))
 *   return { numbers: p.step(merge, { low: halves.low, high: halves.high }, { after: [low] }).numbers }
 * })
 * ```
 */
export interface RecurseOptions extends NodeOptions {
  /** How many calls may be inside one another; one more fails with `RECURSION_TOO_DEEP`. */
  readonly maxDepth: number
}

/**
 * Options of a signal.
 *
 * @example
 * ```ts
 * p.signal('labels-ready', { payload: z.object({ batch: z.string() }), timeout: '7d', onTimeout: 'continue' })
 * ```
 */
export interface SignalOptions<P> extends NodeOptions {
  /** What it carries. Default: nothing is checked. */
  readonly payload?: StandardSchemaV1<unknown, P>
  /** How long is waited for it. Default: for ever. */
  readonly timeout?: Duration
  /** Default `'fail'`, with `WAIT_TIMEOUT`. */
  readonly onTimeout?: 'fail' | 'continue'
}

/**
 * Options of an approval.
 *
 * @example
 * ```ts
 * p.approve({ message: 'Deploy this model?', by: ['ada', 'role:ml-lead'], timeout: '2d', onTimeout: 'reject' })
 * ```
 */
export interface ApproveOptions<P> extends NodeOptions {
  /** What is to be decided, for whoever is asked. */
  readonly message?: string
  /** Who may decide: names, and roles as `role:ml-lead`. Default: anybody. */
  readonly by?: readonly string[]
  /** What whoever is asked should see: values, by name. */
  readonly show?: RefRecord
  /** What the decision carries. Default: nothing. */
  readonly payload?: StandardSchemaV1<unknown, P>
  /** How long is waited. Default: for ever. */
  readonly timeout?: Duration
  /** What counts when nobody has decided in time. Default `'fail'`, with `WAIT_TIMEOUT`. */
  readonly onTimeout?: 'fail' | 'approve' | 'reject'
  /** A rejection fails the node with `APPROVAL_REJECTED` (default), or is an outcome like another. */
  readonly onReject?: 'fail' | 'continue'
}

/**
 * What a build function wires nodes with. A scope is open while its callback runs; a ref made in a map or a
 * branch leaves it only as a returned output.
 */
export interface Scope {
  /**
   * Uses a step, or a pipeline as a step.
   *
   * Throws `DUPLICATE_ID`, `UNKNOWN_INPUT`, `MISSING_INPUT`, `KIND_MISMATCH`, `REF_OUT_OF_SCOPE` or
   * `LITERAL_NOT_SERIALIZABLE`.
   *
   * @example
   * ```ts
   * const { model } = p.step(train, { rows: parts.train, rate: 0.1 }, { id: 'train-slow' })
   * ```
   */
  step<In, Out>(step: Runnable<In, Out>, wiring: Wiring<NoInfer<In>>, options?: StepNodeOptions): Refs<Out>
  /**
   * Runs a body once for each item of a list that is known when the pipeline runs (a plain list works too).
   * Its outputs are gathered into lists in the order of the items.
   *
   * @example
   * ```ts
   * const trials = p.map(input.rates, (rate, q) => q.step(train, { rows: parts.train, rate }), { id: 'trials' })
   * p.step(pickBest, { models: trials.model, scores: trials.loss }) // lists, in the order of the rates
   * ```
   */
  map<T, A extends RefRecord>(
    items: Ref<readonly T[]> | readonly (Ref<T> | T)[],
    each: (item: Ref<T>, q: Scope, index: Ref<number>) => A,
    options?: MapOptions,
  ): Gathered<A>
  /**
   * Runs a body if a condition holds; without `otherwise` its outputs are undefined when it does not.
   *
   * @example
   * ```ts
   * const live = p.when(best.good, (q) => q.step(deploy, { model: best.model }), { id: 'release' })
   * // live.endpoint is a Ref<string | undefined>
   * ```
   */
  when<A extends RefRecord>(condition: Ref<boolean>, then: (q: Scope) => A, options?: NodeOptions): Maybe<A>
  /**
   * Runs one of two bodies; an output that only one of them has may be undefined.
   *
   * @example
   * ```ts
   * const chosen = p.when(
   *   best.good,
   *   () => ({ model: best.model }),
   *   (q) => ({ model: q.step(train, { rows: parts.train, rate: 0.01 }).model }),
   * )
   * p.step(deploy, { model: chosen.model })
   * ```
   */
  when<A extends RefRecord, B extends RefRecord>(
    condition: Ref<boolean>,
    then: (q: Scope) => A,
    otherwise: (q: Scope) => B,
    options?: NodeOptions,
  ): Either<A, B>
  /**
   * A part of a json value (a property of a record, an item of a list), or an item of a list of anything, up to
   * three levels down. It is no node; what reads it is keyed by the part alone. An item that is not there when the
   * pipeline runs is undefined, which a step that needs it refuses.
   *
   * @example
   * ```ts
   * const region = p.pick(settings, 'warehouse', 'region')
   * ```
   */
  pick<T, A extends Key<T>>(ref: Ref<T>, a: A): Ref<T[A]>
  /** Two levels down. */
  pick<T, A extends Key<T>, B extends Key<T[A]>>(ref: Ref<T>, a: A, b: B): Ref<T[A][B]>
  /** Three levels down. */
  pick<T, A extends Key<T>, B extends Key<T[A]>, C extends Key<T[A][B]>>(
    ref: Ref<T>,
    a: A,
    b: B,
    c: C,
  ): Ref<T[A][B][C]>
  /**
   * Runs one of several bodies, the one that a text names. An output that not all of them have may be undefined;
   * `branch` tells which one was taken. Every value that the text can have needs a branch, or there is `otherwise`.
   *
   * @example
   * ```ts
   * const fit = p.choose(profile.kind, {
   *   linear: (q) => q.step(train, { rows: parts.train, rate: 0.1 }),
   *   trees: (q) => q.step(train, { rows: parts.train, rate: 0.01 }),
   * })
   * ```
   */
  choose<S extends string, B extends { readonly [K in S]: RefRecord }>(
    selector: Ref<S>,
    branches: {
      readonly [K in keyof B]: K extends S ? (q: Scope) => B[K] : `'${K & string}' is never chosen`
    },
    options?: NodeOptions,
  ): Chosen<B>
  /** The same with a body for all other values. */
  choose<S extends string, B extends { readonly [K in S]?: RefRecord }, O extends RefRecord>(
    selector: Ref<S>,
    branches: {
      readonly [K in keyof B]: K extends S ? (q: Scope) => B[K] : `'${K & string}' is never chosen`
    },
    otherwise: (q: Scope) => O,
    options?: NodeOptions,
  ): Chosen<B & { readonly otherwise: O }>
  /**
   * Runs a body again and again: each round is given the state that the one before returned as `next`, the first one
   * the initial state, for as long as `again` is true. At least one round runs; each one is a scope of its own
   * (`refine[0]/fit`), with its own place in the lineage. The outputs are the state after the last round.
   *
   * @example
   * ```ts
   * const refined = p.loop(
   *   { weights: first.weights },
   *   (state, q) => {
   *     const round = q.step(improve, { weights: state.weights, rows: parts.train })
   *     return { next: { weights: round.weights }, again: round.better }
   *   },
   *   { id: 'refine', maxRounds: 20 },
   * )
   * ```
   */
  loop<S, N extends { readonly [K in keyof S]: Ref<S[K]> }>(
    initial: { readonly [K in keyof S]: Ref<S[K]> | S[K] },
    body: (state: { readonly [K in keyof S]: Ref<S[K]> }, q: Scope, round: Ref<number>) => LoopRound<N>,
    options: LoopOptions,
  ): Looped<{ [K in keyof N]: RefValue<N[K]> }>
  /**
   * Uses a pipeline inside itself; it is expanded while it runs, as deep as its branches go. The pipeline declares its
   * `outputs`. A build function is given its own pipeline as third parameter, so that TypeScript needs no annotation.
   *
   * @example
   * ```ts
   * const sort = definePipeline(
   *   { name: 'sort', inputs: { numbers: Numbers }, outputs: { numbers: Numbers } },
   *   (p, input, self) => {
   *     const halves = p.step(halve, { numbers: input.numbers })
   *     const sorted = p.when(
   *       halves.more,
   *       (q) => {
   *         const low = q.recurse(() => self, { numbers: halves.low }, { id: 'low', maxDepth: 20 })
   *         const high = q.recurse(() => self, { numbers: halves.high }, { id: 'high', maxDepth: 20 })
   *         return q.step(merge, { low: low.numbers, high: high.numbers })
   *       },
   *       () => ({ numbers: input.numbers }),
   *     )
   *     return { numbers: sorted.numbers }
   *   },
   * )
   * ```
   */
  recurse<In, Out>(
    pipeline: () => Pipeline<In, Out>,
    wiring: Wiring<NoInfer<In>>,
    options: RecurseOptions,
  ): Refs<Out>
  /**
   * Waits until somebody decides (`pw.approve`, `pw.reject`, `pipewright approve`, a signed link), however long that
   * takes and whatever is started again meanwhile. Who, when and why is recorded.
   *
   * @example
   * ```ts
   * const go = p.approve({
   *   id: 'go-live',
   *   message: 'Deploy this model?',
   *   show: { auc: evaluation.auc },
   *   by: ['role:ml-lead'],
   *   payload: z.object({ traffic: z.number().min(0).max(1) }),
   *   timeout: '2d',
   *   onTimeout: 'reject',
   * })
   * p.step(deploy, { model: best.model }, { after: [go] })
   * ```
   */
  approve<P = undefined, const Options extends ApproveOptions<P> = ApproveOptions<P>>(
    options?: Options & { readonly payload?: StandardSchemaV1<unknown, P> },
  ): Approval<P, Options>
  /**
   * Waits for something from outside (`pw.signal`, `pipewright signal`) and gives what it carries.
   *
   * @example
   * ```ts
   * const labels = p.signal('labels-ready', { payload: z.object({ batch: z.string() }), timeout: '7d' })
   * ```
   */
  signal<P = unknown, const Options extends SignalOptions<P> = SignalOptions<P>>(
    name: string,
    options?: Options & { readonly payload?: StandardSchemaV1<unknown, P> },
  ): Signalled<P, Options>
  /**
   * Waits, durably; what is to come later names it in `after`.
   *
   * @example
   * ```ts
   * const deployed = p.step(deploy, { model: best.model })
   * const settled = p.sleep('2h', { after: [deployed] })
   * p.step(evaluate, { model: best.model, rows: parts.test }, { after: [settled] })
   * ```
   */
  sleep(duration: Duration | Ref<number> | Ref<string>, options?: NodeOptions): NodeHandle
  /**
   * Waits for a point in time, durably: a Date, or ISO 8601 with its zone.
   *
   * @example
   * ```ts
   * p.step(deploy, { model: best.model }, { after: [p.until(staging.opensAt)] })
   * ```
   */
  until(at: Date | string | Ref<string>, options?: NodeOptions): NodeHandle
}

/** What the handlers of a pipeline are wired with. */
export interface HandlerScope extends Scope {
  /**
   * An output of a node of the pipeline, or undefined where that node did not succeed.
   *
   * @example
   * ```ts
   * p.always((q) => q.step(dropTable, { table: q.maybe(staging.table) }))
   * ```
   */
  maybe<T>(ref: Ref<T>): Ref<T | undefined>
}

/** What the build function of a pipeline wires nodes with. */
export interface PipelineScope extends Scope {
  /**
   * Runs a body when the rest of the pipeline has ended and something in it has failed.
   *
   * @example
   * ```ts
   * p.onFailure((q, outcome) => q.step(tellOnCall, { failures: outcome.failures }))
   * ```
   */
  onFailure(build: (q: HandlerScope, outcome: Outcome) => unknown, options?: NodeOptions): void
  /**
   * Runs a body when the rest of the pipeline has ended, however it did, cancelled too; after `onFailure`.
   *
   * @example
   * ```ts
   * p.always((q) => q.step(dropTable, { table: q.maybe(staging.table) }))
   * ```
   */
  always(build: (q: HandlerScope, outcome: Outcome) => unknown, options?: NodeOptions): void
}
