import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import { programEnvironment } from '../internal/environment.ts'
import type { Interpreter } from './environment/interpreter.ts'
import type { PythonEntry } from './python-workers.ts'

/** Files of the package that read a project, and run nothing of it. */
export type PythonProgram =
  | 'pipewright_cells.py'
  | 'pipewright_closure.py'
  | 'pipewright_notebook_closure.py'
  | 'pipewright_signature.py'

/** What a file of the package says about code of a project; throws what Python has said where that is no JSON. */
export async function askPython(
  file: PythonProgram,
  { executable }: Interpreter,
  question: { readonly entry: PythonEntry },
  root: string,
): Promise<unknown> {
  const child = spawn(executable, [fileURLToPath(new URL(`../../python/${file}`, import.meta.url))], {
    cwd: root,
    // Nothing is written beside the files of the package, which may not be ours to write to.
    env: { ...programEnvironment([]), PYTHONUTF8: '1', PYTHONDONTWRITEBYTECODE: '1' },
  })
  // One that ends early says why on its error output.
  child.stdin.on('error', () => undefined).end(JSON.stringify(question))
  const ended = new Promise<void>((resolve) =>
    child.once('error', () => resolve()).once('close', () => resolve()),
  )
  const [output, problem] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  try {
    return JSON.parse(output) as unknown
  } catch (cause) {
    throw new Error(problem.trim().split('\n').at(-1) || `${executable} has given no answer`, { cause })
  }
}
