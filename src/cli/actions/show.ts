import { byteText } from '../../internal/byte-size.ts'
import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import { placeOf, unfinishedNodes } from '../../lineage/unfinished.ts'
import type { AttemptFacts } from '../../record/event.ts'
import type { RunDetail } from '../../record/records.ts'
import { paletteFor } from '../../ui/palette.ts'
import { runScreen } from '../../ui/run-screen.ts'
import { endText } from '../../ui/attempt-text.ts'
import { tableText } from '../../ui/table-text.ts'
import { durationText, numberText, printable } from '../../ui/text.ts'
import { placeText } from '../../ui/unfinished-text.ts'
import { verificationLines } from '../../ui/verification-text.ts'
import type { Workspace } from '../../workspace/workspace.ts'
import { print, printJson, printNext } from '../output.ts'
import { nodeLines } from '../node-text.ts'
import { openExisting, runNamed } from '../project.ts'
import { goOnCommand } from '../run-text.ts'
import { shellWord } from '../shell-word.ts'
import { outputLines, valueText } from '../value-text.ts'
import { waitCommands, waitLines } from '../wait-text.ts'

/** More metrics than this are left out. */
const mostMetrics = 200
/** More attempts than this are left out of what was used. */
const mostUsages = 20

function metricLines({ executions }: RunDetail): string[] {
  const rowsOf = (place: string, metrics: AttemptFacts['metrics']): string[][] =>
    Object.entries(metrics).map(([name, { last, min, max, count }]) => [
      printable(place),
      printable(name),
      ...[last, min, max].map(numberText),
      String(count),
    ])
  const rows = executions.flatMap(({ node, metrics, attempts }) => [
    // What failed tries had reported.
    ...attempts.flatMap(({ number, facts }) => rowsOf(`${node} #${number}`, facts?.metrics ?? {})),
    ...rowsOf(node, metrics),
  ])
  if (rows.length === 0) return []
  const head = ['node', 'metric', 'last', 'min', 'max', 'points']
  const left = rows.length - mostMetrics
  return [
    '',
    tableText(head, rows.slice(0, mostMetrics), { columns: process.stdout.columns }),
    ...(left > 0 ? [`… and ${left} more`] : []),
  ]
}

/** What attempts used that did not run inline: those that took the most memory first. */
function usageLines({ executions }: RunDetail): string[] {
  const used = executions
    .flatMap(({ node, attempts }) =>
      attempts.flatMap(({ usage, ...attempt }) => (usage === undefined ? [] : [{ node, usage, ...attempt }])),
    )
    .toSorted((a, b) => (b.usage.memory ?? 0) - (a.usage.memory ?? 0))
  if (used.length === 0) return []
  const rows = used
    .slice(0, mostUsages)
    .map(({ node, number, usage: { runner, memory, cpu }, ...attempt }) => [
      printable(`${node} #${number}`),
      endText(attempt),
      runner,
      memory === undefined ? '' : byteText(memory),
      cpu === undefined ? '' : durationText(cpu),
    ])
  const left = used.length - rows.length
  const table = tableText(['attempt', 'end', 'ran in', 'most memory', 'CPU time'], rows, {
    columns: process.stdout.columns,
  })
  return ['', table, ...(left > 0 ? [`… and ${left} more that took less memory`] : [])]
}

function environmentLines({ environment }: RunDetail): string[] {
  if (environment === null) return []
  const { git, node, platform, host } = environment
  const commit = git === null ? 'no git' : `${git.commit.slice(0, 10)}${git.dirty ? ' (dirty)' : ''}`
  return ['', `Node ${node} on ${platform}, host ${printable(host)}, ${commit}`]
}

async function showNode(pw: Workspace, detail: RunDetail, node: string, json: boolean): Promise<void> {
  const { id, executions } = detail
  const execution = executions.find((one) => one.node === node)
  if (execution === undefined) {
    const unfinished = unfinishedNodes(detail, await pw.planOf(id)).find((one) => one.node === node)
    const why = unfinished === undefined ? '' : ` yet: ${unfinished.reason}`
    const paths = executions.map((one) => one.node)
    throw new PipewrightError('NODE_NOT_FOUND', `run ${id} has nothing at '${node}'${why}`, {
      fix: unfinished === undefined ? didYouMean(node, paths) : `see pipewright explain ${id}`,
      details: { run: id, node },
    })
  }
  if (json) return printJson(execution)
  print(...(await nodeLines(pw, execution)))
  const named = shellWord(node)
  await printNext(`pipewright logs ${id} ${named}`, `pipewright explain ${id} ${named}`)
}

/** `pipewright show`. */
export async function showCommand(
  given: string | undefined,
  node: string | undefined,
  { json = false }: { readonly json?: boolean },
): Promise<void> {
  await using pw = await openExisting()
  const detail = await pw.show(await runNamed(pw, given))
  if (node !== undefined) return await showNode(pw, detail, node, json)
  if (json) return printJson(detail)
  const { columns } = process.stdout
  const palette = await paletteFor(process.stdout)
  print(runScreen(detail, await pw.planOf(detail.id), palette, columns))
  for (const [name, value] of Object.entries(detail.inputs))
    print(`input ${printable(name)}: ${await valueText(pw, value)}`)
  const waits = await pw.waits(detail.id)
  print(...(await waitLines(pw, waits)))
  for (const line of await outputLines(pw, detail)) print(`output ${line}`)
  print(...verificationLines(detail.verification), ...metricLines(detail), ...usageLines(detail))
  print(...environmentLines(detail))
  if (detail.error !== null) {
    print(`error: ${printable(detail.error.message.split('\n')[0]!)}`)
    const place = placeOf(detail.error)
    if (place !== undefined) print(`  ${placeText(place)}`)
  }
  if (waits.length > 0) return printNext(...waitCommands(detail.id, waits))
  const failed = detail.executions.find(({ state, step }) => state === 'failed' && step !== null)
  await printNext(
    detail.state === 'succeeded' ? `pipewright explain ${detail.id}` : goOnCommand(detail),
    failed === undefined
      ? `pipewright logs ${detail.id}`
      : `pipewright show ${detail.id} ${shellWord(failed.node)} for the whole stack`,
  )
}
