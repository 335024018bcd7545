import { renderExplanation } from '../../lineage/render-explain.ts'
import { unfinishedNodes } from '../../lineage/unfinished.ts'
import { printableLines } from '../../ui/text.ts'
import { unfinishedLines } from '../../ui/unfinished-text.ts'
import { print, printJson, printNext } from '../output.ts'
import { shellWord } from '../shell-word.ts'
import { openExisting, runNamed } from '../project.ts'

/** More steps than this are counted. */
const mostNodes = 50

/** `pipewright explain`. */
export async function explainCommand(
  given: string | undefined,
  node: string | undefined,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, given))
  const unfinished = unfinishedNodes(detail, await pw.planOf(detail.id)).filter(
    (one) => node === undefined || one.node === node,
  )
  const finished = detail.executions.flatMap((one) =>
    one.step === null || one.state !== 'succeeded' ? [] : [one.node],
  )
  const nodes = node === undefined ? finished : unfinished.length > 0 ? [] : [node]
  if (json) {
    const explanations = []
    for (const one of nodes) explanations.push(await pw.explain(detail.id, one))
    return printJson({ run: detail.id, explanations, unfinished })
  }
  for (const one of nodes.slice(0, mostNodes))
    print(printableLines(renderExplanation(await pw.explain(detail, one))))
  if (nodes.length > mostNodes) print(`… and ${nodes.length - mostNodes} more`)
  for (const one of unfinished.slice(0, mostNodes)) print(...unfinishedLines(one))
  if (unfinished.length > mostNodes) print(`… and ${unfinished.length - mostNodes} more that gave nothing`)
  const failed = unfinished.find(({ state, step }) => state === 'failed' && step !== null)
  await printNext(
    failed !== undefined
      ? `pipewright show ${detail.id} ${shellWord(failed.node)}`
      : node === undefined && nodes.length > 1
        ? `pipewright explain ${detail.id} ${shellWord(nodes[0]!)}`
        : `pipewright show ${detail.id}`,
  )
}
