import { compilePipeline } from '../../plan/plan.ts'
import { pipelineHelp } from '../../ui/pipeline-help.ts'
import { print, printNext } from '../output.ts'
import { openProject } from '../project.ts'

/** `pipewright run <pipeline> --help`. */
export async function pipelineHelpCommand(given: string): Promise<void> {
  const { pipeline, address } = await openProject(given)
  const { name, description } = pipeline
  const { inputs } = compilePipeline(pipeline).structure
  const columns = process.stdout.columns ?? 80
  print(pipelineHelp({ name, description, inputs, address, columns }), '')
  await printNext(`pipewright plan ${address}`, 'pipewright run --help for all options')
}
