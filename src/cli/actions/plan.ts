import { renderPreview } from '../../lineage/render-preview.ts'
import { render } from '../../plan/render.ts'
import { select, type Selection } from '../../plan/select.ts'
import { printableLines } from '../../ui/text.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { givenInputs, type InputOptions } from '../inputs/given-inputs.ts'
import { print, printJson, printNext } from '../output.ts'
import { sameWords } from '../shell-word.ts'
import { openProject } from '../project.ts'
import { showingEnvironments } from '../views/environment-view.ts'
import { selectionOf } from './run-arguments.ts'

/** What `pipewright plan` is given. */
export interface PlanArguments extends InputOptions, Selection {
  readonly explain?: true
  readonly json?: boolean
}

/** `pipewright plan`. */
export async function planCommand(given: string | undefined, options: PlanArguments): Promise<void> {
  const { pipeline } = await openProject(given)
  const inputs = await givenInputs(pipeline, options)
  const selection = selectionOf(options)
  await using pw = await openWorkspace()
  if (options.explain === true) {
    const nodes = await showingEnvironments(pw, options, () =>
      pw.preview(pipeline, inputs as never, selection),
    )
    if (options.json === true) return printJson({ pipeline: pipeline.name, nodes })
    print(printableLines(renderPreview(nodes)))
    return printNext(sameWords('run', ['--explain']))
  }
  const plan = await showingEnvironments(pw, options, () => pw.plan(pipeline, inputs as never))
  if (options.json === true) return printJson(plan)
  print(printableLines(render(plan)))
  if (selection.select !== undefined)
    print(`would run: ${printableLines(select(plan, selection.select).join(', '))}`)
  await printNext(`${sameWords('plan', [])} --explain`)
}
