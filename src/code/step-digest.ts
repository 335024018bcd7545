import { realpathSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { nearestLockfile, type Lockfile } from './lockfile.ts'
import { moduleGraph, type ModuleGraph } from './module-graph.ts'
import type { NamedCall } from './named-calls.ts'
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
  const once = own.filter((call) => !call.repeated)
  const made = (calls: readonly NamedCall[]): string | undefined =>
    calls.some((call) => call.repeated)
      ? 'it is made inside a function or a loop: give it a `version`'
      : undefined
  const unnamed = 'its name is not written as a literal at the top level of its module: give it a `version`'
  if (once.length === 0) return made(own) ?? made(module.calls.filter((call) => call.defines)) ?? unnamed
  // A pipeline, or a log line, may bear the name of a step.
  const defined = once.filter((call) => call.defines)
  const [call, ...others] = defined.length > 0 ? defined : once
  if (others.length > 0)
    return `its module defines '${name}' more than once: give them a \`version\` or other names`
  const rivals = module.calls.filter(
    (other) =>
      other !== call &&
      (other.defines || other.callee === call!.callee) &&
      (other.name === undefined || other.name === name),
  )
  if (rivals.length === 0) return undefined
  return (
    made(rivals) ??
    `its module also defines something whose name is not written as a literal: give '${name}' a \`version\``
  )
}

/** The lockfiles that hold for each importing module; undefined: one is missing. */
function lockfilesOf(graph: ModuleGraph, root: string): readonly Lockfile[] | undefined {
  const found = new Map<Digest, Lockfile>()
  for (const folder of graph.importers) {
    const lockfile = nearestLockfile(folder) ?? nearestLockfile(root)
    if (lockfile === undefined) return undefined
    found.set(lockfile.digest, lockfile)
  }
  return [...found.values()]
}

/** One digest for what all lockfiles say; null where no package is imported. */
function digestOf(lockfiles: readonly Lockfile[]): Digest | null {
  const digests = lockfiles.map(({ digest }) => digest)
  const [first = null] = digests
  return digests.length > 1 ? sha256(canonicalJson(digests.toSorted())) : first
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
  const lockfiles = lockfilesOf(graph, root)
  if (lockfiles === undefined) {
    return no(
      `it imports ${graph.packages.join(', ')}, but there is no lockfile: install with one, or give the step a \`version\``,
    )
  }
  // What this process has loaded, of the project or of packages, can no longer be told from the files.
  const changed = [...graph.modules, ...lockfiles.flatMap(({ files }) => files)].find(
    ({ changedAt }) => changedAt > processStart,
  )
  if (changed !== undefined) return no(`${place(changed.path)} was changed after this process had started`)
  const lockfile = digestOf(lockfiles)
  const modules = graph.modules
    .map(({ path, digest }) => ({ path: place(path), digest }))
    .toSorted((a, b) => (a.path < b.path ? -1 : 1))
  // Modules that import each other load the same: the defining one tells two steps of one name apart.
  const digest = sha256(canonicalJson({ module: place(file), modules, lockfile }))
  return { cacheable: true, digest, modules, lockfile }
}
