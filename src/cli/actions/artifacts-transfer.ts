import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { artifactNamed, type ArtifactArguments } from './artifact-named.ts'

/** What `pipewright artifacts export` is given. */
export interface ExportArguments extends ArtifactArguments {
  readonly output: string
}

/** `pipewright artifacts export`. */
export async function exportCommand(text: string | undefined, options: ExportArguments): Promise<void> {
  const { run, output, json = false } = options
  await using pw = await openExisting()
  if (text !== undefined) {
    const artifact = await artifactNamed(pw, text, run)
    await pw.exportArtifact(artifact, output)
    if (json) return printJson({ path: output, artifact })
    print(`${artifact.kind} ${artifact.digest.slice(7, 19)} written to ${output}`)
    return printNext(`pipewright why ${artifact.digest.slice(7, 19)}`)
  }
  const report = await pw.exportRun(await runNamed(pw, run), output)
  if (json) return printJson({ path: output, ...report })
  print(
    `run ${report.run} of ${report.pipeline} written to ${output}: ${report.events} events, ${report.blobs} values`,
  )
  if (report.missing.length > 0) print(`${report.missing.length} values were gone before, and are not in it`)
  await printNext(`pipewright artifacts import ${output} in another workspace`)
}

/** `pipewright artifacts import`. */
export async function importCommand(
  folder: string,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  await using pw = await openWorkspace()
  const report = await pw.importRun(folder)
  if (json) return printJson(report)
  print(
    report.known
      ? `run ${report.run} of ${report.pipeline} is here already: nothing was changed`
      : `run ${report.run} of ${report.pipeline} taken in: ${report.events} events, ${report.blobs} values`,
  )
  await printNext(`pipewright show ${report.run}`)
}
