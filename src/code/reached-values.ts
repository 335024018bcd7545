import { types } from 'node:util'
import type { ModuleGraph } from './module-graph.ts'
import type { ScopeReader } from './scope-values.ts'
import type { ParsedModule } from './parsed-module.ts'
import type { NeededValue } from './slice.ts'
import { defaultName } from './pieces.ts'

type AnyFunction = (...values: never[]) => unknown

/** So many functions are looked at for the values of their modules. */
const mostFunctions = 2_000

/** Bindings as they were found: what they hold, and those that no closure of their modules uses. */
export interface FoundValues {
  readonly found: ReadonlyMap<NeededValue, unknown>
  readonly absent: ReadonlySet<NeededValue>
}

/** What is known of the bindings that the functions of a script see. */
interface Known {
  readonly values: Map<string, unknown>
  readonly absent: Set<string>
  /** Bindings that no function shows that can be come to. */
  readonly hidden: Set<string>
}

/** By script: steps of one module see the same. */
const known = new Map<string, Known>()

const keyOf = ({ path, name }: NeededValue): string => `${path} ${name}`

/**
 * Finds bindings from what a function sees: looks at function after function until all are found. Those that are
 * `optional` are not searched for again when they were not found once. The first `depth` scopes of the function are
 * inside of what defines it: their names are not those of the module.
 */
export function findValues(
  reader: ScopeReader,
  graph: ModuleGraph,
  from: AnyFunction,
  needed: readonly NeededValue[],
  optional: readonly NeededValue[] = [],
  depth = 0,
): FoundValues {
  const script = reader.view(from)?.script ?? ''
  const here: Known = known.get(script) ?? { values: new Map(), absent: new Set(), hidden: new Set() }
  known.set(script, here)
  const wanted = [...needed, ...optional.filter((value) => !here.hidden.has(keyOf(value)))]
  const open = wanted.filter((value) => !here.values.has(keyOf(value)))
  if (open.length > 0) {
    const search = new Search(reader, graph, open, here)
    search.from(from, depth)
    for (const value of optional) if (!here.values.has(keyOf(value))) here.hidden.add(keyOf(value))
  }
  const found = new Map<NeededValue, unknown>()
  const absent = new Set<NeededValue>()
  for (const value of wanted) {
    const key = keyOf(value)
    if (here.values.has(key)) found.set(value, here.values.get(key))
    if (here.absent.has(key)) absent.add(value)
  }
  return { found, absent }
}

/** Looks at functions, and at those that these see. */
class Search {
  readonly #reader: ScopeReader
  readonly #graph: ModuleGraph
  readonly #modules: ReadonlyMap<string, ParsedModule>
  /** By file: the names under which it knows what is looked for. */
  readonly #places = new Map<string, { readonly value: NeededValue; readonly name: string }[]>()
  readonly #exports = new Map<string, NeededValue>()
  readonly #open: Set<string>
  readonly #known: Known
  readonly #seen = new Set<unknown>()
  readonly #functions: AnyFunction[] = []
  /** Those that only a namespace shows, perhaps that of a large library: looked at when there is nothing nearer. */
  readonly #members: AnyFunction[] = []

  constructor(reader: ScopeReader, graph: ModuleGraph, wanted: readonly NeededValue[], found: Known) {
    this.#reader = reader
    this.#graph = graph
    this.#modules = new Map(graph.modules.map((module) => [module.path, module]))
    this.#known = found
    this.#open = new Set(wanted.map(keyOf))
    for (const value of wanted)
      for (const { path, name } of [value, ...value.elsewhere]) {
        const places = this.#places.get(path) ?? []
        places.push({ value, name })
        this.#places.set(path, places)
      }
    this.#noteExports(wanted)
  }

  from(start: AnyFunction, depth: number): void {
    this.#seen.add(start)
    this.#look(start, depth)
    for (let count = 0; count < mostFunctions && this.#open.size > 0; count++) {
      const next = this.#functions.shift() ?? this.#members.shift()
      if (next === undefined) return
      this.#look(next)
    }
  }

  #offer(value: unknown, to = this.#functions): void {
    if (typeof value !== 'function' || this.#seen.has(value)) return
    this.#seen.add(value)
    to.push(value as AnyFunction)
  }

