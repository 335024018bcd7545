import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { compilePipeline } from '../../plan/plan.ts'
import { render, type RenderFormat } from '../../plan/render.ts'
import { printableLines } from '../../ui/text.ts'
import { graphDocument } from '../graph-document.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'

const formats = ['tree', 'mermaid', 'dot', 'json']

/** `pipewright graph`. */
export async function graphCommand(
  given: string | undefined,
  { format, json = false }: { readonly format: string; readonly json?: boolean },
): Promise<void> {
  if (!formats.includes(format)) {
    throw new PipewrightError('CONFIG_INVALID', `--format ${format} is not a form of a graph`, {
      fix: didYouMean(format, formats),
    })
  }
  const { pipeline, address } = await openProject(given)
  const { structure } = compilePipeline(pipeline)
  const plan = { ...structure, given: {} }
  if (json || format === 'json') return printJson(graphDocument(plan))
  print(printableLines(render(plan, format as RenderFormat)))
  // What is piped into a tool is nothing but the graph.
  if (format === 'tree')
    await printNext(`pipewright run ${address} --help`, `pipewright graph ${address} --format mermaid`)
}
