import { writeFile } from 'node:fs/promises'
import type { AnyPipeline } from '../define/runnable.ts'
import { printable } from '../ui/text.ts'
import { findPipeline } from '../workspace/find-pipeline.ts'
import { openWorkspace, readSettings } from '../workspace/open.ts'

/** `pipewright digests`. */
export async function digestsCommand(address: string, { built }: { readonly built: string }): Promise<void> {
  const { settings, root } = await readSettings({}, process.cwd())
  const pipeline: AnyPipeline = await findPipeline(address, settings, root, process.cwd())
  await using pw = await openWorkspace()
  const { file, content, without } = await pw.digests(pipeline, built)
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  for (const [name, { digest }] of Object.entries(content.steps))
    process.stdout.write(`${printable(name)}: ${digest.slice(0, 19)}…\n`)
  for (const [name, reason] of Object.entries(without))
    process.stdout.write(`${printable(name)}: none: ${printable(reason)}\n`)
  process.stdout.write(`written to ${file}\nnext: ship it beside ${built}\n`)
}
