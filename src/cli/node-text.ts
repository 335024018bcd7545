import type { ExecutionRecord } from '../record/records.ts'
import { endText, usageText } from '../ui/attempt-text.ts'
import { tableText } from '../ui/table-text.ts'
import { durationText, numberText, printable, printableLines } from '../ui/text.ts'
import type { Workspace } from '../workspace/workspace.ts'
import { valueText } from './value-text.ts'

function took({ startedAt, finishedAt }: Pick<ExecutionRecord, 'startedAt' | 'finishedAt'>): string {
  return finishedAt === null ? 'not over' : durationText(finishedAt - startedAt)
}

function indented(text: string): string[] {
  return printableLines(text)
    .split('\n')
    .map((line) => `  ${line}`)
}

type AttemptRecord = ExecutionRecord['attempts'][number]

/** A try with its whole stack, and what it had reported when it failed. */
function attemptLines({ number, end, error, facts, usage, ...times }: AttemptRecord): string[] {
  const used = usage === undefined ? '' : ` · ${usageText(usage)}`
  const lines = [`attempt ${number}: ${endText({ end, error })}, ${took(times)}${used}`]
  for (let one = error ?? undefined; one !== undefined; one = one.cause)
    lines.push(
      ...indented(`${one === error ? '' : 'caused by '}${one.stack ?? `${one.name}: ${one.message}`}`),
    )
  return facts === undefined ? lines : [...lines, ...reportedLines(facts).map((line) => `  ${line}`)]
}

function reportedLines({ params, metrics }: Pick<ExecutionRecord, 'params' | 'metrics'>): string[] {
  const lines = Object.entries(params).map(([name, value]) =>
    printable(`parameter ${name}: ${JSON.stringify(value)}`),
  )
  const rows = Object.entries(metrics).map(([name, { last, min, max, count }]) => [
    printable(name),
    ...[last, min, max].map(numberText),
    String(count),
  ])
  if (rows.length > 0)
    lines.push(
      ...tableText(['metric', 'last', 'min', 'max', 'points'], rows, {
        columns: process.stdout.columns,
      }).split('\n'),
    )
  return lines
}

/** All that is known of one node of a run. */
export async function nodeLines(pw: Workspace, execution: ExecutionRecord): Promise<string[]> {
  const { node, step, state, reused, inputs, outputs, key, code, uncached, error, blockedBy } = execution
  const by = blockedBy === undefined ? '' : ` by ${blockedBy}`
  const lines = [printable(`${node}  ${step ?? 'no step'}  ${state}${by}, ${took(execution)}`)]
  if (reused !== null) lines.push(printable(`reused from run ${reused.run}, node ${reused.node}`))
  if (key !== null) lines.push(`cache key ${key}`)
  if (code !== null) lines.push(`code ${code}`)
  if (uncached !== null) lines.push(printable(`not cached: ${uncached}`))
  for (const [name, value] of Object.entries(inputs))
    lines.push(`input ${printable(name)}: ${await valueText(pw, value)}`)
  for (const [name, value] of Object.entries(outputs))
    lines.push(`output ${printable(name)}: ${await valueText(pw, value)}`)
  lines.push(...reportedLines(execution))
  for (const attempt of execution.attempts) lines.push(...attemptLines(attempt))
  // What was wrong before a try, or with what it holds, is in no try.
  if (error !== null && !execution.attempts.some((one) => one.error !== null))
    lines.push(...indented(error.stack ?? error.message))
  return lines
}
