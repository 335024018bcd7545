import { projectPath } from '../internal/project-path.ts'
import { isPythonStep } from '../define/python-step.ts'
import type { AnyStep } from '../define/step.ts'
import type { Finding } from '../plan/check.ts'
import type { Plan, StepDeclaration } from '../plan/document.ts'
import { resolvePython, type PythonSettings } from './python-environment.ts'
import { pythonEntry } from './python-workers.ts'
import { signatureOf, type PythonSignature } from './signature.ts'
import { misfit } from './type-fit.ts'

/** Where the functions of Python steps do not fit what the steps declare, as far as their texts tell. */
export async function signatureFindings(
  plan: Pick<Plan, 'steps'>,
  steps: ReadonlyMap<string, AnyStep>,
  settings: PythonSettings,
): Promise<Finding[]> {
  const found = await Promise.all(
    [...steps].map(async ([key, step]) => {
      if (!isPythonStep(step)) return []
      const { python: code } = step
      const { root } = settings
      let signature: PythonSignature | null
      try {
        const interpreter = await resolvePython(code.python, settings)
        signature = await signatureOf(
          interpreter,
          { entry: pythonEntry(code, root), function: code.function },
          root,
        )
      } catch {
        // Why Python cannot be started is why the step is not cached, which is another finding.
        return []
      }
      return signature === null ? [] : findingsOf(code.function, signature, plan.steps[key]!, root)
    }),
  )
  return found.flat()
}

function findingsOf(
  name: string,
  { file, line, parameters, positional, rest, returns }: PythonSignature,
  { name: subject, inputs, outputs }: StepDeclaration,
  root: string,
): Finding[] {
  const findings: Finding[] = []
  const say = (problem: string, fix: string): void => {
    const place = `${projectPath(root, file)}:${line}`
    findings.push({ level: 'warning', subject, message: `${name} (${place}) ${problem}`, fix })
  }
  const byName = new Map(parameters.map((one) => [one.name, one]))
  for (const one of positional)
    say(
      `takes '${one}' by its place only, and inputs are given by name`,
      "take the '/' out of its parameters",
    )
  for (const [input, declared] of Object.entries(inputs)) {
    const parameter = byName.get(input)
    if (parameter === undefined) {
      if (!rest && !positional.includes(input))
        say(`has no parameter '${input}', which the step has as an input`, 'add it, or take the input out')
      continue
    }
    const reason = misfit(parameter, declared)
    if (reason !== undefined)
      say(`does not fit input '${input}': ${reason}`, 'correct the annotation, or the schema of the input')
  }
  for (const { name: one, required } of parameters)
    if (required && inputs[one] === undefined)
      say(`needs '${one}', which is no input of the step`, 'declare it as an input, or give it a default')
  if (returns.type !== 'record') return findings
  for (const output of Object.keys(outputs))
    if (returns.fields[output] === undefined)
      say(`returns no '${output}', which the step has as an output`, 'return it, or take the output out')
  for (const key of Object.keys(returns.fields))
    if (outputs[key] === undefined)
      say(`returns '${key}', which is no output of the step`, 'declare it as an output, or leave it out')
  return findings
}
