import type { Digest } from '../internal/digest.ts'
import type { ModuleGraph } from './module-graph.ts'
import { PackageValue } from './package-values.ts'
import { findValues, valueDigest } from './reached-values.ts'
import { ScopeReader } from './scope-values.ts'
import type { Slice } from './slice.ts'
import { Unreadable } from './value-text.ts'

type AnyFunction = (...values: never[]) => unknown

/** What code reaches that its text does not tell, as digests by name; it can be read again. */
export type ReachedState = Readonly<Record<string, Digest>>

/** Reads {@link ReachedState}; the text is why it cannot be read. */
export type ReadState = () => ReachedState | string

const version = 'give the step a `version`'

/**
 * Finds the values that a slice of code needs, once: bindings are not given others, but what they hold may change,
 * so that it is read whenever it is asked for.
 */
export async function stateOf(
  run: AnyFunction | undefined,
  slice: Slice,
  graph: ModuleGraph,
  place: (path: string) => string,
): Promise<ReadState> {
  const readers: [name: string, read: () => Digest | undefined, why: (error: string) => string][] = []
  if (slice.values.length > 0) {
    const reader = run === undefined ? undefined : await ScopeReader.open()
    const { found, absent } =
      run === undefined || reader === undefined
        ? { found: undefined, absent: undefined }
        : findValues(reader, graph, run, slice.values)
    for (const value of slice.values) {
      const name = `${place(value.path)} ${value.name}`
      const why = (error: string): string =>
        `${place(value.path)}: what '${value.name}' is cannot be told from its code, and not read (${error}): ${version}`
      readers.push([
        name,
        () => {
          if (found === undefined) throw new Unreadable('there is no inspector')
          if (found.has(value)) return valueDigest(found.get(value))
          // No closure of its module uses it: what looks like it is a name inside of functions.
          if (value.mayBeLocal && absent.has(value)) return undefined
          throw new Unreadable('no function that the step reaches sees it')
        },
        why,
      ])
    }
  }
  for (const use of slice.packages) {
    const name = `${place(use.path)} ${use.local} of ${use.specifier}`
    const why = (error: string): string =>
      `${place(use.path)}: what '${use.local}' of '${use.specifier}' is cannot be told from its version, and not read (${error}): ${version}, or name the package in the setting \`opaque\``
    try {
      const value = await PackageValue.of(use)
      readers.push([name, () => value.digest(), why])
    } catch (error) {
      if (!(error instanceof Unreadable)) throw error
      return () => why(error.message)
    }
  }
  return () => {
    const state: Record<string, Digest> = {}
    for (const [name, read, why] of readers) {
      try {
        const digest = read()
        if (digest !== undefined) state[name] = digest
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        return why(error.message)
      }
    }
    return state
  }
}
