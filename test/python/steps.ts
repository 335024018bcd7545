import { fileURLToPath } from 'node:url'
import { definePythonStep, type PythonStepDefinition, type Specs } from 'pipewright'

const programs = fileURLToPath(new URL('programs/', import.meta.url))

/** A step of a function in one of the programs of these tests. */
export function pythonStep<const I extends Specs, const O extends Specs>(
  name: string,
  inputs: I,
  outputs: O,
  others: Partial<PythonStepDefinition<I, O>> = {},
): ReturnType<typeof definePythonStep<I, O>> {
  return definePythonStep({
    name: name.replaceAll('_', '-'),
    inputs,
    outputs,
    version: '1',
    module: 'plain',
    function: name,
    path: programs,
    ...others,
  } as PythonStepDefinition<I, O>)
}
