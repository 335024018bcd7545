import { existsSync } from 'node:fs'
import { isBuiltin } from 'node:module'
import { dirname, sep } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { ResolverFactory } from 'oxc-resolver'
import { parseModule, type Gap, type ParsedModule } from './parsed-module.ts'

/** Everything of a project that a module loads. */
export interface ModuleGraph {
  /** Modules of the project (and of linked packages, by their real path), the first one included. */
  readonly modules: readonly ParsedModule[]
  /** The packages that are imported; what they load is told by the lockfile. */
  readonly packages: readonly string[]
  /** The folders of the modules that import packages. */
  readonly importers: readonly string[]
  /** Imports that lead nowhere that can be read. */
  readonly gaps: readonly Gap[]
}

/** The folder of this package's own modules: it counts by format numbers, not by its bytes. */
const own = fileURLToPath(new URL('..', import.meta.url))

interface Resolvers {
  readonly imports: ResolverFactory
  readonly requires: ResolverFactory
}

/** New for every graph: a resolver remembers which files there are, and those change. */
async function openResolvers(): Promise<Resolvers> {
  const { ResolverFactory } = await import('oxc-resolver')
  const resolver = (condition: 'import' | 'require'): ResolverFactory =>
    new ResolverFactory({
      tsconfig: 'auto',
      conditionNames: ['node', condition, 'module-sync', 'default'],
      extensions: ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json', '.node'],
      extensionAlias: {
        '.js': ['.js', '.ts', '.tsx'],
        '.jsx': ['.jsx', '.tsx'],
        '.mjs': ['.mjs', '.mts'],
        '.cjs': ['.cjs', '.cts'],
      },
    })
  return { imports: resolver('import'), requires: resolver('require') }
}

function isOwn(specifier: string): boolean {
  return specifier === 'pipewright' || specifier.startsWith('pipewright/')
}

const inPackages = `${sep}node_modules${sep}`

/** The package that a file belongs to: what follows the last `node_modules`. */
function packageName(path: string): string {
  const parts = path.slice(path.lastIndexOf(inPackages) + inPackages.length).split(sep)
  return parts.slice(0, parts[0]!.startsWith('@') ? 2 : 1).join('/')
}

/** Follows every import of a module through the project. Iterative; cycles are no matter. */
export async function moduleGraph(file: string): Promise<ModuleGraph> {
  const { imports, requires } = await openResolvers()
  const modules = new Map<string, ParsedModule>()
  const packages = new Set<string>()
  const importers = new Set<string>()
  const gaps: Gap[] = []
  const open = [file]
  for (let path = open.pop(); path !== undefined; path = open.pop()) {
    if (modules.has(path)) continue
    const module = await parseModule(path)
    modules.set(path, module)
    gaps.push(...module.gaps)
    for (const { specifier, line, required } of module.imports) {
      if (isBuiltin(specifier) || isOwn(specifier)) continue
      const found = (required ? requires : imports).resolveFileSync(path, specifier).path
      if (found === undefined || !existsSync(found))
        gaps.push({ file: path, line, reason: `'${specifier}' cannot be found` })
      else if (found.includes(inPackages)) {
        packages.add(packageName(found))
        importers.add(dirname(path))
      } else if (!found.startsWith(own) && !modules.has(found)) open.push(found)
    }
  }
  return { modules: [...modules.values()], packages: [...packages], importers: [...importers], gaps }
}
