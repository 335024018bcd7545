import { compilePipeline } from '../../plan/plan.ts'
import { render } from '../../plan/render.ts'
import { printableLines } from '../../ui/text.ts'
import { graphDocument } from '../graph-document.ts'
import { wordOf } from '../option-values.ts'
import { graphFormats } from '../option-words.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'

/** `pipewright graph`. */
export async function graphCommand(
  given: string | undefined,
  { format, json = false }: { readonly format: string; readonly json?: boolean },
): Promise<void> {
  const form = wordOf('--format', format, 'not a form of a graph', graphFormats)
  const { pipeline, address } = await openProject(given)
  const { structure } = compilePipeline(pipeline)
  const plan = { ...structure, given: {} }
  if (json || form === 'json') return printJson(graphDocument(plan))
  print(printableLines(render(plan, form)))
  // What is piped into a tool is nothing but the graph.
  if (form === 'tree')
    await printNext(`pipewright run ${address} --help`, `pipewright graph ${address} --format mermaid`)
}
