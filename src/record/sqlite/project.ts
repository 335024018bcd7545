import type { Digest } from '../../internal/digest.ts'
import type { Artifact } from '../../artifact/artifact.ts'
import type { RunEvent, Value, Values } from '../event.ts'
import type { NodeState } from '../records.ts'
import type { WorkspaceEvent } from '../workspace-event.ts'
import type { Statements } from './statements.ts'

/** Where in the log an event stands. */
export interface Place {
  readonly seq: number
  readonly run: string
  readonly at: number
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/**
 * Folds one event into the projections. It reads nothing but the projections themselves, so that folding the
 * log again gives the same rows.
 */
export function project(to: Statements, place: Place, event: RunEvent): void {
  switch (event.type) {
    case 'run.started':
      return runStarted(to, place, event)
    case 'run.resumed':
      return void to.resumeRun.run({ id: place.run, seq: place.seq })
    case 'run.environment':
      return environment(to, place, event)
    case 'run.finished':
      return runFinished(to, place, event)
    case 'attempt.started':
      return attemptStarted(to, place, event)
    case 'attempt.failed':
      return attemptFailed(to, place, event)
    case 'node.succeeded':
      return nodeSucceeded(to, place, event)
    case 'node.failed':
      return settled(to, place, event.node, 'failed', event.step)
    case 'node.skipped':
      return settled(to, place, event.node, 'skipped')
    case 'node.blocked':
      return settled(to, place, event.node, 'blocked')
    case 'node.cancelled':
      return settled(to, place, event.node, 'cancelled')
    case 'run.cancel-requested':
    case 'map.expanded':
    case 'branch.decided':
      return
  }
}

/** Folds an event of the workspace as a whole. */
export function projectWorkspace(to: Statements, event: WorkspaceEvent): void {
  switch (event.type) {
    case 'model.registered': {
      const { name, version, digest, registeredAt } = event.model
      const data = JSON.stringify(event.model)
      to.insertModel.run({ name, version, digest, registered_at: registeredAt, data })
      if (event.alias !== null) to.putAlias.run({ name, alias: event.alias, version })
      return
    }
    case 'model.aliased':
      return void to.putAlias.run({ name: event.name, alias: event.alias, version: event.version })
    case 'cache.forgotten':
      for (const key of event.keys) to.deleteCacheEntry.run({ key })
  }
}

function runStarted(to: Statements, { seq, run, at }: Place, event: Of<'run.started'>): void {
  to.insertRun.run({ id: run, pipeline: event.pipeline, started_at: at, key: event.key, started: seq })
  for (const tag of event.tags) to.insertTag.run({ run, tag })
  for (const { name, artifact } of artifactsIn(event.inputs))
    to.putRunInput.run({ run, name, artifact: artifactNumber(to, artifact, false) })
}

function environment(to: Statements, { seq, run }: Place, { environment }: Of<'run.environment'>): void {
  const { node, platform, host, git } = environment
  to.putEnvironment.run({ run, event: seq, node, platform, host, git_commit: git?.commit ?? null })
}

function runFinished(to: Statements, { seq, run, at }: Place, event: Of<'run.finished'>): void {
  const error = event.error === undefined ? null : JSON.stringify(event.error)
  to.finishRun.run({ id: run, state: event.state, finished_at: at, finished: seq, error })
}

function attemptStarted(to: Statements, { seq, run, at }: Place, event: Of<'attempt.started'>): void {
  const { node, step, key, attempt } = event
  const found = to.findExecution.get({ run, node })
  const execution =
    found === undefined
      ? insertExecution(to, { run, node, step, state: 'running', started_at: at, key })
      : (found['number'] as number)
  if (found !== undefined && found['settled'] !== null)
    to.restartExecution.run({ number: execution, step, key, started_at: at })
  to.insertAttempt.run({ execution, started: seq, number: attempt, started_at: at })
}

function attemptFailed(to: Statements, { seq, run, at }: Place, event: Of<'attempt.failed'>): void {
  const found = to.findExecution.get({ run, node: event.node })
  const execution =
    (found?.['number'] as number | undefined) ??
    insertExecution(to, { run, node: event.node, step: null, state: 'running', started_at: at, key: null })
  endAttempt(to, { execution, number: event.attempt, finished_at: at, outcome: event.end, ended: seq }, at)
}

function nodeSucceeded(to: Statements, { seq, run, at }: Place, event: Of<'node.succeeded'>): void {
  const { node, step, key } = event
  const columns = {
    step,
    started_at: event.startedAt,
    finished_at: at,
    key,
    reused: event.reused === undefined ? 0 : 1,
    settled: seq,
  }
  const known = to.findExecution.get({ run, node })
  const execution =
    known === undefined
      ? insertExecution(to, { run, node, state: 'succeeded', successes: 1, ...columns })
      : (known['number'] as number)
  if (known !== undefined) {
    to.succeedExecution.run({ number: execution, ...columns })
    if ((known['successes'] as number) > 0) forget(to, execution)
  }
  if (event.attempt > 0) {
    const end = { execution, number: event.attempt, finished_at: at, outcome: 'succeeded', ended: seq }
    endAttempt(to, end, event.startedAt)
  }
  edges(to, { seq, run, at }, execution, event)
  facts(to, execution, event)
  if (key !== null && event.uncached === undefined && event.reused === undefined)
    to.putCacheEntry.run({ key, event: seq })
}

/** A node that ends without a result; an execution that had begun keeps its step and its start. */
function settled(
  to: Statements,
  { seq, run, at }: Place,
  node: string,
  state: NodeState,
  step: string | null = null,
): void {
  const found = to.findExecution.get({ run, node })
  if (found === undefined)
    insertExecution(to, { run, node, step, state, started_at: at, finished_at: at, key: null, settled: seq })
  else to.settleExecution.run({ number: found['number'] as number, state, finished_at: at, settled: seq })
}

function insertExecution(
  to: Statements,
  row: {
    run: string
    node: string
    step: string | null
    state: NodeState
    started_at: number
    key: Digest | null
    finished_at?: number
    reused?: number
    settled?: number
    successes?: number
  },
): number {
  const defaults = { finished_at: null, reused: 0, settled: null, successes: 0 }
  return to.insertExecution.run({ ...defaults, ...row }).lastInsertRowid
}

/** Ends the open try of a number; one whose start was not recorded is recorded now. */
function endAttempt(to: Statements, end: Parameters<Statements['endAttempt']['run']>[0], startedAt: number): void {
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

function edges(to: Statements, place: Place, execution: number, event: Of<'node.succeeded'>): void {
  const fresh = event.reused === undefined
  const outputs = artifactsIn(event.outputs)
  // A map or branch hands on what its inside made; the lists that it gathers are its own.
  const made = event.step === null ? outputs.filter(({ artifact }) => artifact.kind === 'list') : outputs
  if (event.step === null && made.length === 0) return
  for (const name in event.gathers) gather(to, place, execution, event.node, name, event.gathers[name]!)
  for (const { name, artifact } of artifactsIn(event.inputs))
    to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, false), direction: 'in', name })
  for (const { name, artifact } of made)
    to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, fresh), direction: 'out', name })
  for (const report of event.facts?.reports ?? [])
    to.insertEdge.run({ execution, artifact: artifactNumber(to, report, fresh), direction: 'out', name: 'report' })
}

