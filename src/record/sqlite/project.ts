import type { RunEvent } from '../event.ts'
import type { WorkspaceEvent } from '../workspace-event.ts'
import type { Of, Place } from './place.ts'
import { artifactNumber, artifactsIn } from './project-edges.ts'
import {
  attemptFailed,
  attemptStarted,
  nodeRepaired,
  nodeSucceeded,
  settled,
  waitOpened,
} from './project-nodes.ts'
import type { Statements } from './statements.ts'

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
    case 'node.repaired':
      return nodeRepaired(to, place, event)
    case 'node.failed':
      return settled(to, place, event.node, 'failed', event.step)
    case 'wait.opened':
      return waitOpened(to, place, event)
    case 'run.waiting':
      return void to.setRunState.run({ id: place.run, state: 'waiting' })
    case 'run.proceeded':
      return void to.setRunState.run({ id: place.run, state: 'running' })
    case 'node.skipped':
      return settled(to, place, event.node, 'skipped')
    case 'node.blocked':
      return settled(to, place, event.node, 'blocked')
    case 'node.cancelled':
      return settled(to, place, event.node, 'cancelled')
    case 'call.succeeded':
      return callSucceeded(to, place, event)
    case 'checkpoint.saved':
      return void to.putCheckpoint.run({ run: place.run, node: event.node, event: place.seq })
    case 'node.verified':
    case 'run.cancel-requested':
    case 'map.expanded':
    case 'branch.decided':
    case 'loop.turned':
    case 'undo.started':
    case 'node.undone':
    case 'approval.decided':
    case 'signal.received':
    case 'post.refused':
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

function callSucceeded(to: Statements, { seq, run }: Place, event: Of<'call.succeeded'>): void {
  to.insertCall.run({ run, node: event.node, idempotency_key: event.idempotencyKey, event: seq })
}

function environment(to: Statements, { seq, run }: Place, { environment }: Of<'run.environment'>): void {
  const { node, platform, host, git } = environment
  to.putEnvironment.run({ run, event: seq, node, platform, host, git_commit: git?.commit ?? null })
}

function runFinished(to: Statements, { seq, run, at }: Place, event: Of<'run.finished'>): void {
  const error = event.error === undefined ? null : JSON.stringify(event.error)
  to.settleRunning.run({ run, finished_at: at, settled: seq })
  to.finishRun.run({ id: run, state: event.state, finished_at: at, finished: seq, error })
}
