import { isWait } from '../../src/plan/bodies.ts'
import type { ArtifactStore } from '../../src/artifact/blob.ts'
import type { ReducePolicy } from '../../src/execute/reduce/state.ts'
import type { RunEvent, StoredEvent } from '../../src/record/event.ts'
import type { Draw } from '../../src/testing/cluster/draw.ts'
import { statesOf } from '../../src/testing/cluster/invariants.ts'
import {
  RunReplica,
  settledRecord,
  succeeded,
  type Answer,
  type ClusterProgram,
  type Task,
} from '../../src/testing/cluster/run-replica.ts'
import type { ClusterWork } from '../../src/testing/cluster/work.ts'

/** A run whose every event is recorded before the reducer is told of it. */
export interface Driven {
  readonly log: readonly StoredEvent[]
  /** How the run has ended. */
  readonly state: string
  /** Undefined where it has not succeeded. */
  readonly outputs: unknown
  /** The last that is recorded of each node. */
  readonly nodes: ReadonlyMap<string, string>
  /** What was executed in this part of the run. */
  readonly executed: readonly string[]
}

/** Goes on with a run from what is recorded of it to its end; `pick` says what happens next. */
export async function goOn(
  program: ClusterProgram,
  policy: ReducePolicy,
  work: ClusterWork,
  store: ArtifactStore,
  pick: Draw,
  history: readonly StoredEvent[],
): Promise<Driven> {
  const log = [...history]
  const executed: string[] = []
  const { replica, tasks } = await RunReplica.recover(program, policy, store, history)
  const open = new Map<string, Task & { node: string }>()
  let state: string | undefined
  const write = (event: RunEvent): void => {
    const stored = { seq: log.length + 1, run: 'run', at: 0, event }
    log.push(stored)
    replica.count(stored)
  }
  const obey = (task: Task): void => {
    if (task.type === 'finish') state = task.state
    else if (task.type === 'settled') write(settledRecord(task))
    else if (task.type !== 'abort') {
      if (open.has(task.node)) throw new Error(`'${task.node}' is asked for twice`)
      open.set(task.node, task)
    }
  }
  const execute = async (node: string): Promise<Answer> => {
    const planned = replica.node(node)
    if (isWait(planned)) {
      const outputs = work.decide(node, planned)
      return outputs === undefined ? { event: { type: 'node.broken', node } } : succeeded(node, outputs, 0)
    }
    executed.push(node)
    const declaration = replica.declarationOf(node)!
    const { used, started } = replica.triesOf(node)
    const attempt = started + 1
    const { signal } = new AbortController()
    const values = await replica.inputsOf(node)
    const result = await work.execute({ node, declaration, values, attempt, used, signal })
    if (result?.ok)
      return succeeded(node, result.outputs, attempt, {
        undoable: declaration.undo === true,
      })
    const retry = used + 1 < (declaration.retry?.attempts ?? 1) ? { retryIn: 0 } : {}
    const error = { name: 'Error', message: 'no' }
    return {
      event: { type: 'attempt.failed', node, end: 'failed', ...retry },
      record: { type: 'attempt.failed', node, attempt, end: 'failed', error, ...retry },
    }
  }
  for (const task of tasks) obey(task)
  const isOpen = (): boolean => open.size > 0 && state === undefined
  for (let turns = 0; isOpen(); turns++) {
    if (turns > 5_000) throw new Error('it does not end')
    const waiting = [...open.values()]
    const task = waiting[pick(waiting.length)]!
    if (task.type === 'undo') write({ type: 'undo.started', node: task.node })
    const answer: Answer =
      task.type === 'undo'
        ? {
            event: { type: 'node.undone', node: task.node },
            record: { type: 'node.undone', node: task.node },
          }
        : ((await replica.answer(task)) ?? (await execute(task.node)))
    open.delete(task.node)
    if (answer.record !== undefined) write(answer.record)
    const outputs = answer.record?.type === 'node.succeeded' ? answer.record.outputs : undefined
    for (const next of replica.apply(answer.event, outputs)) obey(next)
  }
  if (state === undefined) throw new Error('nothing is open, and the run has not ended')
  const nodes = statesOf(log)
  const outputs = state === 'succeeded' ? await replica.outputs() : undefined
  return { log, state, outputs, nodes, executed }
}
