import type { NodeState } from '../records.ts'
import type { Of, Place } from './place.ts'
import { artifactNumber, artifactsIn, projectEdges } from './project-edges.ts'
import type { Statements } from './statements.ts'

/** Folds the start of a try. */
export function attemptStarted(to: Statements, { seq, run, at }: Place, event: Of<'attempt.started'>): void {
  const { node, step, key, attempt } = event
  const found = executionOf(to, { run, node, step, state: 'running', started_at: at, key }, attempt === 1)
  const { number } = found
  if (!found.isNew && found.settled !== null)
    to.restartExecution.run({ number, step, state: 'running', key, started_at: at })
  to.insertAttempt.run({ execution: number, started: seq, number: attempt, started_at: at })
}

/** Folds the end of a try that had no result. */
export function attemptFailed(to: Statements, { seq, run, at }: Place, event: Of<'attempt.failed'>): void {
  const row = { run, node: event.node, step: null, state: 'running', started_at: at, key: null } as const
  const { number } = executionOf(to, row, false)
  const end = { execution: number, number: event.attempt, finished_at: at, outcome: event.end, ended: seq }
  endAttempt(to, end, at)
}

/** Folds the end of a node, with all that it leaves. */
export function nodeSucceeded(to: Statements, { seq, run, at }: Place, event: Of<'node.succeeded'>): void {
  const { node, step, key } = event
  const columns = {
    step,
    started_at: event.startedAt,
    finished_at: at,
    key,
    reused: event.reused === undefined ? 0 : 1,
    settled: seq,
  }
  const row = { run, node, state: 'succeeded', successes: 1, ...columns } as const
  const found = executionOf(to, row, event.attempt === 0)
  const execution = found.number
  if (!found.isNew) {
    to.succeedExecution.run({ number: execution, ...columns })
    if (found.successes > 0) forget(to, execution)
  }
  if (event.attempt > 0) {
    const end = { execution, number: event.attempt, finished_at: at, outcome: 'succeeded', ended: seq }
    endAttempt(to, end, event.startedAt)
    to.deleteCheckpoint.run({ run, node })
  }
  projectEdges(to, { seq, run, at }, execution, event)
  facts(to, execution, event)
  if (key !== null && event.uncached === undefined && event.reused === undefined)
    to.putCacheEntry.run({ key, event: seq })
}

/** Folds a repair: a try more, records that name the bytes that are there now, and a cache entry with these. */
export function nodeRepaired(to: Statements, { seq, run, at }: Place, event: Of<'node.repaired'>): void {
  const { node, step, key, attempt } = event
  const row = { run, node, step, state: 'succeeded', started_at: event.startedAt, key } as const
  const execution = executionOf(to, row, false).number
  if (attempt > 0) {
    const end = { execution, number: attempt, finished_at: at, outcome: 'succeeded', ended: seq }
    endAttempt(to, end, event.startedAt)
  }
  to.deleteCheckpoint.run({ run, node })
  for (const { artifact } of artifactsIn(event.outputs)) artifactNumber(to, artifact, true)
  if (key !== null) to.putCacheEntry.run({ key, event: seq })
}

/** Folds the beginning of a wait. */
export function waitOpened(to: Statements, { run, at }: Place, { node }: Of<'wait.opened'>): void {
  const row = { run, node, step: null, state: 'waiting', started_at: at, key: null } as const
  const { number, isNew } = executionOf(to, row, true)
  if (!isNew) to.restartExecution.run({ number, step: null, state: 'waiting', key: null, started_at: at })
}

/** A node that ends without a result; an execution that had begun keeps its step and its start. */
export function settled(
  to: Statements,
  { seq, run, at }: Place,
  node: string,
  state: NodeState,
  step: string | null = null,
): void {
  const row = { run, node, step, state, started_at: at, finished_at: at, key: null, settled: seq }
  const { number, isNew } = executionOf(to, row, false)
  if (!isNew) to.settleExecution.run({ number, step, state, finished_at: at, settled: seq })
}

interface Found {
  readonly number: number
  readonly isNew: boolean
  readonly settled: number | null
  readonly successes: number
}

/** The execution of a node; it is made when there is none. What is most likely is tried first. */
function executionOf(
  to: Statements,
  row: Omit<
    Parameters<Statements['insertExecution']['run']>[0],
    'finished_at' | 'reused' | 'settled' | 'successes'
  > &
    Partial<Parameters<Statements['insertExecution']['run']>[0]>,
  isLikelyNew: boolean,
): Found {
  const { run, node } = row
  const known = isLikelyNew ? undefined : to.findExecution.get({ run, node })
  if (known === undefined) {
    const defaults = { finished_at: null, reused: 0, settled: null, successes: 0 }
    const { changes, lastInsertRowid } = to.insertExecution.run({ ...defaults, ...row })
    if (changes > 0) return { number: lastInsertRowid, isNew: true, settled: null, successes: 0 }
  }
  const found = known ?? to.findExecution.get({ run, node })!
  return {
    number: found['number'] as number,
    isNew: false,
    settled: found['settled'] as number | null,
    successes: found['successes'] as number,
  }
}

/** Ends the open try of a number; one whose start was not recorded is recorded now. */
function endAttempt(
  to: Statements,
  end: Parameters<Statements['endAttempt']['run']>[0],
  startedAt: number,
): void {
  if (to.endAttempt.run(end).changes > 0) return
  const { execution, number, ended } = end
  to.insertAttempt.run({ execution, number, started: ended, started_at: startedAt })
  to.endAttempt.run(end)
}

/** Drops what an earlier success of the same execution left: a producer that ran again. */
function forget(to: Statements, execution: number): void {
  to.deleteEdges.run({ execution })
  to.deleteParams.run({ execution })
  to.deleteMetrics.run({ execution })
  to.bumpCounter.run({ name: 'lineage' })
}

function facts(to: Statements, execution: number, { facts }: Of<'node.succeeded'>): void {
  if (facts === undefined) return
  for (const name in facts.params)
    to.insertParam.run({ execution, name, value: JSON.stringify(facts.params[name]) })
  for (const name in facts.metrics) to.insertMetric.run({ execution, name, ...facts.metrics[name]! })
}
