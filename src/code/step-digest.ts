import { realpathSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { nearestLockfile, type Lockfile } from './lockfile.ts'
import { moduleGraph, type ModuleGraph } from './module-graph.ts'
import type { Piece } from './pieces.ts'
import { readValues } from './reached-values.ts'
import { ScopeReader } from './scope-values.ts'
import { sliceOf, type NeededValue, type Slice } from './slice.ts'
import type { NamedCall } from './named-calls.ts'
import type { ParsedModule } from './parsed-module.ts'

/** Whose code is asked for: a step's or a predictor's. */
export interface CodeRequest {
  readonly name: string
  /** The file that defines it; undefined where that is not known. */
  readonly module: string | undefined
  /** Its function: values that only this process knows are read from what it sees. */
  readonly run?: ((...values: never[]) => unknown) | undefined
  /** Stands for the code when it is given. */
  readonly version?: string | undefined
}

/** How code is read. */
export interface CodeSettings {
  /** The folder of the project: paths count relative to it, so that a moved project keeps its cache. */
  readonly root: string
  /** When this process started; for tests. */
  readonly processStart?: number
}

/** A part of a project's code that was reached. */
export interface ReachedPiece {
  /** The path of its module, relative to the root. */
  readonly module: string
  /** The names that it declares; none for a statement. */
  readonly names: readonly string[]
  readonly digest: Digest
}

/** The digest of code, or why it has none: then nothing that it makes is cached. */
export type StepCode =
  | {
      readonly cacheable: true
      readonly digest: Digest
      readonly pieces: readonly ReachedPiece[]
      /** By name: what was read from this process. */
      readonly values: Readonly<Record<string, Digest>>
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

/** The piece of a module in which something is defined, or why that cannot be told. */
function definitionOf(name: string, module: ParsedModule): Piece | string {
  const reason = ambiguity(name, module)
  if (reason !== undefined) return reason
  const calls = module.calls.filter((call) => call.name === name && !call.repeated)
  const { start } = calls.find((call) => call.defines) ?? calls[0]!
  const piece = module.pieces.pieces.find((one) => one.start <= start && start < one.end)
  if (piece === undefined) return 'its definition is not found: give it a `version`'
  // A function that was made by a call has captured what no text tells.
  return piece.effect && !module.pieces.isWhole
    ? 'its definition calls what may do anything, such as a function that makes its `run`: give it a `version`'
    : piece
}

/**
 * The digest of the code that a step reaches: its definition, what that refers to across the modules of the
 * project, what loading those modules does, values that the code does not tell, and the lockfiles for the rest.
 * Code that cannot be tied to bytes is not cacheable, with the reason.
 */
export async function stepCode(request: CodeRequest, settings: CodeSettings): Promise<StepCode> {
  const { name, module, version } = request
  if (version !== undefined) {
    const digest = sha256(canonicalJson({ name, version }))
    return { cacheable: true, digest, pieces: [], values: {}, lockfile: null }
  }
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
  const definition = definitionOf(
    name,
    graph.modules.find(({ path }) => path === file)!,
  )
  if (typeof definition === 'string') return no(definition)
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
  let read: Read | string
  try {
    read = await readReached(request.run, sliceOf(graph, file, [definition]), graph, place)
  } catch (error) {
    if (error instanceof RangeError)
      return no('code that it reaches is nested too deeply: give it a `version`')
    throw error
  }
  if (typeof read === 'string') return no(read)
  const { slice, values } = read
  const [gap] = slice.gaps
  if (gap !== undefined) return no(`${place(gap.file)}:${gap.line}: ${gap.reason}`)
  const [changing] = slice.reassigned
  if (changing !== undefined) {
    return no(
      `${place(changing.path)}: '${changing.name}' is given other values while it runs: give the step a \`version\``,
    )
  }
  const lockfile = digestOf(lockfiles)
  const pieces: ReachedPiece[] = []
  const links: string[] = []
  const inOrder = [...slice.pieces].toSorted(([a], [b]) => (a.path < b.path ? -1 : 1))
  for (const [one, own] of inOrder) {
    for (const { names, digest } of own) pieces.push({ module: place(one.path), names, digest })
    for (const link of slice.links.get(one) ?? []) links.push(`${place(one.path)}: ${link}`)
  }
  const digest = sha256(
    canonicalJson({
      module: place(file),
      definition: definition.digest,
      pieces: pieces.map((one) => [one.module, one.digest]),
      links: links.toSorted(),
      order: slice.order.map(({ path }) => place(path)),
      values,
      lockfile,
    }),
  )
  return { cacheable: true, digest, pieces, values, lockfile }
}

type Read = { readonly slice: Slice; readonly values: Readonly<Record<string, Digest>> }

/** The reached code, with the values that it does not tell; or why one of them cannot be read. */
async function readReached(
  run: CodeRequest['run'],
  slice: Slice,
  graph: ModuleGraph,
  place: (path: string) => string,
): Promise<Read | string> {
  if (slice.values.length === 0) return { slice, values: {} }
  const unread = ({ path, name }: NeededValue, why: string): string =>
    `${place(path)}: what '${name}' is cannot be told from its code, and not read (${why}): give the step a \`version\``
  const reader = run === undefined ? undefined : await ScopeReader.open()
  if (run === undefined || reader === undefined) return unread(slice.values[0]!, 'there is no inspector')
  const { digests, missing } = readValues(reader, graph, run, slice.values)
  const [first] = missing
  if (first !== undefined) return unread(first.value, first.why)
  const values: Record<string, Digest> = {}
  for (const [{ path, name }, digest] of digests) values[`${place(path)} ${name}`] = digest
  return { slice, values }
}
