import { renderWhy } from '../../lineage/render-why.ts'
import { printableLines } from '../../ui/text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting } from '../project.ts'
import { artifactNamed, type ArtifactArguments } from './artifact-named.ts'

/** `pipewright why`. */
export async function whyCommand(text: string, { run, json = false }: ArtifactArguments): Promise<void> {
  await using pw = await openExisting()
  const { digest } = await artifactNamed(pw, text, run)
  const story = await pw.why(digest)
  if (json) return printJson(story)
  print(printableLines(renderWhy(story)))
  await printNext(`pipewright artifacts show ${digest.slice(7, 19)}`)
}
