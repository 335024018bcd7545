import { projectPath } from '../../internal/project-path.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { isPythonStep } from '../../define/python-step.ts'
import type { AnyStep } from '../../define/step.ts'
import type { Finding } from '../../plan/check.ts'
import type { Plan } from '../../plan/document.ts'
import { askPython } from '../ask-python.ts'
import { resolvePython, type PythonSettings } from '../environment/python-environment.ts'
import { pythonEntry } from '../python-workers.ts'

/** What the text of a notebook tells: the names of its parameters, null without a cell of them; or why it is none. */
type NotebookAnswer =
  | { readonly parameters: readonly string[] | null }
  | { readonly problem: string; readonly fix: string }

/** Where the notebooks of Python steps have no parameter for what the steps give. */
export async function notebookFindings(
  plan: Pick<Plan, 'steps'>,
  steps: ReadonlyMap<string, AnyStep>,
  settings: PythonSettings,
): Promise<Finding[]> {
  const found = await Promise.all(
    [...steps].map(async ([key, step]): Promise<Finding[]> => {
      if (!isPythonStep(step)) return []
      const entry = pythonEntry(step.python, settings.root)
      if (entry.notebook === undefined) return []
      let answer: NotebookAnswer
      try {
        const interpreter = await resolvePython(step.python.python, settings)
        answer = (await askPython(
          'pipewright_cells.py',
          interpreter,
          { entry },
          settings.root,
        )) as NotebookAnswer
      } catch {
        // Why Python cannot be started is why the step is not cached, which is another finding.
        return []
      }
      const { name: subject, inputs } = plan.steps[key]!
      return findingsOf(projectPath(settings.root, entry.notebook), answer, Object.keys(inputs)).map(
        ({ message, fix }) => ({ level: 'warning', subject, message, fix }),
      )
    }),
  )
  return found.flat()
}

function findingsOf(
  notebook: string,
  answer: NotebookAnswer,
  inputs: readonly string[],
): { readonly message: string; readonly fix: string }[] {
  if ('problem' in answer) return [{ message: answer.problem, fix: answer.fix }]
  const { parameters } = answer
  if (parameters === null) {
    if (inputs.length === 0) return []
    const fix = `add a cell that gives defaults to ${inputs.join(', ')}, and tag it 'parameters'`
    return [{ message: `${notebook} has no cell with the tag 'parameters', and the step has inputs`, fix }]
  }
  return inputs
    .filter((name) => !parameters.includes(name))
    .map((name) => ({
      message: `the parameters of ${notebook} have no '${name}', which the step has as an input`,
      fix: didYouMean(name, parameters),
    }))
}
