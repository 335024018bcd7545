import { renderExplanation } from '../../lineage/render-explain.ts'
import { printableLines } from '../../ui/text.ts'
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
  const nodes =
    node === undefined
      ? detail.executions.flatMap((one) => (one.step === null || one.state !== 'succeeded' ? [] : [one.node]))
      : [node]
  if (json) {
    const explanations = []
    for (const one of nodes) explanations.push(await pw.explain(detail.id, one))
    return printJson({ run: detail.id, explanations })
  }
  for (const one of nodes.slice(0, mostNodes))
    print(printableLines(renderExplanation(await pw.explain(detail.id, one))))
  if (nodes.length > mostNodes) print(`… and ${nodes.length - mostNodes} more`)
  await printNext(
    node === undefined && nodes.length > 1
      ? `pipewright explain ${detail.id} ${shellWord(nodes[0]!)}`
      : `pipewright show ${detail.id}`,
  )
}
