import { join } from 'node:path'
import type { PythonEnvironment } from '../define/python-step.ts'
import { findInterpreter, interpreterOfVenv, type Interpreter } from './interpreter.ts'
import { requirementsEnvironment } from './requirements.ts'

/** What finding the Python of a step takes. */
export interface PythonSettings {
  /** The folder of the project. */
  readonly root: string
  /** That of the settings. Default `python3`. */
  readonly python?: PythonEnvironment | undefined
}

/** The interpreter of an environment; one that is made of requirements is made where it is not there. */
export async function resolvePython(
  environment: PythonEnvironment | undefined,
  { root, python = 'python3' }: PythonSettings,
  making: { readonly signal?: AbortSignal; readonly onLine?: (line: string) => void } = {},
): Promise<Interpreter> {
  const wanted = environment ?? python
  if (typeof wanted === 'string') return findInterpreter(wanted, root)
  if ('venv' in wanted) return interpreterOfVenv(wanted.venv, root)
  if (!('requirements' in wanted)) return findInterpreter(wanted.interpreter, root)
  const { requirements, interpreter = 'python3' } = wanted
  return requirementsEnvironment({
    requirements,
    interpreter,
    root,
    folder: join(root, '.pipewright', 'python'),
    ...making,
  })
}
