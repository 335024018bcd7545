import type { Digest } from '../internal/digest.ts'
import { sha256 } from '../internal/digest.ts'
import type { ModuleGraph } from './module-graph.ts'
import type { NamedCall } from './named-calls.ts'
import type { Piece } from './pieces.ts'
import type { FunctionView, ScopeReader } from './scope-values.ts'
import type { NeededValue } from './slice.ts'
import { Unreadable, valueText } from './value-text.ts'

type AnyFunction = (...values: never[]) => unknown

/** So many functions are looked at for the values of their modules. */
const mostFunctions = 2_000

/** Values that code reaches, as digests; `missing` says why one has none. */
export interface ReadValues {
  readonly digests: ReadonlyMap<NeededValue, Digest>
  readonly missing: readonly { readonly value: NeededValue; readonly why: string }[]
}

/** What a function has captured of the functions and blocks around it, by name. */
export interface Captured {
  readonly digests: Readonly<Record<string, Digest>>
  /** Names that the text of what was captured refers to, by module. */
  readonly names: ReadonlyMap<string, ReadonlySet<string>>
}

/** Reads values of this process: of bindings whose code does not tell them, and what closures have captured. */
export class ReachedValues {
  readonly #reader: ScopeReader
  readonly #graph: ModuleGraph
  readonly #names = new Map<string, Set<string>>()

  constructor(reader: ScopeReader, graph: ModuleGraph) {
    this.#reader = reader
    this.#graph = graph
  }

