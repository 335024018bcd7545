import { readFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { projectPath } from '../internal/project-path.ts'
import { stepCode, type CodeSettings, type ReachedPiece, type StepCode } from '../code/step-digest.ts'
import type { PythonStep } from '../define/python-step.ts'
import { fileLook } from '../worker/file-look.ts'
import { distributionsOf } from './distributions.ts'
import { resolvePython, type PythonSettings } from './python-environment.ts'
import { pythonEntry } from './python-workers.ts'
import { sourceFiles } from './source-files.ts'

/** How the code of Python steps is read. */
export type PythonCodeSettings = CodeSettings & PythonSettings

/** Looking at files again takes at most one part in so many of the time. */
const shareOfLooking = 10

/**
 * The code behind a Python step: its definition, all Python of the folders that its module may import from, the version
 * of Python, and those of all that is installed. An environment of requirements is made where it is not there: before it
 * is, nothing tells which versions it will have.
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
  { python: code }: PythonStep,
  definition: StepCode & { readonly cacheable: true },
  { root, python }: PythonCodeSettings,
): Promise<StepCode> {
  const interpreter = await resolvePython(code.python, { root, python })
  const { versions, folders } = await distributionsOf(interpreter, root)
  const entry = pythonEntry(code, root) as { readonly script?: string; readonly path: readonly string[] }
  const own = entry.script === undefined ? entry.path : [dirname(entry.script), ...entry.path]
  const paths = new Set<string>()
  for (const one of [...own, ...folders]) for (const path of await sourceFiles(one)) paths.add(path)
  const before = looksOf(paths)
  const pieces: ReachedPiece[] = []
  const texts = new Map(definition.texts)
  for (const path of [...paths].sort()) {
    const bytes = await readFile(path)
    const place = projectPath(root, path)
    const text = bytes.toString('utf8')
    pieces.push({ module: place, names: [], digest: sha256(bytes), start: 0, end: text.length })
    if (path.endsWith('.py')) texts.set(place, text)
  }
  const script = entry.script === undefined ? null : projectPath(root, entry.script)
  const digest = sha256(
    canonicalJson({
      definition: definition.digest,
      code: { module: code.module ?? null, script, function: code.function, path: code.path },
      files: pieces.map((one) => [one.module, one.digest]),
      python: interpreter.version,
      versions,
    }),
  )
  const packages: Record<string, string> = { ...definition.packages, python: interpreter.version }
  for (const [name, version] of Object.entries(versions)) packages[`${name} (Python)`] = version
  const changedFile = changes(before)
  return {
    ...definition,
    digest,
    pieces: [...definition.pieces, ...pieces],
    packages,
    wide: [
      ...definition.wide,
      ...own.map((one) => `the Python of ${projectPath(root, one) || 'the project'}`),
    ],
    texts,
    changedValue: () => definition.changedValue() ?? changedFile(),
  }
}

function looksOf(paths: Iterable<string>): Map<string, string> {
  return new Map([...paths].map((path) => [path, fileLook(path)]))
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
