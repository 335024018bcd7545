import type { ArtifactStore } from '../../artifact/blob.ts'
import type { AnyPipeline } from '../../define/runnable.ts'
import { JsonValues } from '../../execute/json-values.ts'
import type { Command, ReduceEvent } from '../../execute/reduce/command.ts'
import { reduce } from '../../execute/reduce/reduce.ts'
import { openRun, type ReducePolicy, type RunState } from '../../execute/reduce/state.ts'
import { replay } from '../../execute/replay.ts'
import { countTry, noTries, type Tries } from '../../execute/tries.ts'
import { ValueScopes } from '../../execute/value-scopes.ts'
import type { Json } from '../../internal/json.ts'
import type { PlanNode, StepDeclaration } from '../../plan/document.ts'
import type { RunEvent, StoredEvent, Value, Values } from '../../record/event.ts'
import type { ExecutablePlan } from './random-plan.ts'

/** What is run: a plan, the pipelines that its nodes are uses of, and its inputs. */
export interface ClusterProgram {
  readonly plan: ExecutablePlan
  readonly pipelines: ReadonlyMap<PlanNode, AnyPipeline>
  readonly inputs: Values
}

/** What answers a command: what is recorded of it, if anything, before the reducer is told. */
export interface Answer {
  readonly event: ReduceEvent
  readonly record?: RunEvent
}

/** A command that whoever drives the run has to do something about. */
export type Task = Exclude<Command, { type: 'collect' | 'drop' | 'handle' }>

/** What one orchestrator holds of a run in memory: the state and the values. It is made of the run's events alone. */
export class RunReplica {
  readonly #program: ClusterProgram
  readonly #store: ArtifactStore
  readonly #scopes: ValueScopes
  readonly #json: JsonValues
  readonly #tries = new Map<string, Tries>()
  readonly state: RunState

  private constructor(program: ClusterProgram, policy: ReducePolicy, store: ArtifactStore) {
    this.#program = program
    this.#store = store
    this.#json = new JsonValues(store)
    this.#scopes = new ValueScopes(program.plan, program.pipelines, program.inputs, this.#json, store)
    this.state = openRun(program.plan, policy)
  }

