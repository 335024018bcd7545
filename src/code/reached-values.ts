import { types } from 'node:util'
import { sha256, type Digest } from '../internal/digest.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { ScopeReader } from './scope-values.ts'
import type { NeededValue } from './slice.ts'
import { valueText } from './value-text.ts'

type AnyFunction = (...values: never[]) => unknown

/** So many functions are looked at for the values of their modules. */
const mostFunctions = 2_000

/** The digest of a value by its content. Throws `Unreadable`. */
export function valueDigest(value: unknown): Digest {
  return sha256(valueText(value))
}

/** Bindings as they were found: what they hold, and those that no closure of their modules uses. */
export interface FoundValues {
  readonly found: ReadonlyMap<NeededValue, unknown>
  readonly absent: ReadonlySet<NeededValue>
}

/**
 * Finds bindings whose code does not tell what they hold, from what a function sees: looks at function after function
 * until all are found.
 */
export function findValues(
  reader: ScopeReader,
  graph: ModuleGraph,
  from: AnyFunction,
  needed: readonly NeededValue[],
): FoundValues {
  const found = new Map<NeededValue, unknown>()
  const absent = new Set<NeededValue>()
  const modules = new Map(graph.modules.map((module) => [module.path, module]))
  const seen = new Set<unknown>([from])
  const open: AnyFunction[] = [from]
  const offer = (value: unknown): void => {
    if (typeof value !== 'function' || seen.has(value)) return
    seen.add(value)
    open.push(value as AnyFunction)
  }
  for (let count = 0; open.length > 0 && count < mostFunctions && found.size < needed.length; count++) {
    const view = reader.view(open.shift())
    const module = view?.file === undefined ? undefined : modules.get(view.file)
    if (view === undefined || module === undefined) continue
    const own = new Set(module.pieces.pieces.flatMap(({ names }) => names))
    for (const { isModule, values } of view.scopes) {
      // A loader that wraps a module in a function has its variables in a scope like any other.
      const isOuter = isModule || Object.keys(values).some((name) => own.has(name))
      for (const value of isOuter ? needed : []) {
        if (found.has(value)) continue
        const places = value.path === view.file ? [value.name] : []
        for (const { path, name } of value.elsewhere) if (path === view.file) places.push(name)
        for (const place of places) {
          const [name, member] = place.split('.') as [string, string | undefined]
          if (!Object.hasOwn(values, name)) continue
          const given = values[name]
          if (member === undefined) found.set(value, given)
          else if (types.isModuleNamespaceObject(given))
            found.set(value, (given as Readonly<Record<string, unknown>>)[member])
        }
        if (value.path === view.file && isModule && !Object.hasOwn(values, value.name)) absent.add(value)
      }
      for (const [name, one] of Object.entries(values)) {
        offer(one)
        if (isNamespace(name, one) && !seen.has(one)) {
          seen.add(one)
          for (const [key, member] of membersOf(one)) {
            offer(member)
            for (const value of needed)
              if (!found.has(value) && isOnly(graph, value, key)) found.set(value, member)
          }
        }
      }
    }
  }
  return { found, absent }
}

/** A namespace, or what a loader keeps in the place of one, under a name of its own making. */
function isNamespace(name: string, value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  return types.isModuleNamespaceObject(value) || (name.startsWith('_') && types.isProxy(value))
}

function membersOf(value: object): [string, unknown][] {
  try {
    return Object.keys(value)
      .slice(0, 1_000)
      .map((key) => [key, (value as Readonly<Record<string, unknown>>)[key]])
  } catch {
    return []
  }
}

/** Whether an exported name can only be that of a needed binding: one module alone exports it. */
function isOnly(graph: ModuleGraph, { path, name }: NeededValue, exported: string): boolean {
  const modules = graph.modules.filter(({ pieces }) => pieces.exports.has(exported))
  return (
    modules.length === 1 && modules[0]!.path === path && modules[0]!.pieces.exports.get(exported) === name
  )
}
