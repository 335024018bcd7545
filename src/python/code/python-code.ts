import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Kind } from '../../artifact/kind.ts'
import { itemKind } from '../../artifact/list.ts'
import { canonicalJson } from '../../internal/canonical.ts'
import { sha256 } from '../../internal/digest.ts'
import { own } from '../../internal/own.ts'
import { PipewrightError } from '../../internal/error.ts'
import { projectPath } from '../../internal/project-path.ts'
import { stepCode, type CodeSettings, type ReachedPiece, type StepCode } from '../../code/step-digest.ts'
import type { PythonStep } from '../../define/python-step.ts'
import { fileLook } from '../../worker/file-look.ts'
import { closureOf, type ClosureAnswer, type PythonClosure } from './closure.ts'
import { distributionsOf, versionsOf } from './distributions.ts'
import { resolvePython, type PythonSettings } from '../environment/python-environment.ts'
import { pythonEntry } from '../python-workers.ts'
import { sourceFiles } from './source-files.ts'

/** How the code of Python steps is read. */
export type PythonCodeSettings = CodeSettings & PythonSettings

/** Looking at files again takes at most one part in so many of the time. */
const shareOfLooking = 10

/**
 * The code behind a Python step: its definition, what its function reaches in the Python of the project, the version of
 * Python, and those of the distributions that this imports. An environment of requirements is made where it is not there:
 * before it is, nothing tells which versions it will have.
 */
export async function pythonCode(step: PythonStep, settings: PythonCodeSettings): Promise<StepCode> {
  const { name, module, options } = step
  // Its own function is one of this package: only what stands in the module tells the definition.
  const definition = await stepCode({ name, module, version: options.version }, settings)
  if (!definition.cacheable || options.version !== undefined) return definition
  try {
    return await withPython(step, definition, settings)
  } catch (error) {
    const [line] = (error as Error).message.split('\n')
    const why = PipewrightError.isInstance(error) ? line : `its Python code cannot be read (${line})`
    return { cacheable: false, reason: `${why}: correct it, or give the step a \`version\`` }
  }
}

async function withPython(
  step: PythonStep,
  definition: StepCode & { readonly cacheable: true },
  settings: PythonCodeSettings,
): Promise<StepCode> {
  const { root } = settings
  const { python: code } = step
  const interpreter = await resolvePython(code.python, settings)
  const distributions = await distributionsOf(interpreter, root)
  const entry = pythonEntry(code, root)
  const file = entry.script ?? entry.notebook
  const folders = [...new Set(file === undefined ? entry.path : [dirname(file), ...entry.path])]
  const paths = new Set<string>()
  for (const one of [...folders, ...distributions.folders])
    for (const path of await sourceFiles(one)) paths.add(path)
  const sources = [...paths].toSorted()
  const looks = looksOf(entry.notebook === undefined ? sources : [...sources, entry.notebook])
  const question = { entry, function: code.function }
  // What was installed since may be what an import leads to.
  const seen = canonicalJson({ looks: Object.fromEntries(looks), versions: distributions.versions })
  const closure = await closureOf(interpreter, question, root, seen)
  const reached =
    'everything' in closure
      ? { ...(await everythingOf(closure, sources, root)), versions: distributions.versions, absent: [] }
      : {
          ...(await partsOf(closure, root)),
          versions: versionsOf([...closure.external, ...carriersOf(step), ...runnersOf(step)], distributions),
          absent: closure.absent,
        }
  const { pieces, versions, absent } = reached
  const version = interpreter.version.split('.').slice(0, 2).join('.')
  const script = entry.script === undefined ? null : projectPath(root, entry.script)
  const notebook = entry.notebook === undefined ? undefined : projectPath(root, entry.notebook)
  const digest = sha256(
    canonicalJson({
      definition: definition.digest,
      code:
        notebook === undefined
          ? { module: code.module ?? null, script, function: code.function, path: code.path }
          : { notebook, path: code.path },
      // Cells are named by their numbers, which are others when a cell is added that does nothing.
      pieces: pieces.map((one) => [one.module, one.module === notebook ? [] : one.names, one.digest]),
      order: 'everything' in closure ? null : closure.order.map((path) => projectPath(root, path)),
      python: version,
      versions,
      absent,
    }),
  )
  const packages: Record<string, string> = { ...definition.packages, python: version }
  for (const [name, installed] of Object.entries(versions)) packages[`${name} (Python)`] = installed
  const changedFile = changes('everything' in closure ? looks : looksOf(closure.files, looks))
  return {
    ...definition,
    digest,
    pieces: [...definition.pieces, ...pieces],
    packages,
    wide: [...definition.wide, ...wideOf(closure, folders, root)],
    texts: new Map([...definition.texts, ...reached.texts]),
    changedValue: () => definition.changedValue() ?? changedFile(),
  }
}

