import type { ModuleGraph } from './module-graph.ts'
import type { Gap, ParsedModule } from './parsed-module.ts'
import { indexOf } from './piece-index.ts'
import type { PackageUse } from './package-values.ts'
import type { Link, Piece } from './pieces.ts'
import { isDescribing } from './purity.ts'

/** A binding of a module whose value its code does not tell. */
export interface NeededValue {
  readonly path: string
  readonly name: string
  /** Under which names other modules know it. */
  readonly elsewhere: readonly Place[]
  /** Inside of all code that uses the name it may stand for something of its own. */
  readonly mayBeLocal: boolean
  /** The text of the JSON that it is, unless something has changed that. */
  readonly json?: string | undefined
}

/** A name of a module. */
export interface Place {
  readonly path: string
  readonly name: string
}

/** The part of a project that a piece of code reaches. */
export interface Slice {
  /** By module, in the order of the text. */
  readonly pieces: ReadonlyMap<ParsedModule, readonly Piece[]>
  /** Those whose code the start of the slice may call, not only what loading the modules does. */
  readonly called: ReadonlySet<Piece>
  /** By module: which names of which modules and packages are meant, as `local > specifier name`. */
  readonly links: ReadonlyMap<ParsedModule, ReadonlySet<string>>
  /** The modules that do something when they are loaded, in the order in which they are. */
  readonly order: readonly ParsedModule[]
  readonly values: readonly NeededValue[]
  /** Bindings whose code may tell all of their values; what can be read of these counts too. */
  readonly watched: readonly NeededValue[]
  /** Bindings that are no values of the step, since its own code fills them, and those that nobody can read. */
  readonly memos: readonly Place[]
  /** Variables of the environment that statements read when modules are loaded. */
  readonly environment: readonly string[]
  /** What of packages is used by what is reached. */
  readonly packages: readonly PackageUse[]
  /** Bindings that functions give other values. */
  readonly reassigned: readonly Place[]
  /** Those of what is reached. */
  readonly gaps: readonly Gap[]
}

/**
 * Follows names from a piece of code through the modules of a graph. Names are compared without regard to scopes:
 * a local name like one of the module's reaches too much, never too little. Whatever loading a module does or may
 * do counts wherever the module is loaded. Of packages that are `opaque` no objects are asked for.
 */
export function sliceOf(
  graph: ModuleGraph,
  path: string,
  starts: readonly Piece[],
  opaque: readonly string[] = [],
): Slice {
  return new Slicer(graph, opaque).from(path, starts)
}

type Reach = 'loaded' | 'reached'