/** A list that a map gathered was made from an output of the same node in each of its items. */
function gather(
  to: Statements,
  { run }: Place,
  execution: number,
  map: string,
  name: string,
  from: { readonly node: string; readonly output: string },
): void {
  const items = { run, prefix: `${map}[`, end: `${map}\\`, suffix: `]/${from.node}` }
  to.gatherEdges.run({ ...items, execution, name, output: from.output })
  // Maps, branches and sub-pipelines have no edges of what they hand on: their events tell.
  for (const row of to.gatherContainers.all(items)) {
    const value = (JSON.parse(row['data'] as string) as Of<'node.succeeded'>).outputs[from.output]
    if (value === undefined) continue
    for (const { artifact } of artifactsIn({ [name]: value }))
      to.insertEdge.run({ execution, artifact: artifactNumber(to, artifact, false), direction: 'in', name })
  }
}

function facts(to: Statements, execution: number, { facts }: Of<'node.succeeded'>): void {
  if (facts === undefined) return
  for (const name in facts.params)
    to.insertParam.run({ execution, name, value: JSON.stringify(facts.params[name]) })
  for (const name in facts.metrics) to.insertMetric.run({ execution, name, ...facts.metrics[name]! })
}

/**
 * The number of an artifact's record. Where a new output has a known content but other bytes (another
 * chunking, a repaired blob), the record follows it: the older bytes may be gone.
 */
function artifactNumber(to: Statements, artifact: Artifact, made: boolean): number {
  const { digest, kind } = artifact
  const known = to.findArtifact.get({ digest, kind })
  if (known === undefined)
    return to.insertArtifact.run({ digest, kind, data: JSON.stringify(artifact) }).lastInsertRowid
  const number = known['number'] as number
  if (made) {
    const data = JSON.stringify(artifact)
    if (data !== known['data']) to.updateArtifact.run({ number, data })
  }
  return number
}

/** The artifacts of named values; a list gives one per element. */
export function artifactsIn(values: Values): { readonly name: string; readonly artifact: Artifact }[] {
  const found: { name: string; artifact: Artifact }[] = []
  for (const name in values) {
    const value = values[name]!
    if ('artifact' in value) found.push({ name, artifact: value.artifact })
    else if ('list' in value) {
      const open: Iterator<Value>[] = [value.list[Symbol.iterator]()]
      while (open.length > 0) {
        const next = open.at(-1)!.next()
        if (next.done === true) open.pop()
        else if ('artifact' in next.value) found.push({ name, artifact: next.value.artifact })
        else if ('list' in next.value) open.push(next.value.list[Symbol.iterator]())
      }
    }
  }
  return found
}
