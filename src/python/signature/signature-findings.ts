import { didYouMean } from '../../internal/nearest.ts'
import { own } from '../../internal/own.ts'
import { projectPath } from '../../internal/project-path.ts'
import { isPythonStep, type PythonStep } from '../../define/python-step.ts'
import { optionalNames } from '../../define/spec.ts'
import type { AnyStep } from '../../define/step.ts'
import type { Finding } from '../../plan/check.ts'
import type { InputDeclaration, Plan } from '../../plan/document.ts'
import {
  dictText,
  instanceIn,
  instanceText,
  isInstance,
  isNoRecord,
  makingText,
  mayBeMissing,
  refusedIn,
  returnedRecord,
} from './plain-data.ts'
import { resolvePython, type PythonSettings } from '../environment/python-environment.ts'
import { pythonText } from './python-text.ts'
import { pythonEntry } from '../python-workers.ts'
import { returnedMisfit } from './returned-fit.ts'
import { moduleSignatures, notThere, type ModuleSignatures, type PythonSignature } from './signature.ts'
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
      const { function: name } = code
      // The parameters of a notebook are looked at elsewhere.
      if (name === undefined) return []
      let answer: ModuleSignatures
      try {
        const interpreter = await resolvePython(code.python, settings)
        answer = await moduleSignatures(interpreter, pythonEntry(code, root), [name], root)
      } catch {
        // Why Python cannot be started is why the step is not cached, which is another finding.
        return []
      }
      const absent = absence(answer, step, root)
      if (absent !== undefined) return [absent]
      const signature = answer.problem === undefined ? own(answer.functions, name) : undefined
      if (signature === undefined) return []
      const place = `${name} (${projectPath(root, signature.file)}:${signature.line})`
      const { inputs } = plan.steps[key]!
      return [...inputProblems(signature, inputs), ...outputProblems(signature, step)].map(
        ([problem, fix]): Finding => ({
          level: 'warning',
          subject: step.name,
          message: `${place} ${problem}`,
          fix,
        }),
      )
    }),
  )
  return found.flat()
}

/** That there is no such script or function. A module without a text may be a compiled one. */
function absence(
  answer: ModuleSignatures,
  { name: subject, python: { script, function: name } }: PythonStep,
  root: string,
): Finding | undefined {
  if (answer.problem === 'absent' && script !== undefined)
    return {
      level: 'warning',
      subject,
      message: `the script ${script} is not there`,
      fix: 'give its path relative to the project',
    }
  if (answer.problem !== undefined || answer.unread[name!] !== notThere) return undefined
  const message = `${projectPath(root, answer.file)} has no function '${name}'`
  return { level: 'warning', subject, message, fix: didYouMean(name!, answer.names) }
}

/** What is wrong, and what to do about it. */
type Problem = readonly [problem: string, fix: string]

function* inputProblems(
  { parameters, positional, rest, validated }: PythonSignature,
  inputs: Readonly<Record<string, InputDeclaration>>,
): Iterable<Problem> {
  const byName = new Map(parameters.map((one) => [one.name, one]))
  for (const one of positional)
    yield [
      `takes '${one}' by its place only, and inputs are given by name`,
      "take the '/' out of its parameters",
    ]
  for (const [input, declared] of Object.entries(inputs)) {
    const parameter = byName.get(input)
    if (parameter === undefined) {
      if (!rest && !positional.includes(input))
        yield [`has no parameter '${input}', which the step has as an input`, 'add it, or take the input out']
      continue
    }
    // What is made of a value is not told.
    if (validated === true) continue
    const reason = misfit(parameter, declared)
    const instance = instanceIn(parameter)
    if (reason !== undefined)
      yield [`does not fit input '${input}': ${reason}`, 'correct the annotation, or the schema of the input']
    else if (instance !== undefined)
      yield [
        `takes ${instanceText(instance)} in '${input}', and plain data arrives`,
        `annotate plain data (a TypedDict, Literal), and make it in the function: ${makingText(instance, input)}; or let pydantic.validate_call do so`,
      ]
  }
  for (const { name, required } of parameters)
    if (required && own(inputs, name) === undefined)
      yield [`needs '${name}', which is no input of the step`, 'declare it as an input, or give it a default']
}

function* outputProblems({ returns, wrapped }: PythonSignature, { outputs }: PythonStep): Iterable<Problem> {
  // What it returns may be another thing behind its decorator.
  if (wrapped === true) return
  const names = Object.keys(outputs)
  if (isNoRecord(returns) && (returns.type !== 'none' || names.length > 0))
    yield [
      `returns ${pythonText(returns)}, and a step's function returns a dict of its outputs`,
      `return {${names.map((name) => `'${name}': …`).join(', ')}}`,
    ]
  const record = returnedRecord(returns)
  if (record === undefined) return
  if (isInstance(record))
    yield [
      `returns ${instanceText(record)}, and a step's function returns a dict of its outputs`,
      `return ${dictText(record, 'result')}, and annotate a TypedDict`,
    ]
  const optional = optionalNames(outputs)
  for (const [name, kind] of Object.entries(outputs)) {
    const field = own(record.fields, name)
    if (field === undefined) {
      if (!optional.has(name))
        yield [`returns no '${name}', which the step has as an output`, 'return it, or take the output out']
      continue
    }
    const reason =
      mayBeMissing(record, field) && !optional.has(name) ? 'it may not be there' : returnedMisfit(field, kind)
    const refused = isInstance(record) ? undefined : refusedIn(field)
    if (reason === undefined && refused !== undefined)
      yield [
        `returns ${instanceText(refused)} in '${name}', which JSON cannot hold`,
        `return ${dictText(refused, 'value')}`,
      ]
    if (reason !== undefined)
      yield [
        `does not fit output '${name}': ${reason}`,
        'correct the annotation, or the declaration of the output',
      ]
  }
  for (const key of Object.keys(record.fields))
    if (own(outputs, key) === undefined)
      yield [`returns '${key}', which is no output of the step`, 'declare it as an output, or leave it out']
}
