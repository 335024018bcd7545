import { join } from 'node:path'
import type { PythonEnvironment } from '../../define/python-step.ts'
import { environmentsIn } from './environment-folder.ts'
import type { EnvironmentProgress } from './environment-progress.ts'
import { findInterpreter, interpreterOfVenv, type Interpreter } from './interpreter.ts'
import { madeEnvironment, requirementsEnvironment, type EnvironmentRequest } from './requirements.ts'

/** What finding the Python of a step takes. */
export interface PythonSettings {
  /** The folder of the project. */
  readonly root: string
  /** That of the settings. Default `python3`. */
  readonly python?: PythonEnvironment | undefined
  /** Told while an environment is made. */
  readonly onEnvironment?: ((progress: EnvironmentProgress) => void) | undefined
}

/** The interpreter of an environment; one that is made of requirements is made where it is not there. */
export async function resolvePython(
  environment: PythonEnvironment | undefined,
  { root, python = 'python3', onEnvironment }: PythonSettings,
  signal?: AbortSignal,
): Promise<Interpreter> {
  const wanted = environment ?? python
  if (!isOfRequirements(wanted)) return existingPython(wanted, root)
  return requirementsEnvironment({ ...placeIn(root, wanted), signal, onProgress: onEnvironment })
}

/** The interpreter of an environment; undefined for one of requirements that is not made yet. */
export async function findPython(
  environment: PythonEnvironment,
  root: string,
): Promise<Interpreter | undefined> {
  if (!isOfRequirements(environment)) return existingPython(environment, root)
  return madeEnvironment(placeIn(root, environment))
}

type OfRequirements = Extract<PythonEnvironment, { readonly requirements: string }>

function isOfRequirements(environment: PythonEnvironment): environment is OfRequirements {
  return typeof environment === 'object' && 'requirements' in environment
}

function existingPython(
  environment: Exclude<PythonEnvironment, OfRequirements>,
  root: string,
): Promise<Interpreter> {
  if (typeof environment === 'string') return findInterpreter(environment, root)
  if ('venv' in environment) return interpreterOfVenv(environment.venv, root)
  return findInterpreter(environment.interpreter, root)
}

function placeIn(
  root: string,
  { requirements, interpreter = 'python3' }: OfRequirements,
): EnvironmentRequest {
  return { requirements, interpreter, root, folder: environmentsIn(join(root, '.pipewright')) }
}
