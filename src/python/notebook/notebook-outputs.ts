import { PipewrightError } from '../../internal/error.ts'
import type { PythonStep } from '../../define/python-step.ts'
import { optionalNames } from '../../define/spec.ts'

/** Refuses the outputs of a notebook that lack a variable: only its step tells which ones may. */
export function checkVariables(step: PythonStep, returned: Readonly<Record<string, unknown>>): void {
  const optional = optionalNames(step.outputs)
  for (const name of Object.keys(step.outputs)) {
    if (name in returned || optional.has(name)) continue
    throw new PipewrightError(
      'OUTPUT_INVALID',
      `the notebook sets no variable '${name}', which is an output of the step`,
      { fix: `give ${name} a value in one of its cells, or take the output out` },
    )
  }
}
