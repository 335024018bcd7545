import type { AnyPipeline } from '../define/runnable.ts'
import { render } from '../plan/render.ts'
import { renderPreview } from '../lineage/render-preview.ts'
import { printableLines } from '../ui/text.ts'
import { findPipeline } from '../workspace/find-pipeline.ts'
import { openWorkspace, readSettings } from '../workspace/open.ts'
import { readInputs } from './inputs.ts'

interface PlanArguments {
  readonly inputs?: string
  readonly explain?: true
}

/** `pipewright plan`. */
export async function planCommand(address: string, options: PlanArguments): Promise<void> {
  const inputs = await readInputs(options.inputs)
  const { settings, root } = await readSettings({}, process.cwd())
  const pipeline: AnyPipeline = await findPipeline(address, settings, root, process.cwd())
  await using pw = await openWorkspace()
  const text =
    options.explain === true
      ? renderPreview(await pw.preview(pipeline, inputs as never))
      : render(await pw.plan(pipeline, inputs as never))
  process.stdout.write(`${printableLines(text)}\n`)
  process.stdout.write(
    options.explain === true
      ? `next: pipewright run ${address}\n`
      : `next: pipewright plan ${address} --explain\n`,
  )
}
