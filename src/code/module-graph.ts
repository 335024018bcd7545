import { isBuiltin } from 'node:module'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { inPackages, packageFolder } from './installed-package.ts'
import { isSame, packageClosure, type PackageClosure } from './packages.ts'
import { withDescribedImports } from './described-imports.ts'
import { parseModule, type Gap, type ParsedModule } from './parsed-module.ts'
import { openResolver, type Resolve } from './resolve.ts'

/** Everything of a project that a module loads. */
export interface ModuleGraph {
  /** Modules of the project (and of linked packages, by their real path), the first one included. */
  readonly modules: readonly ParsedModule[]
  /** The packages that are imported, with all that they depend on. */
  readonly packages: PackageClosure
  /** Imports that lead nowhere that can be read. */
  readonly gaps: readonly Gap[]
  /** The files of the project that a specifier of a module leads to; none for packages. */
  targetsOf(path: string, specifier: string): readonly string[]
  /** The file of a package that a specifier of a module leads to, as `import` takes it. */
  packageFileOf(path: string, specifier: string): string | undefined
  /** The file that was written, of one that is loaded. */
  sourceOf(path: string): string
}

/** The folder of this package's own modules: it counts by format numbers, not by its bytes. */
const own = fileURLToPath(new URL('..', import.meta.url))

function isOwn(specifier: string): boolean {
  return specifier === 'pipewright' || specifier.startsWith('pipewright/')
}

/** TypeScript may import TypeScript by its own name; what it is compiled to is called otherwise. */
function targetsFrom(
  resolve: Resolve,
  { path, source }: ParsedModule,
  specifier: string,
): ReadonlySet<string> {
  if (source === path) return resolve(path, specifier)
  // What was compiled in its place lies beside its source, and is what is loaded.
  const found = resolve(path, specifier.replace(/\.([cm]?)tsx?$/, '.$1js'))
  return found.size > 0 ? found : resolve(path, specifier)
}

/** A graph with its modules as each was read by itself. */
interface ReadGraph extends ModuleGraph {
  readonly parsed: readonly ParsedModule[]
}

async function follow(file: string): Promise<ReadGraph> {
  const resolve = await openResolver()
  const modules = new Map<string, ParsedModule>()
  const packages = new Set<string>()
  const gaps: Gap[] = []
  const targets = new Map<string, readonly string[]>()
  const packageFiles = new Map<string, string>()
  /** Compilers copy data beside what they make. */
  const copies = new Map<string, string>()
  const open = [file]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (modules.has(path)) continue
    const module = await parseModule(path)
    modules.set(path, module)
    gaps.push(...module.gaps)
    for (const { specifier, line, start, optional } of module.imports) {
      if (specifier.startsWith('node:') || isOwn(specifier)) continue
      const found = targetsFrom(resolve, module, specifier)
      // The paths of a tsconfig may name what Node has under the same name.
      if (isBuiltin(specifier) && ![...found].some((target) => !target.includes(inPackages))) continue
      if (found.size === 0 && optional === undefined)
        gaps.push({ file: path, line, start, reason: `'${specifier}' cannot be found` })
      targets.set(
        `${path} ${specifier}`,
        [...found].filter((target) => !target.includes(inPackages) && !target.startsWith(own)),
      )
      for (const target of found) {
        if (target.includes(inPackages)) {
          packages.add(packageFolder(target))
          if (!packageFiles.has(`${path} ${specifier}`)) packageFiles.set(`${path} ${specifier}`, target)
        } else if (!target.startsWith(own)) {
          if (module.source !== path && target.endsWith('.json'))
            copies.set(target, join(dirname(module.source), specifier))
          if (!modules.has(target)) open.push(target)
        }
      }
    }
  }
  const targetsOf = (path: string, specifier: string): readonly string[] =>
    targets.get(`${path} ${specifier}`) ?? []
  const parsed = [...modules.values()]
  return {
    parsed,
    modules: withDescribedImports(parsed, targetsOf),
    packages: packageClosure(packages),
    gaps,
    targetsOf,
    packageFileOf: (path, specifier) => packageFiles.get(`${path} ${specifier}`),
    sourceOf: (path) => copies.get(path) ?? modules.get(path)?.source ?? path,
  }
}

const known = new Map<string, ReadGraph>()
const running = new Map<string, Promise<ModuleGraph>>()

/** Whether every module of a graph is what it was; what leads nowhere may have appeared since. */
async function holds({ parsed, packages, gaps }: ReadGraph): Promise<boolean> {
  if (gaps.length > 0) return false
  for (const module of parsed) {
    const now = await parseModule(module.path).catch(() => undefined)
    if (now !== module) return false
  }
  return isSame(packages)
}

/**
 * Follows every import of a module through the project. Iterative; cycles are no matter. A graph is remembered
 * while its modules look the same.
 */
export async function moduleGraph(file: string): Promise<ModuleGraph> {
  const ask = async (): Promise<ModuleGraph> => {
    const before = known.get(file)
    if (before !== undefined && (await holds(before))) return before
    const graph = await follow(file)
    known.set(file, graph)
    return graph
  }
  // Steps of one module ask at once.
  const asked = running.get(file) ?? ask().finally(() => running.delete(file))
  running.set(file, asked)
  return asked
}
