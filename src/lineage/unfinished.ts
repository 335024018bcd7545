import { narrow } from '../plan/narrow.ts'
import type { Plan, PlanScope } from '../plan/document.ts'
import { bodiesOf } from '../plan/bodies.ts'
import type { ErrorPlace, ErrorRecord } from '../record/event.ts'
import type { ExecutionRecord, RunDetail } from '../record/records.ts'

/** A node of a run that has given nothing, and why. */
export interface Unfinished {
  readonly node: string
  /** Null for a map, a branch or a sub-pipeline. */
  readonly step: string | null
  readonly state: 'failed' | 'blocked' | 'cancelled' | 'running' | 'waiting' | 'not reached'
  readonly reason: string
  /** Where in the project it failed; absent where that is not known. */
  readonly place?: ErrorPlace
}

/** Where in the project an error, or what has caused it, was thrown. */
export function placeOf(error: ErrorRecord): ErrorPlace | undefined {
  for (let one: ErrorRecord | undefined = error; one !== undefined; one = one.cause)
    if (one.place !== undefined) return one.place
  return undefined
}

function firstLine({ message }: ErrorRecord): string {
  return message.split('\n')[0]!
}

/** Why nothing more of a run was begun. */
function whyOver({ state, error, executions }: RunDetail): string {
  if (state === 'running' || state === 'waiting') return 'the run has not come to it yet'
  if (state === 'interrupted') return 'the run was cut off before'
  if (state === 'cancelled') return 'the run was cancelled before'
  const failed = executions.find((one) => one.step !== null && one.state === 'failed')
  if (failed !== undefined) return `the run stopped when '${failed.node}' failed`
  return error === null ? 'the run ended before' : `the run stopped: ${firstLine(error)}`
}

function ended(execution: ExecutionRecord, hasInner: boolean): Unfinished | undefined {
  const { node, step, state, error, blockedBy } = execution
  if (state === 'succeeded' || state === 'skipped') return undefined
  // What has failed inside tells it.
  if (state === 'failed' && step === null && hasInner) return undefined
  const place = error === null ? undefined : placeOf(error)
  const reason =
    error !== null
      ? firstLine(error)
      : state === 'blocked'
        ? `it needs what '${blockedBy ?? 'a node that failed'}' was to give`
        : state === 'cancelled'
          ? 'the run was cancelled, or has failed elsewhere'
          : state === 'waiting'
            ? 'it waits for its time, a signal or a decision'
            : 'it has begun and not ended'
  return { node, step, state, reason, ...(place === undefined ? {} : { place }) }
}

/** The nodes of a run that have given nothing: those that have ended otherwise, then those that it never came to. */
export function unfinishedNodes(detail: RunDetail, plan: Omit<Plan, 'given'>): readonly Unfinished[] {
  const { executions, settings } = detail
  const paths = executions.map(({ node }) => node)
  const holds = (path: string): boolean =>
    paths.some((one) => one.startsWith(`${path}/`) || one.startsWith(`${path}[`))
  const found = executions.flatMap((one) => ended(one, one.step === null && holds(one.node)) ?? [])
  const states = new Map(executions.map(({ node, state }) => [node, state]))
  const reason = whyOver(detail)
  const visit = (scope: PlanScope, prefix: string): void => {
    for (const node of scope.nodes) {
      // What has not run may have had nothing to do.
      if (node.type === 'handler') continue
      const path = prefix + node.id
      const state = states.get(path)
      if (node.type === 'pipeline' && holds(path) && (state === undefined || state === 'failed'))
        for (const inner of bodiesOf(node)) visit(inner.scope, `${path}/`)
      // Of a map and of a branch it is not known what they hold; what has begun inside is told by itself.
      else if (state === undefined && !holds(path)) {
        const step = node.type === 'step' ? (plan.steps[node.step]?.name ?? null) : null
        found.push({ node: path, step, state: 'not reached', reason })
      }
    }
  }
  visit(
    settings.selection === undefined ? plan.scope : narrow({ ...plan, given: {} }, settings.selection).scope,
    '',
  )
  return found
}
