import type { Artifact } from './artifact.ts'

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

/**
 * Where a handle has the artifact that it was read from. A process may hold two copies of this package (tsx makes one for
 * `require` and one for `import`), so that neither classes nor private members tell what a value is.
 */
export const artifactMark: unique symbol = Symbol.for('pipewright.artifact') as never

/** The artifact that a handle of a kind was read from; undefined for other values, and for what has just been made. */
export function artifactOf(value: unknown, kind: string): Artifact | undefined {
  if (!isStored(value) || value[kindOf] !== kind) return undefined
  return (value as { readonly [artifactMark]?: Artifact })[artifactMark]
}