/** What a module that counts as a whole may have read when it was loaded is not told by its text. */
const readsWorld = /\b(?:process|fs|child_process|http|https|os)\b|\bfetch\s*\(|\bDate\b|\brandom\b/

const importers = new WeakMap<ModuleGraph, ReadonlyMap<string, readonly Place[]>>()

class Slicer {
  readonly #graph: ModuleGraph
  readonly #opaque: readonly string[]
  readonly #modules: ReadonlyMap<string, ParsedModule>
  readonly #included = new Map<ParsedModule, Map<Piece, Reach>>()
  readonly #links = new Map<ParsedModule, Set<string>>()
  readonly #values = new Map<string, Place>()
  readonly #watched = new Map<string, Place & { readonly json?: string | undefined }>()
  readonly #loaded = new Set<string>()
  /** What the code from which the slice starts uses, not only what may change that. */
  readonly #called = new Set<Piece>()
  readonly #packages = new Map<string, Place & { readonly link: Link }>()
  readonly #reassigned = new Map<string, Place>()
  /** Bindings that loading modules changes, as `path name`: to what, their code does not tell. */
  readonly #changed = new Set<string>()
  readonly #written = new Set<string>()
  readonly #followed = new Set<string>()
  readonly #open: { readonly module: ParsedModule; readonly piece: Piece; readonly reach: Reach }[] = []

  constructor(graph: ModuleGraph, opaque: readonly string[]) {
    this.#graph = graph
    this.#opaque = opaque
    this.#modules = new Map(graph.modules.map((module) => [module.path, module]))
  }

  from(path: string, starts: readonly Piece[]): Slice {
    this.#noteLoaded(path)
    for (const module of this.#modules.values()) this.#noteChanges(module)
    for (const piece of starts) {
      this.#called.add(piece)
      this.#include(this.#modules.get(path)!, piece, 'reached')
    }
    for (const module of this.#modules.values()) {
      const { pieces, isWhole } = module.pieces
      for (const piece of pieces) if (piece.effect || isWhole) this.#include(module, piece, 'loaded')
      // Of a package that is imported for what it does there is no name.
      for (const { specifier } of module.imports)
        if (this.#graph.targetsOf(module.path, specifier).length === 0) this.#link(module, `> ${specifier}`)
    }
    for (let next = this.#open.pop(); next !== undefined; next = this.#open.pop())
      this.#expand(next.module, next.piece, next.reach)
    return {
      pieces: new Map(
        [...this.#included].map(([module, pieces]) => [
          module,
          [...pieces.keys()].toSorted((a, b) => a.start - b.start),
        ]),
      ),
      called: this.#called,
      links: this.#links,
      order: this.#inOrder(path).filter(({ pieces }) => pieces.pieces.some(({ effect }) => effect)),
      values: [...this.#values.values()].map((place) => this.#needed(place)),
      watched: [...this.#watched]
        .filter(([key, place]) => !this.#values.has(key) && !this.#isPrivate(place))
        .map(([, place]) => ({ ...this.#needed(place), json: place.json })),
      memos: [...this.#watched.values()].filter((place) => this.#isPrivate(place) || this.#isWeak(place)),
      environment: this.#environment(),
      packages: [...this.#packages.values()].flatMap((place) => this.#packageUse(place)),
      reassigned: [...this.#reassigned.values()],
      gaps: this.#graph.gaps.filter((gap) => this.#isReached(gap)),
    }
  }

  /** The modules that are loaded with one: those that are imported when they are asked for may never be. */
  #noteLoaded(start: string): void {
    const open = [start]
    for (let path = open.pop(); path !== undefined; path = open.pop()) {
      const module = this.#modules.get(path)
      if (module === undefined || this.#loaded.has(path)) continue
      this.#loaded.add(path)
      for (const specifier of module.pieces.loads) open.push(...this.#graph.targetsOf(path, specifier))
    }
  }

  /** All modules that a module loads, and itself: each after what it imports. */
  #inOrder(start: string): readonly ParsedModule[] {
    const order: ParsedModule[] = []
    const entered = new Set<ParsedModule>()
    const enter = (path: string): void => {
      const module = this.#modules.get(path)
      if (module === undefined || entered.has(module)) return
      entered.add(module)
      for (const { specifier } of module.imports)
        for (const target of this.#graph.targetsOf(path, specifier)) enter(target)
      order.push(module)
    }
    enter(start)
    return order
  }

  #link(module: ParsedModule, text: string): void {
    this.#links.set(module, (this.#links.get(module) ?? new Set()).add(text))
  }

  /** What the statements of a module change when they are loaded, here and in modules that it imports from. */
  #noteChanges(module: ParsedModule): void {
    for (const piece of module.pieces.pieces) {
      if (!piece.effect || module.pieces.isWhole) continue
      for (const name of piece.touches)
        for (const { path, name: local } of this.#origins(module, name)) {
          // What a declaration does to itself is its own affair.
          if (path === module.path && piece.names.includes(local)) continue
          this.#changed.add(`${path} ${local}`)
          if (piece.writes.has(name)) this.#written.add(`${path} ${local}`)
        }
      if (piece.writes.has('globalThis') || piece.writes.has('global')) this.#written.add('globalThis')
    }
  }

  /** The bindings that a name of a module stands for, its own or of those that it imports from. */
  #origins(module: ParsedModule, name: string, seen = new Set<string>()): Place[] {
    const key = `${module.path} ${name}`
    if (seen.has(key)) return []
    seen.add(key)
    if (indexOf(module.pieces).declaring(name).length > 0) return [{ path: module.path, name }]
    const link = module.pieces.imports.get(name)
    return link === undefined ? [] : this.#originsOf(module, link, seen)
  }

  #originsOf(module: ParsedModule, { specifier, name }: Link, seen: Set<string>): Place[] {
    return this.#graph.targetsOf(module.path, specifier).flatMap((path) => {
      const target = this.#modules.get(path)
      if (target === undefined) return []
      const names = name === '*' ? [...target.pieces.exports.keys()] : [name]
      return names.flatMap((exported) => {
        const found = target.pieces.exports.get(exported)
        if (typeof found === 'string') return this.#origins(target, found, seen)
        if (found !== undefined) return this.#originsOf(target, found, seen)
        return target.pieces.stars.flatMap((star) =>
          this.#originsOf(target, { specifier: star, name: exported }, seen),
        )
      })
    })
  }

  #needed({ path, name }: Place): NeededValue {
    const elsewhere = this.#importers().get(`${path} ${name}`) ?? []
    const users = [...(this.#included.get(this.#modules.get(path)!)?.keys() ?? [])].filter(({ uses }) =>
      uses.has(name),
    )
    return { path, name, elsewhere, mayBeLocal: users.every(({ binds }) => binds.has(name)) }
  }

  /** Nothing where a name is not of a package, or of one whose objects change no result. */
  #packageUse({
    path,
    name: local,
    link: { specifier, name },
  }: Place & { readonly link: Link }): PackageUse[] {
    const target = this.#graph.packageFileOf(path, specifier)
    if (target === undefined || isDescribing(specifier) || !this.#loaded.has(path)) return []
    if (this.#opaque.some((known) => specifier === known || specifier.startsWith(`${known}/`))) return []
    const users = [...(this.#included.get(this.#modules.get(path)!) ?? [])].filter(
      ([piece, reach]) => reach === 'reached' && piece.uses.has(local),
    )
    const members = new Set<string>()
    for (const [piece] of users) {
      const used = piece.members.get(local)
      if (used === 'all') return [{ path, local, specifier, target, name, members: 'all' }]
      for (const member of used ?? []) members.add(member)
    }
    return [{ path, local, specifier, target, name, members: users.length === 0 ? 'all' : members }]
  }

  /** Under which names modules know the bindings of others, by `path name`. */
  #importers(): ReadonlyMap<string, readonly Place[]> {
    const known = importers.get(this.#graph)
    if (known !== undefined) return known
    const found = new Map<string, Place[]>()
    for (const module of this.#modules.values())
      for (const [local, link] of module.pieces.imports)
        for (const [shown, { path, name }] of this.#shownBy(module, local, link)) {
          if (path === module.path) continue
          const places = found.get(`${path} ${name}`) ?? []
          places.push({ path: module.path, name: shown })
          found.set(`${path} ${name}`, places)
        }
    importers.set(this.#graph, found)
    return found
  }

  /** What an import shows, by how its module writes it: the members of a namespace have their exported names. */
  #shownBy(module: ParsedModule, local: string, link: Link): [string, Place][] {
    const { specifier, name } = link
    if (name !== '*') return this.#originsOf(module, link, new Set()).map((place) => [local, place])
    return this.#exportedNames(module.path, specifier, new Set()).flatMap((exported) =>
      this.#originsOf(module, { specifier, name: exported }, new Set()).map((place): [string, Place] => [
        `${local}.${exported}`,
        place,
      ]),
    )
  }

  #exportedNames(path: string, specifier: string, seen: Set<string>): string[] {
    return this.#graph.targetsOf(path, specifier).flatMap((target) => {
      const pieces = this.#modules.get(target)?.pieces
      if (pieces === undefined || seen.has(target)) return []
      seen.add(target)
      // A default export does not come through a star.
      const starred = pieces.stars.flatMap((star) => this.#exportedNames(target, star, seen))
      return [...pieces.exports.keys(), ...starred.filter((name) => name !== 'default')]
    })
  }

  /**
   * A value that is written down, and that nothing knows but functions that are reached: what these keep in it (a memo,
   * a table) is told by their code.
   */
  #isPrivate({ path, name }: Place): boolean {
    const module = this.#modules.get(path)!
    const own = indexOf(module.pieces).declaring(name)
    if (own.length !== 1 || own[0]!.type !== 'variable' || !own[0]!.literal) return false
    if ([...module.pieces.exports.values()].includes(name)) return false
    return module.pieces.pieces.every(
      (piece) => piece === own[0] || !piece.uses.has(name) || (this.#called.has(piece) && !piece.effect),
    )
  }

  #isWeak({ path, name }: Place): boolean {
    const { pieces, text } = this.#modules.get(path)!
    return indexOf(pieces)
      .declaring(name)
      .some(({ start, end }) => /\bnew\s+Weak(?:Map|Set)\b/.test(text.slice(start, end)))
  }

  #environment(): string[] {
    const names = new Set<string>()
    for (const module of this.#modules.values())
      for (const piece of module.pieces.pieces)
        if (piece.effect && piece.type === 'statement' && !module.pieces.isWhole)
          for (const name of piece.environment) names.add(name)
    return [...names]
  }

  #include(module: ParsedModule, piece: Piece, reach: Reach): void {
    const pieces = this.#included.get(module) ?? new Map<Piece, Reach>()
    this.#included.set(module, pieces)
    const before = pieces.get(piece)
    if (before === 'reached' || before === reach) return
    pieces.set(piece, reach)
    this.#open.push({ module, piece, reach })
  }

  #expand(module: ParsedModule, piece: Piece, reach: Reach): void {
    if (
      reach === 'reached' &&
      piece.uses.has('globalThis') &&
      this.#written.has('globalThis') &&
      !piece.effect
    )
      this.#reassigned.set('globalThis', { path: module.path, name: 'globalThis' })
    // That it names itself is no use by others.
    for (const name of piece.uses)
      if (!piece.names.includes(name) && !piece.shadowed.has(name)) this.#follow(module, name, reach)
    // Modules that code inside of a piece loads: `import('./x')`, `new URL('./worker.ts', import.meta.url)`.
    for (const { specifier, start } of module.imports) {
      if (start < piece.start || start >= piece.end) continue
      for (const target of this.#graph.targetsOf(module.path, specifier)) this.#reach(target, '*', reach)
    }
  }

  /** Follows a name as a module knows it; false where it does not. */
  #follow(module: ParsedModule, name: string, reach: Reach): boolean {
    const key = `${reach} ${module.path} ${name}`
    const link = module.pieces.imports.get(name)
    const own = indexOf(module.pieces).declaring(name)
    if (this.#followed.has(key)) return own.length > 0 || link !== undefined
    this.#followed.add(key)
    for (const piece of own) this.#bind(module, piece, name, reach)
    if (link !== undefined) this.#followLink(module, name, link, reach)
    return own.length > 0 || link !== undefined
  }

  #bind(module: ParsedModule, piece: Piece, name: string, reach: Reach): void {
    this.#include(module, piece, reach)
    if (reach === 'reached') this.#called.add(piece)
    const index = indexOf(module.pieces)
    if (!piece.fixed || piece.assignable)
      for (const other of index.touching(name)) this.#include(module, other, reach)
    const value: Place = { path: module.path, name }
    const key = `${module.path} ${name}`
    // What loading uses is not told by its code either: it may have been handed to what keeps it.
    if (piece.type !== 'statement') this.#watched.set(key, value)
    if (reach !== 'reached') return
    const isChanged =
      piece.type === 'variable' && !piece.fixed ? this.#changed.has(key) : this.#written.has(key)
    if (piece.type === 'variable' && (piece.effect || isChanged)) this.#values.set(key, value)
    // What a class or a function holds beside its code is nobody's to read.
    else if (isChanged || (piece.type !== 'variable' && piece.effect)) this.#reassigned.set(key, value)
    // Other than at the top level, where it belongs to what loading does.
    if (piece.assignable && index.isReassigned(name)) this.#reassigned.set(key, value)
  }

  #followLink(module: ParsedModule, local: string, link: Link, reach: Reach): void {
    const { specifier, name } = link
    const { path } = module
    this.#link(module, `${local} > ${specifier} ${name}`)
    if (reach === 'reached') this.#packages.set(`${path} ${local}`, { path, name: local, link })
    for (const target of this.#graph.targetsOf(module.path, specifier)) {
      // Data, or CommonJS: what it holds is known to its importers alone.
      const held = this.#modules.get(target)
      if (held?.pieces.isWhole === true && module.pieces.imports.has(local)) {
        const json = target.endsWith('.json') && name === 'default' ? held.text : undefined
        this.#watched.set(`${path} ${local}`, { path, name: local, json })
      }
      this.#reach(target, name, reach)
    }
  }

  /** Follows an export of a module; one that is not found is any. */
  #reach(path: string, name: string, reach: Reach): void {
    const module = this.#modules.get(path)
    if (module === undefined) return
    if (module.pieces.isWhole && reach === 'reached' && readsWorld.test(module.text))
      this.#reassigned.set(path, { path, name: 'the module' })
    if (name === '*' || module.pieces.isWhole || !this.#reachExport(module, name, reach, new Set()))
      for (const piece of module.pieces.pieces) this.#include(module, piece, reach)
    if (name !== '*') return
    for (const exported of module.pieces.exports.keys()) this.#reachExport(module, exported, reach, new Set())
    for (const specifier of module.pieces.stars)
      for (const target of this.#graph.targetsOf(path, specifier)) this.#reachOnce(target, reach)
  }

  #reachOnce(path: string, reach: Reach): void {
    const key = `${reach} ${path} *`
    if (this.#followed.has(key)) return
    this.#followed.add(key)
    this.#reach(path, '*', reach)
  }

  #reachExport(module: ParsedModule, name: string, reach: Reach, seen: Set<ParsedModule>): boolean {
    if (seen.has(module)) return false
    seen.add(module)
    const { exports, stars } = module.pieces
    const found = exports.get(name)
    if (typeof found === 'string') {
      this.#link(module, `export ${name} > ${found}`)
      return this.#follow(module, found, reach)
    }
    if (found !== undefined) {
      this.#followLink(module, `export ${name}`, found, reach)
      return true
    }
    let isFound = false
    for (const specifier of stars) {
      this.#link(module, `export * > ${specifier}`)
      if (reach === 'reached' && this.#graph.packageFileOf(module.path, specifier) !== undefined)
        this.#packages.set(`${module.path} * ${name}`, {
          path: module.path,
          name: `* ${name}`,
          link: { specifier, name },
        })
      for (const path of this.#graph.targetsOf(module.path, specifier)) {
        const target = this.#modules.get(path)
        if (target !== undefined && !target.pieces.isWhole && this.#reachExport(target, name, reach, seen))
          isFound = true
      }
    }
    return isFound
  }

  #isReached({ file, start }: Gap): boolean {
    const module = this.#modules.get(file)
    if (module === undefined) return true
    const { pieces } = module.pieces
    const piece = pieces.find((one) => one.start <= start && start < one.end)
    // Imports and what cannot be parsed are in no piece.
    return piece === undefined || this.#included.get(module)?.has(piece) === true
  }
}
