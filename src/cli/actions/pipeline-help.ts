import { compilePipeline } from '../../plan/plan.ts'
import type { InputDeclaration } from '../../plan/document.ts'
import { pipelineHelp } from '../../ui/pipeline-help.ts'
import { inputText } from '../../ui/type-text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'

/** The inputs of a pipeline, for programs that ask for them. */
function inputDocuments(inputs: Readonly<Record<string, InputDeclaration>>): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, declaration]) => {
      const { kind, optional = false, schema = null, mediaType } = declaration
      const media = mediaType === undefined ? {} : { mediaType }
      return [name, { kind, type: inputText(declaration), required: !optional, schema, ...media }]
    }),
  )
}

/** `pipewright run <pipeline> --help`. */
export async function pipelineHelpCommand(
  given: string,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  const { pipeline, address } = await openProject(given)
  const { name, description } = pipeline
  const { inputs } = compilePipeline(pipeline).structure
  if (json)
    return printJson({ pipeline: name, description: description ?? null, inputs: inputDocuments(inputs) })
  const columns = process.stdout.columns ?? 80
  print(pipelineHelp({ name, description, inputs, address, columns }), '')
  await printNext(`pipewright plan ${address}`, 'pipewright run --help for all options')
}
