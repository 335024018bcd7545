import { PipewrightError } from '../internal/error.ts'
import type { Kind } from '../artifact/kind.ts'
import type { ScopeRecord, TracedNode } from './graph.ts'

declare const value: unique symbol

/** Marks handles of every installed copy of the package. */
export const refMark: unique symbol = Symbol.for('pipewright.ref') as never

/**
 * A handle on a value that does not exist yet: an output of a node, a pipeline input, an item of a map.
 *
 * It is wired into steps and nothing else. It cannot be called, compared, put into text or used as a
 * condition: the compiler refuses most of that, coercion throws `REF_COERCED`, and `check` reads the build
 * function for the rest.
 */
export interface Ref<out T> {
  /** Not callable: this makes `if (ref)` a compile error. */
  (ref: never): never
  readonly [value]: T
}

/** The value type of a ref. */
export type RefValue<R> = R extends Ref<infer T> ? T : never

/** Named refs: what a build function, a map or a branch returns. */
export interface RefRecord {
  readonly [name: string]: Ref<unknown>
}

/** What a ref stands for. */
export type RefSource =
  | { readonly from: 'node'; readonly node: TracedNode; readonly output: string }
  | { readonly from: 'input'; readonly name: string }
  | { readonly from: 'item' }
  | { readonly from: 'index' }

/** The inside of a ref. */
export interface RefTarget {
  /** The scope in which the source lives. */
  readonly scope: ScopeRecord
  readonly source: RefSource
  readonly pick: readonly (string | number)[]
  /** How the value is represented, where that is known at definition. */
  readonly kind: Kind<unknown, never> | undefined
  /** A gathered or branched value may be missing; that changes nothing but messages. */
  readonly label: string
  /** Whoever reads it takes undefined. */
  readonly maybe?: true
}

class Handle {
  readonly [refMark]: RefTarget

  constructor(target: RefTarget) {
    this[refMark] = target
    Object.freeze(this)
  }

  [Symbol.toPrimitive](): never {
    const { label } = this[refMark]
    throw new PipewrightError(
      'REF_COERCED',
      `the ref '${label}' was used as a value while the pipeline was being defined`,
      {
        fix: 'a ref stands for a value that does not exist yet: wire it into a step, branch with p.when or p.choose, take a part with p.pick',
        details: { ref: label },
      },
    )
  }

  /** Text, a length, a loop: what the compiler lets pass, because a ref has the type of a function. */
  toString(): never {
    return this[Symbol.toPrimitive]()
  }

  get length(): never {
    return this[Symbol.toPrimitive]()
  }

  get name(): never {
    return this[Symbol.toPrimitive]()
  }

  [Symbol.iterator](): never {
    return this[Symbol.toPrimitive]()
  }

  toJSON(): { readonly $ref: string } {
    return { $ref: this[refMark].label }
  }

  [Symbol.for('nodejs.util.inspect.custom')](): string {
    return `Ref<${this[refMark].label}>`
  }
}

/** Makes a ref. */
export function makeRef<T>(target: RefTarget): Ref<T> {
  return new Handle(target) as unknown as Ref<T>
}

/** Tells whether a value is a ref of any copy of the package. */
export function isRef(candidate: unknown): candidate is Ref<unknown> {
  return typeof candidate === 'object' && candidate !== null && refMark in candidate
}

/** The inside of a ref. */
export function targetOf(ref: Ref<unknown>): RefTarget {
  return (ref as unknown as Handle)[refMark]
}
