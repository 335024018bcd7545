import { isPythonStep, type PythonEnvironment } from '../../define/python-step.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { compilePipeline } from '../../plan/plan.ts'
import { findPython } from '../../python/environment/python-environment.ts'
import { printable } from '../../ui/text.ts'
import type { Settings } from '../../workspace/settings.ts'
import { failed, ok, type DoctorFinding } from './finding.ts'

/** The environments that the settings and the Python steps of pipelines name, each once. */
function namedBy(
  pipelines: readonly AnyPipeline[],
  usual: PythonEnvironment | undefined,
): PythonEnvironment[] {
  const named = new Map<string, PythonEnvironment>()
  const add = (one: PythonEnvironment): void => void named.set(JSON.stringify(one), one)
  if (usual !== undefined) add(usual)
  for (const pipeline of pipelines)
    for (const step of compilePipeline(pipeline).compiler.keys.keys())
      if (isPythonStep(step)) add(step.python.python ?? usual ?? 'python3')
  return [...named.values()]
}

function textOf(environment: PythonEnvironment): string {
  if (typeof environment === 'string') return environment
  if ('requirements' in environment) return environment.requirements
  return 'venv' in environment ? environment.venv : environment.interpreter
}

/** Whether the Pythons of the settings and of pipelines can be started; none is made for it. */
export function checkPython(
  pipelines: readonly AnyPipeline[],
  { python }: Settings,
  root: string,
): Promise<DoctorFinding[]> {
  return Promise.all(
    namedBy(pipelines, python).map(async (environment) => {
      const text = printable(textOf(environment))
      try {
        const found = await findPython(environment, root)
        if (found === undefined) return ok('python', `${text}: no environment yet: the first run makes it`)
        return ok('python', `${text}: Python ${found.version} (${printable(found.executable)})`)
      } catch (error) {
        return failed('python', error)
      }
    }),
  )
}
