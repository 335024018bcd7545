import { renderWhy } from '../../lineage/render-why.ts'
import { printableLines } from '../../ui/text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'
import { placedArtifact, type ArtifactArguments } from './artifact-named.ts'

/** `pipewright why`. */
export async function whyCommand(text: string, { run, json = false }: ArtifactArguments): Promise<void> {
  await using pw = await openExisting()
  const { artifact, place } = await placedArtifact(pw, text, run)
  const { digest } = artifact
  const story = await pw.why(digest, place)
  if (json) return printJson(story)
  print(printableLines(renderWhy(story)))
  await printNext(`pipewright artifacts show ${digest.slice(7, 19)}`)
}
