import { renderRun } from '../ui/run-tree.ts'
import { verificationLines } from '../ui/verification-text.ts'
import { durationText, numberText, printable, sizeText, tableText } from '../ui/text.ts'
import type { Value } from '../record/event.ts'
import type { RunDetail, RunQuery } from '../record/records.ts'
import { openWorkspace } from '../workspace/open.ts'
import type { Workspace } from '../workspace/workspace.ts'

async function valueText(pw: Workspace, value: Value): Promise<string> {
  if ('absent' in value) return '(skipped)'
  if ('value' in value) return JSON.stringify(value.value)
  if ('list' in value) return `${value.list.length} items`
  const { artifact, pick } = value
  if (
    (artifact.kind === 'json' || artifact.kind === 'metrics') &&
    artifact.size <= 2_000 &&
    pick === undefined
  ) {
    return Buffer.from(await pw.bytes(artifact)).toString('utf8')
  }
  return `${artifact.kind} ${artifact.digest.slice(0, 19)}… ${sizeText(artifact.size)}`
}

/** The outputs of a run, a line each. */
export async function outputLines(pw: Workspace, detail: RunDetail): Promise<string[]> {
  const lines: string[] = []
  for (const [name, value] of Object.entries(detail.outputs)) {
    const text = printable(
      await valueText(pw, value).catch((error: unknown) => `(${(error as Error).message.split('\n')[0]})`),
    )
    lines.push(`${printable(name)}: ${text.length > 200 ? `${text.slice(0, 200)}…` : text}`)
  }
  return lines
}

interface RunsArguments extends Omit<RunQuery, 'since' | 'orderBy'> {}

/** `pipewright runs`. */
export async function runsCommand(options: RunsArguments): Promise<void> {
  await using pw = await openWorkspace()
  const { items, next } = await pw.runs({ limit: 20, ...options })
  if (items.length === 0) {
    process.stdout.write(`no runs in ${pw.root}\nnext: pipewright run <file>\n`)
    return
  }
  const rows = items.map((run) => [
    run.id,
    printable(run.pipeline),
    run.state,
    new Date(run.startedAt).toISOString().replace('T', ' ').slice(0, 19),
    run.finishedAt === null ? '' : durationText(run.finishedAt - run.startedAt),
    printable(run.tags.join(' ')),
  ])
  process.stdout.write(`${tableText(['run', 'pipeline', 'state', 'started (UTC)', 'took', 'tags'], rows)}\n`)
  process.stdout.write(
    next === undefined ? 'next: pipewright show <run>\n' : `next: pipewright runs --after ${next}\n`,
  )
}

/** `pipewright show`. */
export async function showCommand(run: string): Promise<void> {
  await using pw = await openWorkspace()
  const detail = await pw.show(run)
  const out: string[] = [renderRun(detail, await pw.planOf(detail.id))]
  for (const [name, value] of Object.entries(detail.inputs))
    out.push(`input ${printable(name)}: ${printable(await valueText(pw, value))}`)
  for (const line of await outputLines(pw, detail)) out.push(`output ${line}`)
  out.push(...verificationLines(detail.verification))
  const metrics = detail.executions.flatMap(({ node, metrics: series }) =>
    Object.entries(series).map(([name, { last, min, max, count }]) => [
      printable(node),
      printable(name),
      ...[last, min, max].map(numberText),
      String(count),
    ]),
  )
  if (metrics.length > 0)
    out.push('', tableText(['node', 'metric', 'last', 'min', 'max', 'points'], metrics.slice(0, 200)))
  const { environment } = detail
  if (environment !== null) {
    const git =
      environment.git === null
        ? 'no git'
        : `${environment.git.commit.slice(0, 10)}${environment.git.dirty ? ' (dirty)' : ''}`
    out.push(
      '',
      `Node ${environment.node} on ${environment.platform}, host ${printable(environment.host)}, ${git}`,
    )
  }
  if (detail.error !== null) out.push(`error: ${printable(detail.error.message.split('\n')[0]!)}`)
  out.push(detail.state === 'succeeded' ? 'next: pipewright runs' : `next: pipewright resume ${detail.id}`)
  process.stdout.write(`${out.join('\n')}\n`)
}
