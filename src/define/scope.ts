import type { Stored } from '../artifact/stored.ts'
import type { TracedNode } from './graph.ts'
import type { Ref, RefRecord, RefValue } from './ref.ts'
import type { Runnable } from './runnable.ts'
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

/** The outputs of a map: a list for each, in the order of the items. */
export type Gathered<A> = NodeHandle & { readonly [K in keyof A & string]: Ref<RefValue<A[K]>[]> }

/** The outputs of a branch that may not be taken. */
export type Maybe<A> = NodeHandle & { readonly [K in keyof A & string]: Ref<RefValue<A[K]> | undefined> }

/** The outputs of two branches of which one is taken. */
export type Either<A, B> = NodeHandle & {
  readonly [K in (keyof A | keyof B) & string]: Ref<
    (K extends keyof A ? RefValue<A[K]> : undefined) | (K extends keyof B ? RefValue<B[K]> : undefined)
  >
}

/** What may be picked from plain data, or from a list of anything. */
type Key<T> = keyof T &
  ([T] extends [readonly unknown[]] ? number | 'length' : [T] extends [object] ? string | number : never)

/** Options of every node. */
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
}

/** Options of a map. */
export interface MapOptions extends NodeOptions {
  /** How many items are worked on at once. Default: as many as the run does at once. */
  readonly concurrency?: number
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
   * const { model } = p.step(train, { rows, rate: 0.1 }, { id: 'train-slow' })
   * ```
   */
  step<In, Out>(step: Runnable<In, Out>, wiring: Wiring<NoInfer<In>>, options?: StepNodeOptions): Refs<Out>
  /**
   * Runs a body once for each item of a list that is known when the pipeline runs (a plain list works too).
   * Its outputs are gathered into lists in the order of the items.
   *
   * @example
   * ```ts
   * const trials = p.map(input.rates, (rate, q) => q.step(train, { rows, rate }), { id: 'trials', concurrency: 4 })
   * p.step(pickBest, { models: trials.model })
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
   * const live = p.when(gate.passed, (q) => q.step(deploy, { model }))
   * ```
   */
  when<A extends RefRecord>(condition: Ref<boolean>, then: (q: Scope) => A, options?: NodeOptions): Maybe<A>
  /** Runs one of two bodies; an output that only one of them has may be undefined. */
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
}