  /** The values of bindings of modules, found from what a function sees. */
  read(from: AnyFunction, needed: readonly NeededValue[]): ReadValues {
    const found = this.#find(from, needed)
    const digests = new Map<NeededValue, Digest>()
    const missing: { value: NeededValue; why: string }[] = []
    for (const value of needed) {
      try {
        if (!found.has(value)) throw new Unreadable('it is out of sight')
        digests.set(value, sha256(valueText(found.get(value), this.#guide([]))))
      } catch (error) {
        if (!(error instanceof Unreadable)) throw error
        missing.push({ value, why: error.message })
      }
    }
    return { digests, missing }
  }

  /**
   * What a function that was made inside of a piece of its module has captured, of the names that its definition
   * uses; `needs` are those that must be found. Throws {@link Unreadable}.
   */
  captured(target: AnyFunction, piece: Piece, { uses, needs }: Pick<NamedCall, 'uses' | 'needs'>): Captured {
    const digests: Record<string, Digest> = {}
    const view = this.#viewOf(target)
    const wanted = new Set([...uses, ...wordsOf(target)])
    const found = new Set<string>()
    for (const [at, values] of this.#around(view, piece).entries()) {
      for (const [name, value] of Object.entries(values)) {
        if (!wanted.has(name)) continue
        found.add(name)
        try {
          digests[`${at} ${name}`] = sha256(valueText(value, this.#guide([target])))
        } catch (error) {
          if (!(error instanceof Unreadable)) throw error
          throw new Unreadable(`what it has captured as '${name}' cannot be read: ${error.message}`)
        }
      }
    }
    // What no closure uses is not kept.
    const lost = [...needs].find((name) => piece.binds.has(name) && !found.has(name))
    if (lost !== undefined) throw new Unreadable(`its definition depends on '${lost}', which cannot be read`)
    this.#mention(view.file!, target)
    return { digests, names: this.#names }
  }

  #viewOf(target: AnyFunction): FunctionView {
    const view = this.#reader.view(target)
    if (view?.file === undefined) throw new Unreadable('it is a function without source text')
    return view
  }

  /** The variables around a function, without those of its module. */
  #around(view: FunctionView, piece: Piece | undefined): Readonly<Record<string, unknown>>[] {
    const hasModule = view.scopes.some(({ isModule }) => isModule)
    const module = this.#graph.modules.find(({ path }) => path === view.file)
    const own = new Set(module?.pieces.pieces.flatMap(({ names }) => names))
    return view.scopes
      .filter(({ isModule }) => !isModule)
      .map(({ values }, at, scopes) => {
        if (hasModule || at < scopes.length - 1) return values
        // A loader that wraps the module in a function: its variables are in the outermost scope.
        const isOuter = (name: string): boolean =>
          (own.has(name) && piece?.binds.has(name) !== true) ||
          name.startsWith('_') ||
          module?.pieces.imports.has(name) === true
        return Object.fromEntries(Object.entries(values).filter(([name]) => !isOuter(name)))
      })
  }

  /** A step or a predictor that was captured counts by its own code; undefined for any other value. */
  #definition(value: object): Digest | undefined {
    const { name, module, line } = value as { name?: unknown; module?: unknown; line?: unknown }
    const isDefinition = ('predict' in value && 'state' in value) || ('run' in value && 'outputs' in value)
    if (!isDefinition || typeof name !== 'string' || typeof line !== 'number') return undefined
    const found = this.#graph.modules.find(({ path }) => path === module)
    const there = found?.pieces.pieces.filter((one) => one.line <= line && line <= one.endLine) ?? []
    const [piece] = there
    if (piece?.type !== 'variable' || there.length > 1)
      throw new Unreadable(`'${name}' is not defined at the top level of a module that is imported here`)
    const names = this.#names.get(found!.path) ?? new Set<string>()
    this.#names.set(found!.path, names)
    for (const one of piece.names) names.add(one)
    return piece.digest
  }

  /** What the text of a function may refer to counts as code. */
  #mention(file: string, target: AnyFunction): void {
    const names = this.#names.get(file) ?? new Set<string>()
    this.#names.set(file, names)
    for (const [name] of Function.prototype.toString
      .call(target)
      .matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu))
      names.add(name)
  }

  #guide(inside: readonly AnyFunction[]): Parameters<typeof valueText>[1] {
    return {
      ofDefinition: (value) => this.#definition(value),
      ofFunction: (value) => {
        if (inside.includes(value)) return `around ${inside.indexOf(value)}`
        const text = Function.prototype.toString.call(value)
        if (/\{\s*\[native code\]\s*\}$/.test(text)) {
          if (value.name === '' || value.name.startsWith('bound '))
            throw new Unreadable('it is a bound function')
          return `native ${value.name}`
        }
        const view = this.#viewOf(value)
        if (!this.#graph.modules.some(({ path }) => path === view.file))
          throw new Unreadable(`it is a function of ${view.file ?? 'another module'}`)
        this.#mention(view.file!, value)
        const words = wordsOf(value)
        const around = this.#around(view, undefined).map((values) =>
          Object.entries(values)
            .filter(([name]) => words.has(name))
            .map(([name, one]) => [name, valueText(one, this.#guide([...inside, value]))]),
        )
        return sha256(JSON.stringify([text, around]))
      },
    }
  }

  /** Looks at function after function until all needed bindings are found. */
  #find(from: AnyFunction, needed: readonly NeededValue[]): ReadonlyMap<NeededValue, unknown> {
    const found = new Map<NeededValue, unknown>()
    const files = new Set(this.#graph.modules.map(({ path }) => path))
    const seen = new Set<unknown>([from])
    const open: AnyFunction[] = [from]
    const offer = (value: unknown): void => {
      if (typeof value === 'function' && !seen.has(value)) {
        seen.add(value)
        open.push(value as AnyFunction)
      }
    }
    for (let count = 0; open.length > 0 && count < mostFunctions && found.size < needed.length; count++) {
      const view = this.#reader.view(open.shift())
      if (view?.file === undefined || !files.has(view.file)) continue
      for (const [at, { isModule, values }] of view.scopes.entries()) {
        const isOutermost = isModule || at === view.scopes.length - 1
        for (const value of isOutermost ? needed : [])
          if (value.path === view.file && Object.hasOwn(values, value.name) && !found.has(value))
            found.set(value, values[value.name])
        for (const one of Object.values(values)) {
          offer(one)
          // A namespace, or what a loader keeps in the place of one.
          if (typeof one === 'object' && one !== null && !seen.has(one)) {
            seen.add(one)
            for (const member of membersOf(one)) offer(member)
          }
        }
      }
    }
    return found
  }
}

/** Everything in the text of a function that may be a name. */
function wordsOf(target: AnyFunction): ReadonlySet<string> {
  const text = Function.prototype.toString.call(target)
  return new Set([...text.matchAll(/[\p{ID_Start}$_][\p{ID_Continue}$]*/gu)].map(([word]) => word))
}

function membersOf(value: object): unknown[] {
  try {
    return Object.keys(value)
      .slice(0, 1_000)
      .map((key) => {
        const property = Object.getOwnPropertyDescriptor(value, key)
        const isNamespace = Object.prototype.toString.call(value) === '[object Module]'
        return property === undefined || 'value' in property || isNamespace || property.get === undefined
          ? (property?.value as unknown)
          : // Loaders define the members of a namespace as getters.
            (value as Readonly<Record<string, unknown>>)[key]
      })
  } catch {
    return []
  }
}
