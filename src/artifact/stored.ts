/** Tells the kinds of stored values apart, for the compiler and for `wrong kind` messages. */
export const kindOf: unique symbol = Symbol.for('pipewright.kind-of') as never

/** A value that a step receives as a handle: it is read when it is used. */
export interface Stored<Name extends string> {
  readonly [kindOf]: Name
}

/** Tells whether a value is a handle on a stored value, and not plain data. */
export function isStored(value: unknown): value is Stored<string> {
  return typeof value === 'object' && value !== null && kindOf in value
}
