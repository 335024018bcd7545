import type { ModuleGraph } from './module-graph.ts'
import { PackageValue } from './package-values.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { own } from '../internal/own.ts'
import type { MadeStep } from './made-step.ts'
import { findValues } from './reached-values.ts'
import { ScopeReader } from './scope-values.ts'
import type { Slice } from './slice.ts'
import { InstanceReader } from './instances.ts'
import { Unreadable, valueText, type TextOptions } from './value-text.ts'

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
  folder: string,
  made?: MadeStep,
): Promise<ReadState> {
  const readers: [name: string, read: () => Digest | undefined, why: (error: string) => string][] = []
  const reader = run === undefined ? undefined : await ScopeReader.open()
  const instance = reader === undefined ? undefined : new InstanceReader(reader, slice, place).read
  if (slice.values.length + slice.watched.length > 0) {
    const { found, absent } =
      run === undefined || reader === undefined
        ? { found: undefined, absent: undefined }
        : findValues(reader, graph, run, slice.values, slice.watched, made?.depth)
    for (const value of slice.values) {
      const name = `${place(value.path)} ${value.name}`
      const why = (error: string): string =>
        `${place(value.path)}: what '${value.name}' is cannot be told from its code, and not read (${error}): ${version}`
      readers.push([
        name,
        () => {
          if (found === undefined) throw new Unreadable('there is no inspector')
          if (found.has(value)) return sha256(valueText(found.get(value), { folder, instance }))
          // No closure of its module uses it: what looks like it is a name inside of functions.
          if (value.mayBeLocal && absent.has(value)) return undefined
          throw new Unreadable('no function that the step reaches sees it')
        },
        why,
      ])
    }
    for (const value of slice.watched) {
      if (found?.has(value) !== true) continue
      const held = found.get(value)
      const told = value.json === undefined ? undefined : textOf(JSON.parse(value.json), folder)
      // JSON that nothing has changed is told by its module: not every loader lets it be read.
      const read = (): Digest | undefined => {
        const text = textOf(held, folder, instance)
        return text === told ? undefined : text
      }
      // Code that nothing has been put on tells all.
      if (read() !== undefined || !isCode(held))
        readers.push([`${place(value.path)} ${value.name}`, read, String])
    }
  }
  for (const name of slice.environment)
    readers.push([`process.env.${name}`, () => sha256(own(process.env, name) ?? ''), (error) => error])
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
    const captured = made?.captured({ folder, instance }) ?? {}
    if (typeof captured === 'string') return captured
    for (const [name, digest] of Object.entries(captured)) state[`captured ${name}`] = digest
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

/** The digest of what a value holds that code may tell; undefined where that is nothing, or cannot be read. */
function textOf(value: unknown, folder: string, instance?: TextOptions['instance']): Digest | undefined {
  try {
    const text = valueText(value, { functions: true, folder, instance })
    return text === 'function' ? undefined : sha256(text)
  } catch (error) {
    if (!(error instanceof Unreadable)) throw error
    return undefined
  }
}

function isCode(value: unknown): boolean {
  return typeof value === 'function'
}
