import { byteSize } from '../internal/byte-size.ts'
import { PipewrightError } from '../internal/error.ts'
import type { RunnerName } from '../define/step.ts'
import type { MetadataStore } from '../record/metadata.ts'
import { attemptStep, type AttemptOutcome, type AttemptServices, type AttemptTask } from './attempt.ts'
import { attemptInChild } from './child/attempt-in-child.ts'
import type { ChildAnswer } from './child/attempt-in-child.ts'
import type { ChildSettings } from './child/child.ts'
import { ChildPool } from './child/pool.ts'
import { startProcess } from './child/process-child.ts'
import type { ChildBoot } from './child/protocol.ts'
import type { StepHome } from './child/step-home.ts'
import { startThread } from './child/thread-child.ts'
import { allowedEnvironment, keeping, runnerOf, type RunnerSettings } from './runner-settings.ts'

type Elsewhere = Exclude<RunnerName, 'inline'>

/** What runners need of the workspace. */
export interface RunnersOptions {
  readonly settings: RunnerSettings
  /** What children are started with; undefined where none can open the stores of this one. */
  readonly boot: Omit<ChildBoot, 'type'> | undefined
  /** The modules that children run. */
  readonly entries: Readonly<Record<Elsewhere, string>>
  /** Arguments of Node that load the project's code. */
  readonly nodeArguments: readonly string[]
  readonly metadata: Pick<MetadataStore, 'blob'>
}

/** Runs attempts where they should run: here, on a thread, or in a process. */
export class Runners {
  readonly #options: RunnersOptions
  readonly #pools: Readonly<Record<Elsewhere, ChildPool>>
  /** Pipelines that no other process finds, by module and name. */
  readonly #unfound = new Set<string>()

  constructor(options: RunnersOptions) {
    const { thread = {}, process = {} } = options.settings
    this.#options = options
    this.#pools = {
      thread: new ChildPool(startThread, keeping(thread)),
      process: new ChildPool(startProcess, keeping(process)),
    }
  }

  /** Stands in for {@link attemptStep}. */
  readonly attempt = async (task: AttemptTask, services: AttemptServices): Promise<AttemptOutcome> => {
    const runner = runnerOf(this.#options.settings, task.declaration, task.runner)
    // Steps of Pipewright's own use what only this process has open.
    if (runner === 'inline' || task.step.port !== undefined) return attemptStep(task, services)
    const { home } = task
    const problem = this.#problem(home, services)
    if (problem === undefined && home !== undefined) {
      const outcome = await this.#attemptIn(runner, task, services, home)
      if (outcome.ok || !isUnfound(outcome.error)) return outcome
      this.#unfound.add(nameOf(home))
    }
    const why = problem ?? 'its pipeline is not exported'
    task.onLog('warn', `runs inline, not in a ${runner}: ${why}`, undefined)
    return attemptStep(task, services)
  }

  /** Ends all threads and processes. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#pools).map((pool) => pool.close()))
  }

  /** Why a step can run nowhere else. */
  #problem(home: StepHome | undefined, { store }: AttemptServices): string | undefined {
    if (home === undefined) return 'its pipeline is in no module'
    if (this.#options.boot === undefined || store.place === undefined)
      return 'its store cannot be opened anywhere else'
    return this.#unfound.has(nameOf(home)) ? 'its pipeline is not exported' : undefined
  }

  async #attemptIn(
    runner: Elsewhere,
    task: AttemptTask,
    services: AttemptServices,
    home: StepHome,
  ): Promise<AttemptOutcome> {
    const { settings, boot, entries, nodeArguments, metadata } = this.#options
    const { env, memory: most } = settings.process ?? {}
    const limit =
      task.memoryLimit ??
      (runner === 'process' && most !== undefined ? byteSize(most, 'runners.process.memory') : undefined)
    const child: ChildSettings = {
      entry: entries[runner],
      nodeArguments,
      env: allowedEnvironment(runner === 'thread' ? 'all' : env, home.env),
      ...(limit === undefined ? {} : { memory: limit }),
    }
    const wanted = { settings: child, boot: { type: 'boot' as const, ...boot! } }
    const place = { runner, metadata, ...(limit === undefined ? {} : { memory: limit }) }
    for (;;) {
      const answer = await this.#pools[runner].lend<ChildAnswer & { readonly isFirst: boolean }>(
        wanted,
        async (lent, isFirst) => {
          const answered = await attemptInChild(task, services, home, lent, place)
          return { result: { ...answered, isFirst }, isGood: answered.isGood }
        },
      )
      // One that was kept had ended meanwhile: that is nobody's failure.
      if (!answer.isStale || answer.isFirst) return answer.result
    }
  }
}

function nameOf({ address }: StepHome): string {
  return `${address.module}#${address.pipeline}`
}

function isUnfound(error: unknown): boolean {
  return PipewrightError.isInstance(error) && error.code === 'PIPELINE_NOT_FOUND'
}
