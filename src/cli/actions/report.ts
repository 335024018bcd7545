import { stat } from 'node:fs/promises'
import { relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { writeReport } from '../../report-page/report.ts'
import { printable, sizeText } from '../../ui/text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'

interface ReportArguments {
  readonly output?: string
  readonly compare?: string
  readonly json?: boolean
}

/** `pipewright report`. */
export async function reportCommand(
  given: string | undefined,
  { output, compare, json = false }: ReportArguments,
): Promise<void> {
  await using pw = await openExisting()
  const { id, pipeline, state } = await pw.show(await runNamed(pw, given))
  const path = await writeReport(
    pw,
    id,
    output ?? `${pipeline.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-')}-${id}.html`,
    compare === undefined ? {} : { compareWith: await runNamed(pw, compare) },
  )
  const { size } = await stat(path)
  if (json) return printJson({ run: id, path, size })
  const place = printable(relative('', path) || path)
  print(`report of ${printable(pipeline)}, run ${id} (${state}): ${place}, ${sizeText(size)}`)
  await printNext(`open ${pathToFileURL(path).href} in a browser`)
}
