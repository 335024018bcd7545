import { readdir } from 'node:fs/promises'
import { basename, dirname, resolve } from 'node:path'
import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import { projectPath } from '../../internal/project-path.ts'
import type { PythonEnvironment } from '../../define/python-step.ts'
import type { Interpreter } from '../environment/interpreter.ts'
import { resolvePython, type PythonSettings } from '../environment/python-environment.ts'
import { pythonEntry } from '../python-workers.ts'
import { moduleSignatures, type ModuleSignatures, notThere } from '../signature/signature.ts'
import { nothingKept, type KeptOptions } from './kept-options.ts'
import type { StepEntry } from './step-source.ts'
import { stubOf, type SkippedFunction, type Stub } from './stub.ts'

/** What a stub is made of. */
export interface StubRequest {
  readonly entry: StepEntry
  /** None: all public functions that can be a step. */
  readonly functions: readonly string[]
  /** The command that writes it, as it stands in its first line. */
  readonly command: string
  /** What was added to the module that it replaces. */
  readonly kept?: KeptOptions
}

/**
 * Writes TypeScript that defines a step for each of some functions of a Python module or script, by their annotations.
 * Nothing of it is run. Throws `FUNCTION_NOT_FOUND`, `DEFINITION_INVALID` for what is no Python, `ENVIRONMENT_INVALID`.
 */
export async function pythonTypes(
  { entry, functions, command, kept = nothingKept }: StubRequest,
  { root, python }: PythonSettings,
): Promise<Stub> {
  const interpreter = await resolvePython(readingPython(python), { root })
  const asked = functions.length === 0 ? null : [...new Set(functions)]
  const code = { ...entry, function: '' }
  const what = entry.module ?? entry.script
  const found = await moduleSignatures(interpreter, pythonEntry(code, root), asked, root).catch(
    (cause: unknown) => {
      throw new PipewrightError('DEFINITION_INVALID', `${what} cannot be read: ${(cause as Error).message}`, {
        fix: 'look at the file; code that is nested too deeply cannot be read',
        details: { source: what },
        cause,
      })
    },
  )
  if (found.problem === 'absent') throw await absent(entry, root)
  if (found.problem === 'syntax') throw unparsed(found, interpreter, root)
  for (const name of functions) {
    const reason = own(found.unread, name)
    if (reason !== undefined) throw unread(what, name, reason, found.names)
  }
  const stub = stubOf(found.functions, entry, { command, kept, onlySteps: asked === null })
  const skipped = Object.entries(found.unread).map(([name, reason]) => ({ function: name, reason }))
  if (stub.steps.length > 0) return { ...stub, skipped: [...stub.skipped, ...skipped] }
  throw noneToWrite(what, [...stub.skipped, ...skipped])
}

/** Names and syntax are all that is read: no environment is made of requirements for that. */
function readingPython(python: PythonEnvironment | undefined): PythonEnvironment | undefined {
  return typeof python === 'object' && 'requirements' in python ? (python.interpreter ?? 'python3') : python
}

async function absent({ module, script, path }: StepEntry, root: string): Promise<PipewrightError> {
  if (module !== undefined)
    return new PipewrightError(
      'FUNCTION_NOT_FOUND',
      `there is no source of a Python module '${module}' in ${path.map((folder) => resolve(root, folder)).join(', ')}`,
      { fix: '--path names other folders to import from; a file is given by its path', details: { module } },
    )
  const file = resolve(root, script)
  const beside = await readdir(dirname(file)).catch(() => [])
  const names = beside.filter((name) => name.endsWith('.py')).toSorted()
  return new PipewrightError('FUNCTION_NOT_FOUND', `there is no Python script ${file}`, {
    fix: didYouMean(basename(file), names),
    details: { file },
  })
}

function unparsed(
  { file, line, message }: Extract<ModuleSignatures, { problem: 'syntax' }>,
  { version }: Interpreter,
  root: string,
): PipewrightError {
  const path = projectPath(root, file)
  return new PipewrightError(
    'DEFINITION_INVALID',
    `${path}:${line} cannot be parsed by Python ${version}: ${message}`,
    {
      fix: 'correct it; --python names another Python, if it is of a newer one',
      details: { file: path, line },
    },
  )
}

function unread(source: string, name: string, reason: string, names: readonly string[]): PipewrightError {
  const isThere = reason !== notThere
  return new PipewrightError(
    'FUNCTION_NOT_FOUND',
    isThere ? `'${name}' of ${source} ${reason}` : `${source} has no function '${name}'`,
    {
      fix: isThere ? 'write the step by hand: definePythonStep({ … })' : didYouMean(name, names),
      details: { source, function: name },
    },
  )
}

function noneToWrite(source: string, skipped: readonly SkippedFunction[]): PipewrightError {
  const lines = skipped.map(({ function: name, reason }) => `\n  ${name}: ${reason}`)
  return new PipewrightError(
    'FUNCTION_NOT_FOUND',
    `${source} has no public function that can be a step${lines.length === 0 ? '' : `:${lines.join('')}`}`,
    {
      fix: 'let a function return a dict of its outputs; one that is named is written whatever it returns',
      details: { source, skipped },
    },
  )
}
