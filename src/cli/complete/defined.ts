import { compilePipeline } from '../../plan/plan.ts'
import { walkPlan } from '../../plan/select.ts'
import { inputText } from '../../ui/type-text.ts'
import { readSettings } from '../../workspace/open.ts'
import { openProject } from '../project.ts'
import type { Candidate } from './candidate.ts'

/** The pipelines that the settings name. */
export async function pipelines(): Promise<Candidate[]> {
  const { settings } = await readSettings({}, process.cwd())
  return Object.entries(settings.pipelines ?? {}).map(([value, about]) => ({ value, about }))
}

/** The inputs of a pipeline, as `-i` takes them. */
export async function inputsOf(address: string | undefined): Promise<Candidate[]> {
  const { inputs } = compilePipeline((await openProject(address)).pipeline).structure
  return Object.entries(inputs).map(([name, input]) => ({ value: `${name}=`, about: inputText(input) }))
}

/** The nodes of a pipeline, as a selection takes them. */
export async function nodesOf(address: string | undefined): Promise<Candidate[]> {
  const { structure } = compilePipeline((await openProject(address)).pipeline)
  return [...walkPlan(structure.scope)].map(({ path, node }) => ({ value: path, about: node.type }))
}
