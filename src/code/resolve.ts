import { existsSync } from 'node:fs'
import type { ResolverFactory } from 'oxc-resolver'

/** Where a specifier may lead, seen from a file; nothing where it leads nowhere. */
export type Resolve = (file: string, specifier: string) => ReadonlySet<string>

/** The export conditions that this process was started with: `-C name`, `--conditions=name`. */
export function startConditions(options: readonly string[]): string[] {
  const conditions: string[] = []
  for (const [index, option] of options.entries()) {
    const given = /^(?:-C|--conditions)(?:=(.*))?$/.exec(option)
    const name = given === null ? undefined : (given[1] ?? options[index + 1])
    if (name !== undefined) conditions.push(name)
  }
  return conditions
}

const own = startConditions([...process.execArgv, ...(process.env.NODE_OPTIONS ?? '').split(/\s+/)])

const scriptsFirst = ['.js', '.mjs', '.cjs', '.json', '.node', '.jsx', '.ts', '.tsx', '.mts', '.cts']
const typesFirst = ['.ts', '.tsx', '.mts', '.cts', '.js', '.jsx', '.mjs', '.cjs', '.json', '.node']

/** What a written extension may stand for: TypeScript is imported under the name of what it compiles to. */
const aliases: readonly (readonly [written: string, ...source: string[]])[] = [
  ['.js', '.ts', '.tsx'],
  ['.jsx', '.tsx'],
  ['.mjs', '.mts'],
  ['.cjs', '.cts'],
]

/**
 * Makes a resolver that finds every file that a loader may take for a specifier. They differ: where `a.js` lies
 * beside `a.ts` Node, jiti and vitest take the first, tsx the second; only some follow the paths of a tsconfig;
 * a package may have one file for `import` and another for `require`, and TypeScript may be loaded as either.
 *
 * New for every graph, since a resolver remembers which files there are.
 */
export async function openResolver(): Promise<Resolve> {
  const { ResolverFactory } = await import('oxc-resolver')
  const resolver = (condition: 'import' | 'require', source: 'scripts' | 'types'): ResolverFactory =>
    new ResolverFactory({
      conditionNames: ['node', condition, 'module-sync', 'default', ...own],
      extensions: source === 'scripts' ? scriptsFirst : typesFirst,
      extensionAlias: Object.fromEntries(
        aliases.map(([written, ...types]) => [
          written,
          source === 'scripts' ? [written, ...types] : [...types, written],
        ]),
      ),
      ...(source === 'scripts' ? {} : { tsconfig: 'auto' as const }),
    })
  const relative = [resolver('import', 'scripts'), resolver('import', 'types')]
  const all = [...relative, resolver('require', 'scripts'), resolver('require', 'types')]
  return (file, specifier) => {
    const found = new Set<string>()
    for (const one of /^\.{0,2}\//.test(specifier) ? relative : all) {
      const { path } = one.resolveFileSync(file, specifier)
      if (path !== undefined && !found.has(path) && existsSync(path)) found.add(path)
    }
    return found
  }
}