  #take(value: NeededValue, held: unknown): void {
    const key = keyOf(value)
    if (!this.#open.delete(key)) return
    this.#known.values.set(key, held)
  }

  #look(target: AnyFunction, depth = 0): void {
    const view = this.#reader.view(target, (file) => file !== undefined && this.#modules.has(file))
    const module = view === undefined ? undefined : this.#modules.get(view.file!)
    if (view === undefined || module === undefined) return
    const scopes = view.scopes.slice(depth)
    for (const { values } of view.scopes.slice(0, depth))
      for (const one of Object.values(values)) this.#offer(one)
    const places = this.#places.get(view.file!) ?? []
    // A loader that wraps a module in a function has its variables in the outermost scope that has any of them; what is
    // further in may have the same names for something else.
    const own = new Set(module.pieces.pieces.flatMap(({ names }) => names))
    const outer =
      scopes.findLast(({ isModule }) => isModule) ??
      scopes.findLast(({ values }) => Object.keys(values).some((name) => own.has(name)))
    if (outer !== undefined) {
      for (const { value, name } of places) this.#read(value, name, outer.values)
      if (outer.isModule)
        for (const { value, name } of places)
          if (value.path === view.file && isDeclared(value) && !Object.hasOwn(outer.values, name)) {
            // Neither a closure of the module nor an export holds it: no other function will show it.
            this.#known.absent.add(keyOf(value))
            this.#open.delete(keyOf(value))
          }
    }
    for (const { values } of scopes)
      for (const [name, one] of Object.entries(values)) {
        this.#offer(one)
        if (isNamespace(name, one)) this.#enter(one, outer?.isModule === true)
      }
  }

  #read(value: NeededValue, place: string, values: Readonly<Record<string, unknown>>): void {
    const [name, member] = place.split('.') as [string, string | undefined]
    if (!Object.hasOwn(values, name)) return
    const given = values[name]
    if (member === undefined) this.#take(value, given)
    else if (types.isModuleNamespaceObject(given))
      this.#take(value, (given as Readonly<Record<string, unknown>>)[member])
  }

  /** Where an import has the name that its module gives it, it has been read under that: nothing is left to guess. */
  #enter(namespace: object, isNamed: boolean): void {
    if (this.#seen.has(namespace)) return
    this.#seen.add(namespace)
    const members = membersOf(namespace)
    const keys = new Set(members.map(([key]) => key))
    for (const [key, member] of members) {
      this.#offer(member, this.#members)
      const value = isNamed ? undefined : this.#exports.get(key)
      if (value !== undefined && this.#isOf(value.path, keys)) this.#take(value, member)
    }
  }

  /** Whether what has these members can be a module: a package may export the same name as one of the project. */
  #isOf(path: string, keys: ReadonlySet<string>): boolean {
    const { exports, stars } = this.#modules.get(path)!.pieces
    const isExported = (key: string): boolean =>
      exports.has(key) || stars.length > 0 || /^(?:default|__esModule|module\.exports)$/.test(key)
    return [...exports.keys()].every((name) => keys.has(name)) && [...keys].every(isExported)
  }

  /** Exported names that can only be those of what is looked for: one module alone exports them. */
  #noteExports(wanted: readonly NeededValue[]): void {
    const byPlace = new Map(wanted.map((value) => [keyOf(value), value]))
    const counts = new Map<string, number>()
    const values = new Map<string, NeededValue>()
    for (const { path, pieces } of this.#graph.modules)
      for (const [exported, local] of pieces.exports) {
        counts.set(exported, (counts.get(exported) ?? 0) + 1)
        const value = typeof local === 'string' ? byPlace.get(`${path} ${local}`) : undefined
        if (value !== undefined) values.set(exported, value)
      }
    for (const [exported, value] of values) if (counts.get(exported) === 1) this.#exports.set(exported, value)
  }
}

/** Whether a module knows a value by a name: V8 hides what has none, as in `export default read()`, from its scope. */
function isDeclared({ name }: NeededValue): boolean {
  return name !== defaultName
}

/** A namespace, or what a loader keeps in the place of one, under a name of its own making. */
export function isNamespace(name: string, value: unknown): value is object {
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