  /** Folds what is recorded of a run; gives what is still to be done. */
  static async recover(
    program: ClusterProgram,
    policy: ReducePolicy,
    store: ArtifactStore,
    history: readonly StoredEvent[],
  ): Promise<{ readonly replica: RunReplica; readonly tasks: readonly Task[] }> {
    const replica = new RunReplica(program, policy, store)
    const commands = await replay(
      replica.state,
      replica.#scopes,
      replica.#tries,
      history,
      (_node, read) => read(),
      {
        isUndoable: (node) => replica.declarationOf(node)?.undo === true,
        onHandle: (command) => replica.#handle(command),
      },
    )
    // Once effects are being taken back nothing else is begun.
    const isUndoing = history.some(({ event }) => event.type === 'undo.started')
    const tasks = isUndoing ? reduce(replica.state, { type: 'undo' }) : commands
    return { replica, tasks: replica.#keep(tasks) }
  }

  /** The plan node behind a path. */
  node(path: string): PlanNode {
    return this.#scopes.node(path)
  }

  /** What the plan says of a step; undefined for other nodes. */
  declarationOf(path: string): StepDeclaration | undefined {
    const node = this.node(path)
    return node.type === 'step' ? this.#program.plan.steps[node.step] : undefined
  }

  triesOf(path: string): Tries {
    return this.#tries.get(path) ?? noTries()
  }

  /** Attempts that have been started, and have no end. */
  get openAttempts(): readonly { readonly node: string; readonly attempt: number }[] {
    return [...this.#tries].flatMap(([node, { open, started }]) => (open ? [{ node, attempt: started }] : []))
  }

  /** Counts what is recorded of attempts. */
  count(stored: StoredEvent): void {
    countTry(this.#tries, stored)
  }

  inputsOf(path: string): Promise<Values> {
    return this.#scopes.inputsOf(path)
  }

  /** Tells the reducer what has happened; gives what is to be done about it. */
  apply(event: ReduceEvent, outputs?: Values): readonly Task[] {
    if (event.type === 'node.succeeded' && outputs !== undefined) this.#scopes.record(event.node, outputs)
    return this.#keep(reduce(this.state, event))
  }

  /** Answers what only values are needed for. */
  async answer(task: Task & { readonly node: string }): Promise<Answer | undefined> {
    const { node } = task
    try {
      switch (task.type) {
        case 'expand': {
          const { count, keys } = await this.#scopes.expand(node)
          return {
            event: { type: 'map.expanded', node, count, keys },
            record: { type: 'map.expanded', node, count },
          }
        }
        case 'decide': {
          const event = { type: 'branch.decided', node, taken: await this.#scopes.decide(node) } as const
          return { event, record: event }
        }
        case 'turn': {
          const { round } = task
          const again = await this.#scopes.turn(node, round)
          const event = { type: 'loop.turned', node, round, again } as const
          return { event, record: event }
        }
        case 'gather': {
          const { outputs } = await this.#scopes.gather(node, task.branch, this.#store)
          return succeeded(node, outputs, 0)
        }
        case 'exhausted':
          return { event: { type: 'node.broken', node } }
        default:
          return undefined
      }
    } catch {
      // Values that do not fit fail the node, and nothing else.
      return { event: { type: 'node.broken', node } }
    }
  }

  /** The outputs of the run, with their data in place of what is stored; null where there is none. */
  async outputs(): Promise<Values> {
    const outputs: Record<string, Value> = {}
    for (const [name, value] of Object.entries(await this.#scopes.outputs())) {
      const data = (await this.#json.load(value)) ?? null
      outputs[name] = { value: JSON.parse(JSON.stringify(data)) as Json }
    }
    return outputs
  }

  #keep(commands: readonly Command[]): readonly Task[] {
    const tasks: Task[] = []
    for (const command of commands) {
      if (command.type === 'collect') this.#scopes.collect(command.node, command.item)
      else if (command.type === 'handle') this.#handle(command)
      else if (command.type === 'drop') {
        const { key } = this.#scopes.itemOf(command.node, command.item)
        const error = { name: 'Error', message: 'the item has failed' }
        this.#scopes.dropItem(command.node, { key, index: command.item, node: command.node, error })
      } else {
        if (command.type === 'settled' && command.state === 'skipped') this.#scopes.record(command.node, {})
        if (command.type === 'settled' && command.state === 'failed') this.#scopes.drop(command.node)
        tasks.push(command)
      }
    }
    return tasks
  }

  #handle({ node, outcome }: Command & { readonly type: 'handle' }): void {
    this.#scopes.handle(node, { state: { value: outcome }, failures: { value: [] } })
  }
}

/** What is recorded when a node has succeeded, and told. */
export function succeeded(
  node: string,
  outputs: Values,
  attempt: number,
  { undoable = false, inputs = {} }: { readonly undoable?: boolean; readonly inputs?: Values } = {},
): Answer {
  return {
    event: { type: 'node.succeeded', node, ...(undoable ? { undoable } : {}) },
    record: {
      type: 'node.succeeded',
      node,
      step: null,
      attempt,
      startedAt: 0,
      inputs,
      outputs,
      key: null,
    },
  }
}

/** What is recorded of a node that has settled without a result. */
export function settledRecord({ node, state, by }: Task & { readonly type: 'settled' }): RunEvent {
  switch (state) {
    case 'skipped':
      return { type: 'node.skipped', node }
    case 'blocked':
      return { type: 'node.blocked', node, by: by ?? '' }
    case 'cancelled':
      return { type: 'node.cancelled', node }
    case 'failed':
      return {
        type: 'node.failed',
        node,
        step: null,
        error: { name: 'Error', message: `'${node}' has failed` },
      }
  }
}
