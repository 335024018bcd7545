import type { ArtifactStore } from '../../artifact/blob.ts'
import type { ReducePolicy } from '../../execute/reduce/state.ts'
import { isTimed, isWait } from '../../plan/bodies.ts'
import type { RunEvent, Values } from '../../record/event.ts'
import type { Draw } from './draw.ts'
import type { Message } from './messages.ts'
import type { Handled, Network, Receiver } from './network.ts'
import {
  RunReplica,
  settledRecord,
  succeeded,
  type Answer,
  type ClusterProgram,
  type Task,
} from './run-replica.ts'
import { leaseTtl, type SharedLog } from './shared-log.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { Trace } from './trace.ts'

/** How long an attempt may take until it counts as lost, in milliseconds. */
const attemptPatience = 400
/** The time between two looks at the lease, in milliseconds. */
const poll = leaseTtl / 5

/** What the orchestrators of a cluster share. */
export interface ClusterParts {
  readonly program: ClusterProgram
  readonly policy: ReducePolicy
  readonly store: ArtifactStore
  readonly log: SharedLog
  readonly network: Network<Message>
  readonly trace: Trace
  readonly draw: Draw
  readonly workers: readonly Receiver<Message>[]
  readonly people: Receiver<Message>
  /** Something has happened that must not. */
  readonly violated: (what: string) => void
}

/** An attempt that a worker was asked for, or an effect that is being taken back. */
interface OpenAttempt {
  readonly attempt: number
  readonly isUndo: boolean
}

/** The run, as long as the lease on it is held. */
interface Driving {
  readonly fence: number
  readonly replica: RunReplica
  /** What the reducer has asked for, and was not told yet. */
  readonly asked: Map<string, Task>
  /** Steps that wait for a worker. */
  readonly ready: (Task & { readonly type: 'execute' })[]
  readonly open: Map<string, OpenAttempt>
  undoes: number
  /** What the reducer has asked for, and nobody has looked at yet. */
  readonly todo: Task[]
  isObeying: boolean
  /** Nothing but handlers runs any more. */
  isAborted: boolean
}

/**
 * Drives a run by the reducer alone, as long as it has the lease: what happens is in the log before anything follows
 * from it. One that has lost its memory, or its lease, begins again from the log.
 */
export class Orchestrator implements Receiver<Message> {
  readonly process: SimulatedProcess
  readonly #parts: ClusterParts
  #driving: Driving | undefined

  constructor(process: SimulatedProcess, parts: ClusterParts) {
    this.process = process
    this.#parts = parts
    process.onRestart = () => {
      this.#driving = undefined
      this.#look()
    }
    this.#look()
  }

  async receive(message: Message): Promise<Handled> {
    const driving = this.#driving
    if (this.#parts.log.isFinished) return 'refused: the run is over'
    if (driving === undefined) return 'refused: not the owner'
    if (message.type === 'cancel') {
      await this.#tell(driving, { event: { type: 'cancel' } })
      return 'used'
    }
    if (message.type === 'decided') return this.#decided(driving, message.node, message.outputs)
    if (message.type !== 'done') return 'refused: not for an orchestrator'
    const { node, attempt, fence, result } = message
    const open = driving.open.get(node)
    if (fence !== driving.fence) return 'refused: of another lease'
    if (open?.attempt !== attempt) return 'refused: of another attempt'
    take(driving, node)
    if (open.isUndo) {
      const event = { type: 'node.undone', node } as const
      await this.#commit(driving, { event, record: event })
    } else if (result.ok) {
      const undoable = driving.replica.declarationOf(node)!.undo === true
      const inputs = await driving.replica.inputsOf(node)
      await this.#commit(driving, succeeded(node, result.outputs, attempt, { undoable, inputs }))
    } else await this.#tryAgain(driving, node, attempt, 'failed', result.retryable)
    await this.#begin(driving)
    return 'used'
  }

  /** Keeps the lease, or tries to get it; for as long as there is something to drive. */
  #look(): void {
    const { log } = this.#parts
    const driving = this.#driving
    // One that has missed the end goes on looking until it knows.
    if (log.isFinished && driving === undefined) return
    if (driving === undefined)
      log.call(
        this.process,
        () => log.acquire(),
        async (fence) => {
          if (fence !== undefined) await this.#takeOver(fence)
        },
      )
    else
      log.call(
        this.process,
        () => log.renew(driving.fence),
        (isKept) => {
          if (!isKept) this.#stepDown(driving)
        },
      )
    this.process.after(poll, () => this.#look())
  }

  #stepDown(driving: Driving): void {
    if (this.#driving !== driving) return
    this.#parts.trace.add(`${this.process.name} has lost the lease ${driving.fence}`)
    this.#driving = undefined
  }

  async #takeOver(fence: number): Promise<void> {
    const { log, program, policy, store, trace } = this.#parts
    if (log.isFinished) return
    const history = [...log.events]
    trace.add(`${this.process.name} drives under ${fence} from event ${history.length}`)
    const { replica, tasks } = await RunReplica.recover(program, policy, store, history)
    const driving: Driving = {
      fence,
      replica,
      asked: new Map(),
      ready: [],
      open: new Map(),
      undoes: 0,
      todo: [],
      isObeying: false,
      isAborted: false,
    }
    this.#driving = driving
    for (const { node, attempt } of replica.openAttempts) this.#note(driving, interrupted(node, attempt))
    await this.#obey(driving, tasks)
    const resumed = history.findLastIndex(({ event }) => event.type === 'run.resumed')
    if (history.slice(resumed + 1).some(({ event }) => event.type === 'run.cancel-requested'))
      await this.#tell(driving, { event: { type: 'cancel' } })
  }

