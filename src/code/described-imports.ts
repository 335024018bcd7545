import type { KnownImports, ModulePieces } from './pieces.ts'
import type { ParsedModule } from './parsed-module.ts'

/** Where a specifier of a module leads to in the project. */
type TargetsOf = (path: string, specifier: string) => readonly string[]

/**
 * Tells modules what the modules that they import from have told: a schema that is defined elsewhere describes as one
 * of their own does, and a function that only makes a value may be called without an effect. Modules that import each
 * other know nothing of one another.
 */
export function withDescribedImports(
  parsed: readonly ParsedModule[],
  targetsOf: TargetsOf,
): readonly ParsedModule[] {
  const modules = new Map(parsed.map((module) => [module.path, module]))
  const done = new Map<string, ParsedModule>()
  const order = inOrder(parsed, modules, targetsOf)
  for (const module of order) {
    const described = new Set<string>()
    const callable = new Set<string>()
    for (const [local, { specifier, name }] of module.pieces.imports) {
      const targets = targetsOf(module.path, specifier)
      if (targets.length === 0 || name === '*') continue
      const tells = (what: 'described' | 'callable'): boolean =>
        targets.every((path) => isTold(path, name, what, done, targetsOf, new Set()))
      if (tells('described')) described.add(local)
      else if (tells('callable')) callable.add(local)
    }
    const known: KnownImports = { described, callable }
    done.set(
      module.path,
      described.size + callable.size === 0 ? module : { ...module, pieces: module.piecesKnowing(known) },
    )
  }
  return parsed.map(({ path }) => done.get(path)!)
}

/** Each module after those that it imports, as far as there is such an order. Iterative: chains may be long. */
function inOrder(
  parsed: readonly ParsedModule[],
  modules: ReadonlyMap<string, ParsedModule>,
  targetsOf: TargetsOf,
): readonly ParsedModule[] {
  const order: ParsedModule[] = []
  const entered = new Set<string>()
  const open: { readonly module: ParsedModule; readonly isDone: boolean }[] = parsed.map((module) => ({
    module,
    isDone: false,
  }))
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { module, isDone } = next
    if (isDone) {
      order.push(module)
      continue
    }
    if (entered.has(module.path)) continue
    entered.add(module.path)
    open.push({ module, isDone: true })
    for (const { specifier } of module.imports)
      for (const path of targetsOf(module.path, specifier)) {
        const target = modules.get(path)
        if (target !== undefined && !entered.has(path)) open.push({ module: target, isDone: false })
      }
  }
  return order
}

function isTold(
  path: string,
  name: string,
  what: keyof Pick<ModulePieces, 'described' | 'callable'>,
  done: ReadonlyMap<string, ParsedModule>,
  targetsOf: TargetsOf,
  seen: Set<string>,
): boolean {
  const pieces = done.get(path)?.pieces
  // What imports its importer is not done yet.
  if (pieces === undefined || seen.has(path)) return false
  seen.add(path)
  const found = pieces.exports.get(name)
  if (typeof found === 'string') {
    if (pieces[what].has(found)) return true
    const link = pieces.imports.get(found)
    return link !== undefined && areTold(path, link.specifier, link.name)
  }
  if (found !== undefined) return areTold(path, found.specifier, found.name)
  return pieces.stars.some((specifier) => areTold(path, specifier, name))

  function areTold(from: string, specifier: string, exported: string): boolean {
    const targets = targetsOf(from, specifier)
    return (
      targets.length > 0 && targets.every((target) => isTold(target, exported, what, done, targetsOf, seen))
    )
  }
}
