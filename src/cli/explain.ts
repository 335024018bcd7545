import { renderExplanation } from '../lineage/render-explain.ts'
import { printableLines } from '../ui/text.ts'
import { openWorkspace } from '../workspace/open.ts'

/** More steps than this are counted. */
const mostNodes = 50

/** `pipewright explain`. */
export async function explainCommand(run: string, node: string | undefined): Promise<void> {
  await using pw = await openWorkspace()
  const detail = await pw.show(run)
  const nodes =
    node === undefined
      ? detail.executions.flatMap((one) => (one.step === null || one.state !== 'succeeded' ? [] : [one.node]))
      : [node]
  for (const one of nodes.slice(0, mostNodes))
    process.stdout.write(`${printableLines(renderExplanation(await pw.explain(detail.id, one)))}\n`)
  if (nodes.length > mostNodes) process.stdout.write(`… and ${nodes.length - mostNodes} more\n`)
  process.stdout.write(`next: pipewright explain ${detail.id} <node>\n`)
}
