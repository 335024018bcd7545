import type { ReducePolicy } from '../../execute/reduce/state.ts'
import { isWait } from '../../plan/bodies.ts'
import { locate } from '../../plan/locate.ts'
import { planPath } from '../../plan/node-path.ts'
import type { PlanWait } from '../../plan/document.ts'
import type { RunEvent, StoredEvent } from '../../record/event.ts'
import type { ArtifactStore } from '../../artifact/blob.ts'
import type { Draw } from './draw.ts'
import { Gremlin } from './gremlin.ts'
import type { Message } from './messages.ts'
import { Network } from './network.ts'
import { Orchestrator } from './orchestrator.ts'
import { People } from './people.ts'
import type { ClusterProgram } from './run-replica.ts'
import { SharedLog } from './shared-log.ts'
import { SimulatedProcess } from './simulated-process.ts'
import { Trace } from './trace.ts'
import { VirtualTime } from './virtual-time.ts'
import type { ClusterWork } from './work.ts'
import { Worker } from './worker.ts'

/** So many things may happen in a run until it counts as one that does not end. */
const mostHappenings = 50_000

/** A run in a cluster. */
export interface ClusterSetting {
  readonly program: ClusterProgram
  readonly policy: ReducePolicy
  readonly work: ClusterWork
  readonly store: ArtifactStore
  /** Where every delay and every disturbance comes from; one that always gives 0 disturbs nothing. */
  readonly draw: Draw
  /** What was recorded of the run before. Default: nothing. */
  readonly events?: readonly StoredEvent[]
  /** Called before anything happens, with what can be done to the cluster meanwhile. */
  readonly onOpen?: (controls: ClusterControls) => void
}

/** What can be done to a cluster from outside. */
export interface ClusterControls {
  /** All processes die; they are started again a little later. */
  crash(): void
  cancel(): void
}

/** What has happened. */
export interface ClusterHistory {
  readonly events: readonly StoredEvent[]
  /** By event: the fence that it was appended under; 0 for those of other processes than the owner. */
  readonly fences: readonly number[]
  /** The end of the run; undefined where it has none. */
  readonly end: (RunEvent & { readonly type: 'run.finished' }) | undefined
  /** By node: how often workers have executed it, or taken it back. */
  readonly executions: ReadonlyMap<string, number>
  readonly trace: readonly string[]
  /** What must not happen, and has. */
  readonly violations: readonly string[]
  readonly counts: ClusterCounts
}

/** How much has gone wrong in a cluster without anybody noticing. */
export interface ClusterCounts {
  readonly messages: number
  readonly lost: number
  readonly doubled: number
  /** Messages that came too late, or a second time. */
  readonly refused: number
  readonly crashes: number
  readonly hangs: number
  readonly stalls: number
  /** How often the run has got an owner. */
  readonly owners: number
}

/** Runs a plan in two orchestrators, one of which drives, three workers and people who decide. */
export async function runInCluster(setting: ClusterSetting): Promise<ClusterHistory> {
  const { program, policy, work, store, draw } = setting
  const time = new VirtualTime()
  const trace = new Trace(time)
  const log = new SharedLog(time, draw, setting.events ?? [])
  const network = new Network<Message>(time, draw, trace)
  const violations: string[] = []
  const executions = new Map<string, number>()
  const process = (name: string): SimulatedProcess => new SimulatedProcess(name, time)
  const workers = ['worker-1', 'worker-2', 'worker-3'].map(
    (name) => new Worker(process(name), network, work, draw, executions),
  )
  const waitAt = (path: string): PlanWait => {
    const node = locate(program.plan, planPath(path))?.node
    if (node === undefined || !isWait(node)) throw new Error(`'${path}' does not wait`)
    return node
  }
  const people = new People(process('people'), network, work, draw, waitAt)
  const violated = (what: string): void => void violations.push(what)
  const parts = { program, policy, store, log, network, trace, draw, workers, people, violated }
  const orchestrators = ['first', 'second'].map((name) => new Orchestrator(process(name), parts))
  const gremlin = new Gremlin(
    { time, trace, log, draw },
    [...orchestrators, ...workers].map((one) => one.process),
  )
  const cancel = (): void => {
    if (log.isFinished) return
    trace.add('somebody cancels the run')
    log.append({ type: 'run.cancel-requested', reason: 'enough' })
    for (const orchestrator of orchestrators) network.send(orchestrator, { type: 'cancel', text: 'cancel' })
  }
  if (draw(12) === 1) time.at(draw(400), cancel)
  const crash = (): void => {
    for (const { process: victim } of [...orchestrators, ...workers]) victim.crash(50)
  }
  setting.onOpen?.({ crash, cancel })
  try {
    if (!(await time.pass(mostHappenings))) violated('it goes on for ever')
  } catch (error) {
    violated(`thrown: ${(error as Error).message}`)
  }
  if (!log.isFinished) violated('the run has not ended')
  if (network.unhandled > 0) violated(`${network.unhandled} messages were left unhandled`)
  const last = log.events.at(-1)?.event
  return {
    events: log.events,
    fences: log.fences,
    end: last?.type === 'run.finished' ? last : undefined,
    executions,
    trace: trace.lines,
    violations,
    counts: { ...network.counts, ...gremlin.counts, owners: log.takeOvers },
  }
}