interface Parts {
  readonly pieces: readonly ReachedPiece[]
  readonly texts: ReadonlyMap<string, string>
}

/** All files, each as one piece. */
async function allOf(paths: Iterable<string>, root: string): Promise<Parts> {
  const pieces: ReachedPiece[] = []
  const texts = new Map<string, string>()
  for (const path of paths) {
    const bytes = await readFile(path)
    const place = projectPath(root, path)
    const text = bytes.toString('utf8')
    pieces.push({ module: place, names: [], digest: sha256(bytes), start: 0, end: text.length })
    if (path.endsWith('.py')) texts.set(place, text)
  }
  return { pieces, texts }
}

/** All files, and the cells of a notebook beside them. */
async function everythingOf(
  { pieces = [], documents = {} }: Extract<ClosureAnswer, { everything: string }>,
  sources: readonly string[],
  root: string,
): Promise<Parts> {
  const all = await allOf(sources, root)
  const cells = await partsOf({ pieces, documents, files: Object.keys(documents) }, root)
  return {
    pieces: [...all.pieces, ...cells.pieces],
    texts: new Map([...all.texts, ...cells.texts]),
  }
}

/** The pieces of a closure, at their places in the texts of their modules. */
async function partsOf(
  { pieces: found, files, documents = {} }: Pick<PythonClosure, 'pieces' | 'files' | 'documents'>,
  root: string,
): Promise<Parts> {
  const texts = new Map<string, string>()
  const lines = new Map<string, readonly number[]>()
  for (const path of files) {
    const text = own(documents, path) ?? (await readFile(path, 'utf8'))
    texts.set(projectPath(root, path), text)
    lines.set(path, [0, ...Array.from(text.matchAll(/\r\n|\r|\n/g), (end) => end.index + end[0].length)])
  }
  const pieces = found.map(({ file, names, digest, start, end }): ReachedPiece => {
    const module = projectPath(root, file)
    const starts = lines.get(file)
    const at = { start: 0, end: 0 }
    if (starts !== undefined && start > 0) {
      at.start = starts[start - 1] ?? 0
      at.end = starts[end] ?? texts.get(module)!.length
    }
    return { module, names, digest: `sha256:${digest}`, ...at }
  })
  return { pieces, texts }
}

/** What carries the tables of a step between the processes. */
function carriersOf(step: PythonStep): readonly string[] {
  const isTable = (kind: Kind<unknown, never>): boolean => {
    const item = itemKind(kind)
    return item === undefined ? kind.name === 'table' : isTable(item)
  }
  const kinds = [...Object.values(step.inputs), ...Object.values(step.outputs)]
  return kinds.some(isTable) ? ['pandas', 'polars', 'pyarrow'] : []
}

/** What runs a notebook, and draws what its cells show. */
function runnersOf(step: PythonStep): readonly string[] {
  return step.python.notebook === undefined ? [] : ['papermill', 'ipykernel']
}

function wideOf(closure: ClosureAnswer, own: readonly string[], root: string): string[] {
  if ('everything' in closure)
    return own.map(
      (one) => `the Python of ${projectPath(root, one) || 'the project'} (${closure.everything})`,
    )
  return Object.entries(closure.whole).map(([path, why]) => `${projectPath(root, path)} (${why})`)
}

function looksOf(paths: Iterable<string>, seen?: ReadonlyMap<string, string>): Map<string, string> {
  return new Map([...paths].map((path) => [path, seen?.get(path) ?? fileLook(path)]))
}

/** Tells which file is another one than when it was read: what a worker has loaded since is other code. */
function changes(before: ReadonlyMap<string, string>): () => string | undefined {
  let verdict: string | undefined
  let until = 0
  return () => {
    const startedAt = performance.now()
    if (verdict !== undefined || startedAt < until) return verdict
    verdict = [...before].find(([path, seen]) => fileLook(path) !== seen)?.[0]
    const endedAt = performance.now()
    until = endedAt + (endedAt - startedAt) * shareOfLooking
    return verdict
  }
}
