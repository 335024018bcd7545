import type { RunDetail } from '../../record/records.ts'
import { paletteFor } from '../../ui/palette.ts'
import { runScreen } from '../../ui/run-screen.ts'
import { numberText, printable, tableText } from '../../ui/text.ts'
import { verificationLines } from '../../ui/verification-text.ts'
import { print, printJson, printNext } from '../output.ts'
import { openExisting, runNamed } from '../project.ts'
import { outputLines, valueText } from '../value-text.ts'

/** More metrics than this are left out. */
const mostMetrics = 200

function metricLines({ executions }: RunDetail): string[] {
  const rows = executions.flatMap(({ node, metrics }) =>
    Object.entries(metrics).map(([name, { last, min, max, count }]) => [
      printable(node),
      printable(name),
      ...[last, min, max].map(numberText),
      String(count),
    ]),
  )
  if (rows.length === 0) return []
  const head = ['node', 'metric', 'last', 'min', 'max', 'points']
  const left = rows.length - mostMetrics
  return ['', tableText(head, rows.slice(0, mostMetrics)), ...(left > 0 ? [`… and ${left} more`] : [])]
}

function environmentLines({ environment }: RunDetail): string[] {
  if (environment === null) return []
  const { git, node, platform, host } = environment
  const commit = git === null ? 'no git' : `${git.commit.slice(0, 10)}${git.dirty ? ' (dirty)' : ''}`
  return ['', `Node ${node} on ${platform}, host ${printable(host)}, ${commit}`]
}

/** `pipewright show`. */
export async function showCommand(
  given: string | undefined,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, given))
  if (json) return printJson(detail)
  const { columns } = process.stdout
  const palette = await paletteFor(process.stdout)
  print(runScreen(detail, await pw.planOf(detail.id), palette, columns))
  for (const [name, value] of Object.entries(detail.inputs))
    print(`input ${printable(name)}: ${await valueText(pw, value)}`)
  for (const line of await outputLines(pw, detail)) print(`output ${line}`)
  print(...verificationLines(detail.verification), ...metricLines(detail), ...environmentLines(detail))
  if (detail.error !== null) print(`error: ${printable(detail.error.message.split('\n')[0]!)}`)
  await printNext(
    detail.state === 'succeeded' ? `pipewright explain ${detail.id}` : `pipewright resume ${detail.id}`,
    `pipewright logs ${detail.id}`,
  )
}
