import { realpathSync } from 'node:fs'
import { relative, sep } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { compilerOptions } from './compiler-options.ts'
import { definitionOf } from './definition.ts'
import { moduleGraph } from './module-graph.ts'
import { recordedDigest } from './recorded-digests.ts'
import { stateOf, type ReachedState, type ReadState } from './reached-state.ts'
import { sliceOf, type Slice } from './slice.ts'

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
  /** Packages whose objects change no result, so that their versions tell enough. */
  readonly opaque?: readonly string[]
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
  /** Where it stands in the text of its module. */
  readonly start: number
  readonly end: number
}

/** The digest of code, or why it has none: then nothing that it makes is cached. */
export type StepCode =
  | {
      readonly cacheable: true
      readonly digest: Digest
      readonly pieces: readonly ReachedPiece[]
      /** By name: what was read from this process. */
      readonly values: ReachedState
      /** By name: the versions of the packages that are loaded. */
      readonly packages: Readonly<Record<string, string>>
      /** By module: the options of its compiler, where they change what its code does. */
      readonly options: Readonly<Record<string, string>>
      /** Modules whose parts cannot be told apart, and packages that have no version: all of them counts. */
      readonly wide: readonly string[]
      /** The texts of the modules of the pieces. */
      readonly texts: ReadonlyMap<string, string>
      /** Tells which of the values is another one by now; undefined where none is. */
      readonly changedValue: () => string | undefined
    }
  | { readonly cacheable: false; readonly reason: string }

const startOfProcess = Date.now() - process.uptime() * 1_000

function no(reason: string): StepCode {
  return { cacheable: false, reason }
}

/** Code that something else stands for: its parts are not known. */
function told(digest: Digest): StepCode & { cacheable: true } {
  return {
    cacheable: true,
    digest,
    pieces: [],
    values: {},
    packages: {},
    options: {},
    wide: [],
    texts: new Map(),
    changedValue: () => undefined,
  }
}

/**
 * The digest of the code that a step reaches: its definition, what that refers to across the modules of the
 * project, what loading those modules does, values that the code does not tell, and the versions of the packages.
 * Code that cannot be tied to bytes is not cacheable, with the reason.
 */
export async function stepCode(request: CodeRequest, settings: CodeSettings): Promise<StepCode> {
  try {
    return await read(request, settings)
  } catch (error) {
    // Whatever a project is made of: code that cannot be read is not cached, and runs.
    const { message } = error as Error
    return no(
      error instanceof RangeError
        ? 'code that it reaches is nested too deeply: give it a `version`'
        : `its code cannot be read (${message}): give it a \`version\``,
    )
  }
}

async function read(request: CodeRequest, settings: CodeSettings): Promise<StepCode> {
  const { name, module, version } = request
  if (version !== undefined) return told(sha256(canonicalJson({ name, version })))
  if (module === undefined) return no('its module is not known: give it a `version`')
  const { processStart = startOfProcess, opaque = [] } = settings
  let file: string
  let root: string
  try {
    file = realpathSync(module)
    root = realpathSync(settings.root)
  } catch {
    return no(`its module ${module} cannot be read: give it a \`version\``)
  }
  const graph = await moduleGraph(file)
  const place = (path: string): string => relative(root, graph.sourceOf(path)).split(sep).join('/')
  // What this process has loaded, of the project or of packages, can no longer be told from the files.
  const changed = graph.modules.find(({ changedAt }) => changedAt > processStart)
  if (changed !== undefined) return no(`${place(changed.path)} was changed after this process had started`)
  for (const { changedAt, manifest } of graph.packages.read.values())
    if (changedAt > processStart) return no(`${place(manifest)} was changed after this process had started`)
  const recorded = recordedDigest(graph, file, name)
  if (recorded !== undefined) return { ...told(recorded.digest), packages: recorded.packages }
  const defining = graph.modules.find(({ path }) => path === file)!
  const unread = defining.gaps.find(({ reason }) => reason.startsWith('cannot be parsed'))
  if (unread !== undefined) return no(`${place(file)}:${unread.line}: ${unread.reason}`)
  const definition = await definitionOf(name, request.run, defining)
  if (typeof definition === 'string') return no(definition)
  const slice = sliceOf(graph, file, definition.pieces, opaque)
  const readState = await stateOf(request.run, slice, graph, place, root, definition.made)
  const values = readState()
  if (typeof values === 'string') return no(values)
  const [gap] = slice.gaps
  if (gap !== undefined) return no(`${place(gap.file)}:${gap.line}: ${gap.reason}`)
  const [changing] = slice.reassigned
  if (changing !== undefined) {
    return no(
      `${place(changing.path)}: '${changing.name}' is given other values while it runs: give the step a \`version\``,
    )
  }
  const reached = await reachedOf(slice, place)
  const { versions: packages } = graph.packages
  const digest = sha256(
    canonicalJson({
      module: place(file),
      definition: definition.digest,
      pieces: reached.pieces.map((one) => [one.module, one.digest]),
      links: reached.links,
      order: slice.order.map(({ path }) => place(path)),
      options: reached.options,
      values,
      packages: graph.packages.edges,
    }),
  )
  const { pieces, options, texts } = reached
  const wide = [
    ...reached.wide,
    ...Object.keys(packages).filter((one) => packages[one]!.startsWith('bytes ')),
  ]
  return {
    cacheable: true,
    digest,
    pieces,
    values,
    packages,
    options,
    wide,
    texts,
    changedValue: changes(values, readState),
  }
}

/** Reading values again takes at most one part in so many of the time, where it takes longer than this in milliseconds. */
const shareOfReading = 10
const quickReading = 5

/** Compares values that were read with what they are when it is called. */
function changes(before: ReachedState, read: ReadState): () => string | undefined {
  let last: { readonly verdict: string | undefined; readonly until: number } | undefined
  return () => {
    const startedAt = performance.now()
    if (last !== undefined && startedAt < last.until) return last.verdict
    const now = read()
    const verdict =
      typeof now === 'string'
        ? now
        : Object.keys({ ...before, ...now }).find((name) => now[name] !== before[name])
    const endedAt = performance.now()
    const took = endedAt - startedAt
    // A large table that is read again for each item of a map would take all the time there is.
    last = took < quickReading ? undefined : { verdict, until: endedAt + took * shareOfReading }
    return verdict
  }
}

interface Reached {
  readonly pieces: readonly ReachedPiece[]
  readonly links: readonly string[]
  readonly options: Readonly<Record<string, string>>
  readonly wide: readonly string[]
  readonly texts: ReadonlyMap<string, string>
}

/** The parts of a slice, in an order that does not depend on where the project is. */
async function reachedOf(slice: Slice, place: (path: string) => string): Promise<Reached> {
  const pieces: ReachedPiece[] = []
  const links: string[] = []
  const options: Record<string, string> = {}
  const wide: string[] = []
  const texts = new Map<string, string>()
  const inOrder = [...slice.pieces].toSorted(([a], [b]) => (place(a.path) < place(b.path) ? -1 : 1))
  for (const [module, own] of inOrder) {
    const name = place(module.path)
    for (const { names, digest, start, end } of own) pieces.push({ module: name, names, digest, start, end })
    for (const link of slice.links.get(module) ?? []) links.push(`${name}: ${link}`)
    texts.set(name, module.text)
    if (module.pieces.isWhole && !name.endsWith('.json')) wide.push(name)
    const given =
      !module.isNative && own.some(({ compiled }) => compiled)
        ? await compilerOptions(module.source)
        : undefined
    if (given !== undefined) options[name] = given
  }
  return { pieces, links: links.toSorted(), options, wide, texts }
}