  /** Appends an event; what follows from it waits until it is there. */
  #append(driving: Driving, event: RunEvent, then: () => void | Promise<void>): void {
    const { log } = this.#parts
    log.call(
      this.process,
      () => log.append(event, driving.fence),
      async (stored) => {
        if (stored === undefined) return this.#stepDown(driving)
        if (this.#driving !== driving) return
        driving.replica.count(stored)
        await then()
      },
    )
  }

  /** Appends an event that nothing follows from. */
  #note(driving: Driving, event: RunEvent): void {
    this.#append(driving, event, () => undefined)
  }

  async #commit(driving: Driving, answer: Answer): Promise<void> {
    if (answer.record === undefined) return this.#tell(driving, answer)
    this.#append(driving, answer.record, () => this.#tell(driving, answer))
  }

  async #tell(driving: Driving, { event, record }: Answer): Promise<void> {
    if ('node' in event) driving.asked.delete(event.node)
    const outputs = record?.type === 'node.succeeded' ? record.outputs : undefined
    await this.#obey(driving, driving.replica.apply(event, outputs))
    await this.#withdraw(driving)
  }

  /** A try has failed: there is another one where the step allows it. */
  #tryAgain(
    driving: Driving,
    node: string,
    attempt: number,
    end: 'failed' | 'timed-out',
    isRetryable: boolean,
  ): Promise<void> {
    const { retry } = driving.replica.declarationOf(node)!
    const isLast = !isRetryable || driving.replica.triesOf(node).used + 1 >= (retry?.attempts ?? 1)
    return this.#failed(driving, node, attempt, end, isLast ? undefined : (retry?.delay ?? 0))
  }

  async #failed(
    driving: Driving,
    node: string,
    attempt: number,
    end: 'failed' | 'timed-out' | 'interrupted' | 'cancelled',
    retryIn: number | undefined,
  ): Promise<void> {
    const retry = retryIn === undefined ? {} : { retryIn }
    await this.#commit(driving, {
      event: { type: 'attempt.failed', node, end, ...retry },
      record: {
        type: 'attempt.failed',
        node,
        attempt,
        end,
        error: { name: 'Error', message: end },
        ...retry,
      },
    })
  }

  async #obey(driving: Driving, tasks: readonly Task[]): Promise<void> {
    driving.todo.push(...tasks)
    // One after the other, also where one of them leads to more.
    if (driving.isObeying) return
    driving.isObeying = true
    for (let task = driving.todo.shift(); task !== undefined; task = driving.todo.shift())
      await this.#obeyOne(driving, task)
    driving.isObeying = false
    await this.#begin(driving)
  }

  async #obeyOne(driving: Driving, task: Task): Promise<void> {
    if (task.type === 'settled') return this.#note(driving, settledRecord(task))
    if (task.type === 'abort') return this.#abort(driving)
    if (task.type === 'finish') {
      const outputs = task.state === 'succeeded' ? await driving.replica.outputs() : {}
      return this.#append(driving, { type: 'run.finished', state: task.state, outputs }, () => {
        this.#driving = undefined
      })
    }
    const { node } = task
    const twin = driving.asked.get(node)
    if (twin !== undefined)
      this.#parts.violated(`'${node}' is asked for twice: ${twin.type} and ${task.type}`)
    driving.asked.set(node, task)
    if (driving.isAborted && isStoppable(task)) return this.#tell(driving, cancelled(node))
    switch (task.type) {
      case 'execute':
        if (task.after === 0) driving.ready.push(task)
        else
          this.process.after(task.after, async () => {
            if (this.#driving !== driving || driving.asked.get(node) !== task) return
            driving.ready.push(task)
            await this.#begin(driving)
          })
        break
      case 'wait':
        this.#wait(driving, node)
        break
      case 'undo':
        this.#append(driving, { type: 'undo.started', node }, () => this.#undo(driving, node))
        break
      default: {
        const answer = await driving.replica.answer(task)
        if (answer !== undefined) await this.#commit(driving, answer)
      }
    }
  }

  /** Asks workers for what is ready, as far as they are free. */
  async #begin(driving: Driving): Promise<void> {
    const { workers } = this.#parts
    while (driving.ready.length > 0 && driving.open.size < workers.length * 2) {
      const { node } = driving.ready.shift()!
      const { started, used } = driving.replica.triesOf(node)
      const attempt = started + 1
      driving.open.set(node, { attempt, isUndo: false })
      const values = await driving.replica.inputsOf(node)
      const declaration = driving.replica.declarationOf(node)!
      const start = { type: 'attempt.started', node, step: declaration.name, attempt, key: null } as const
      this.#append(driving, start, () => {
        if (driving.open.get(node)?.attempt !== attempt) return
        const { fence } = driving
        const text = `do ${node}#${attempt} under ${fence}`
        const isUndo = false
        this.#send({ type: 'do', text, from: this, node, attempt, used, isUndo, fence, declaration, values })
        this.process.after(attemptPatience, () => this.#lost(driving, node, attempt))
        const { timeout } = declaration
        if (timeout !== undefined)
          this.process.after(timeout, async () => {
            if (this.#driving !== driving || driving.open.get(node)?.attempt !== attempt) return
            take(driving, node)
            await this.#tryAgain(driving, node, attempt, 'timed-out', true)
          })
      })
    }
  }

  #send(message: Message): void {
    const { workers, network, draw } = this.#parts
    network.send(workers[draw(workers.length)]!, message)
  }

  /** Nothing was heard of an attempt: another one takes its place, and its result will be refused. */
  async #lost(driving: Driving, node: string, attempt: number): Promise<void> {
    const open = driving.open.get(node)
    if (this.#driving !== driving || open?.attempt !== attempt) return
    if (open.isUndo) return this.#undo(driving, node)
    take(driving, node)
    await this.#failed(driving, node, attempt, 'interrupted', 0)
  }

  #undo(driving: Driving, node: string): void {
    const attempt = ++driving.undoes
    driving.open.set(node, { attempt, isUndo: true })
    const { fence } = driving
    const declaration = driving.replica.declarationOf(node)!
    const text = `undo ${node} under ${fence}`
    this.#send({
      type: 'do',
      text,
      from: this,
      node,
      attempt,
      used: 0,
      isUndo: true,
      fence,
      declaration,
      values: {},
    })
    this.process.after(attemptPatience, () => this.#lost(driving, node, attempt))
  }

  #wait(driving: Driving, node: string): void {
    const planned = driving.replica.node(node)
    if (!isWait(planned)) return
    if (!isTimed(planned)) {
      this.#parts.network.send(this.#parts.people, { type: 'ask', text: `ask for ${node}`, from: this, node })
      return
    }
    const ms = planned.type === 'sleep' && 'value' in planned.for ? Number(planned.for.value) : 0
    this.process.after(ms, async () => {
      if (this.#driving === driving) await this.#decided(driving, node, {})
    })
  }

  async #decided(driving: Driving, node: string, outputs: Values | undefined): Promise<Handled> {
    const task = driving.asked.get(node)
    if (task?.type !== 'wait') return 'refused: nobody waits for it'
    take(driving, node)
    await this.#commit(
      driving,
      outputs === undefined ? { event: { type: 'node.broken', node } } : succeeded(node, outputs, 0),
    )
    return 'used'
  }

  /** Where nothing new is to start, what was never begun is not. */
  async #withdraw(driving: Driving): Promise<void> {
    if (!driving.replica.state.halted || driving.replica.state.cancelling) return
    for (const task of driving.asked.values()) {
      if (!isStoppable(task) || driving.replica.triesOf(task.node).used > 0) continue
      if (task.type === 'execute' && !driving.ready.includes(task)) continue
      remove(driving.ready, task)
      await this.#tell(driving, { event: { type: 'node.withdrawn', node: task.node } })
    }
  }

  /** What runs is given up, but for handlers. */
  async #abort(driving: Driving): Promise<void> {
    driving.isAborted = true
    for (const task of driving.asked.values()) {
      if (!isStoppable(task)) continue
      const { node } = task
      const open = driving.open.get(node)
      remove(driving.ready, task)
      take(driving, node)
      if (open === undefined) await this.#tell(driving, cancelled(node))
      else await this.#failed(driving, node, open.attempt, 'cancelled', undefined)
    }
  }
}

/** An answer is on its way into the log: another one comes too late. */
function take(driving: Driving, node: string): void {
  driving.open.delete(node)
  driving.asked.set(node, { type: 'gather', node })
}

function remove<T>(list: T[], value: unknown): void {
  const at = list.indexOf(value as T)
  if (at !== -1) list.splice(at, 1)
}

/** What is given up when nothing but handlers is to go on. */
function isStoppable(task: Task): task is Task & { readonly type: 'execute' | 'wait' } {
  return (task.type === 'execute' || task.type === 'wait') && task.cleanup !== true
}

function cancelled(node: string): Answer {
  return { event: { type: 'attempt.failed', node, end: 'cancelled' } }
}

function interrupted(node: string, attempt: number): RunEvent {
  const error = { name: 'Error', message: 'interrupted' }
  return { type: 'attempt.failed', node, attempt, end: 'interrupted', error, retryIn: 0 }
}
