import { jsonText } from '../ui/json-text.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { Value } from '../record/event.ts'
import type { WaitingNode } from '../workspace/decisions.ts'
import type { Workspace } from '../workspace/workspace.ts'

/** Larger values are named by their digest alone. */
const largest = 64 * 1024

/** An output as programs get it. */
interface OutputSummary {
  readonly kind: string
  readonly digest: string | null
  /** Absent for what is not small data. */
  readonly value?: Json
}

async function summaryOf(pw: Workspace, value: Value): Promise<OutputSummary> {
  if ('absent' in value) return { kind: 'absent', digest: null }
  if ('value' in value) return { kind: 'json', digest: null, value: value.value }
  if ('list' in value) return { kind: 'list', digest: null }
  const { artifact, pick } = value
  const { kind, digest, size } = artifact
  if (pick !== undefined || (kind !== 'json' && kind !== 'metrics') || size > largest) return { kind, digest }
  const bytes = await pw.bytes(artifact).catch(() => undefined)
  if (bytes === undefined) return { kind, digest }
  return { kind, digest, value: JSON.parse(Buffer.from(bytes).toString('utf8')) as Json }
}

/** What a run that is left waits for, as programs get it. */
interface WaitSummary {
  readonly node: string
  readonly on: WaitingNode['on']
  readonly signal: string | null
  readonly message: string | null
  /** Who may decide; null: anybody. */
  readonly by: readonly string[] | null
  readonly until: number | null
}

function waitSummary({ node, on, signal, message, by, until }: WaitingNode): WaitSummary {
  return { node, on, signal: signal ?? null, message: message ?? null, by: by ?? null, until }
}

/** Prints the last line of a run's events: how it ended, or what it is left to wait for, with its outputs. */
export async function printSummary(
  pw: Workspace,
  id: string,
  failure: unknown,
  waits: readonly WaitingNode[] = [],
): Promise<void> {
  const detail = await pw.show(id).catch(() => undefined)
  if (detail === undefined) return
  const outputs: Record<string, OutputSummary> = {}
  for (const [name, value] of Object.entries(detail.outputs)) outputs[name] = await summaryOf(pw, value)
  const known = PipewrightError.isInstance(failure) ? failure : undefined
  const { pipeline, state, startedAt, finishedAt, rerunOf, executions } = detail
  const steps = executions.filter(({ step }) => step !== null)
  const summary = {
    run: id,
    pipeline,
    // Until this process ends it owns the run, which is told as running.
    state: waits.length > 0 ? 'waiting' : state,
    startedAt,
    finishedAt,
    rerunOf,
    waits: waits.map(waitSummary),
    steps: {
      executed: steps.filter((one) => one.reused === null && one.state === 'succeeded').length,
      reused: steps.filter(({ reused }) => reused !== null).length,
      // A map that fails has no attempts: its items have.
      failed: executions.filter((one) => one.state === 'failed' && one.attempts.length > 0).length,
    },
    outputs,
    error:
      known === undefined
        ? null
        : { code: known.code, message: known.message.split('\nFix: ')[0], fix: known.fix ?? null },
  }
  process.stdout.write(`${jsonText({ summary })}\n`)
}
