import { realpathSync } from 'node:fs'
import { dirname, relative, sep } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { lockfileDigest } from './lockfile.ts'
import { moduleGraph } from './module-graph.ts'
import type { ParsedModule } from './parsed-module.ts'

/** Whose code is asked for: a step's or a predictor's. */
export interface CodeRequest {
  readonly name: string
  /** The file that defines it; undefined where that is not known. */
  readonly module: string | undefined
  /** Stands for the code when it is given. */
  readonly version?: string
}

/** How code is read. */
export interface CodeSettings {
  /** The folder of the project: paths count relative to it, so that a moved project keeps its cache. */
  readonly root: string
  /** When this process started; for tests. */
  readonly processStart?: number
}

/** The digest of code, or why it has none: then nothing that it makes is cached. */
export type StepCode =
  | {
      readonly cacheable: true
      readonly digest: Digest
      readonly modules: readonly { readonly path: string; readonly digest: Digest }[]
      readonly lockfile: Digest | null
    }
  | { readonly cacheable: false; readonly reason: string }

const startOfProcess = Date.now() - process.uptime() * 1_000

function no(reason: string): StepCode {
  return { cacheable: false, reason }
}

/** Why the name cannot be tied to one definition at the top level of its module; undefined when it can. */
function ambiguity(name: string, module: ParsedModule): string | undefined {
  const own = module.calls.filter((call) => call.name === name)
  const outside = own.filter((call) => !call.insideFunction)
  const made = `it is made inside a function: give it a \`version\``
  if (outside.length === 0)
    return own.length > 0 || module.calls.some((call) => call.insideFunction)
      ? made
      : 'its name is not written as a literal at the top level of its module: give it a `version`'
  if (outside.length > 1)
    return `its module defines '${name}' more than once: give them a \`version\` or other names`
  const callee = outside[0]!.callee
  const rival = module.calls.some(
    (call) =>
      call.callee === callee && call.insideFunction && (call.name === undefined || call.name === name),
  )
  return rival ? made : undefined
}

/**
 * The digest of everything that a step's module loads from the project, and of the lockfile: wide, so that no
 * change of code goes unnoticed. Code that cannot be tied to bytes is not cacheable, with the reason.
 */
export async function stepCode(
  { name, module, version }: CodeRequest,
  settings: CodeSettings,
): Promise<StepCode> {
  if (version !== undefined)
    return { cacheable: true, digest: sha256(canonicalJson({ name, version })), modules: [], lockfile: null }
  if (module === undefined) return no('its module is not known: give it a `version`')
  const { processStart = startOfProcess } = settings
  let file: string
  let root: string
  try {
    file = realpathSync(module)
    root = realpathSync(settings.root)
  } catch {
    return no(`its module ${module} cannot be read: give it a \`version\``)
  }
  const place = (path: string): string => relative(root, path).split(sep).join('/')
  const graph = await moduleGraph(file)
  const reason = ambiguity(
    name,
    graph.modules.find(({ path }) => path === file)!,
  )
  if (reason !== undefined) return no(reason)
  const [gap] = graph.gaps
  if (gap !== undefined) return no(`${place(gap.file)}:${gap.line}: ${gap.reason}`)
  // The text that this process has loaded can no longer be told from the file.
  const changed = graph.modules.find(({ changedAt }) => changedAt > processStart)
  if (changed !== undefined) return no(`${place(changed.path)} was changed after this process had started`)
  const lockfile =
    graph.packages.length === 0 ? null : (lockfileDigest(dirname(file)) ?? lockfileDigest(root))
  if (lockfile === undefined) {
    return no(
      `it imports ${graph.packages.join(', ')}, but there is no lockfile: install with one, or give the step a \`version\``,
    )
  }
  const modules = graph.modules
    .map(({ path, digest }) => ({ path: place(path), digest }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  return { cacheable: true, digest: sha256(canonicalJson({ modules, lockfile })), modules, lockfile }
}
