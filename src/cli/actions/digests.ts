import { writeFile } from 'node:fs/promises'
import { printable } from '../../ui/text.ts'
import { openWorkspace } from '../../workspace/open.ts'
import { print, printJson, printNext } from '../output.ts'
import { openProject } from '../project.ts'
import { showingEnvironments } from '../views/environment-view.ts'

/** `pipewright digests`. */
export async function digestsCommand(
  address: string,
  { built, json = false }: { readonly built: string; readonly json?: boolean },
): Promise<void> {
  const { pipeline } = await openProject(address)
  await using pw = await openWorkspace()
  const { file, content, without } = await showingEnvironments(pw, { json }, () =>
    pw.digests(pipeline, built),
  )
  await writeFile(file, `${JSON.stringify(content, null, 2)}\n`)
  if (json) return printJson({ file, ...content, without })
  for (const [name, { digest }] of Object.entries(content.steps))
    print(`${printable(name)}: ${digest.slice(0, 19)}…`)
  for (const [name, reason] of Object.entries(without))
    print(`${printable(name)}: none: ${printable(reason)}`)
  print(`written to ${file}`)
  await printNext(`ship it beside ${built}`)
}
