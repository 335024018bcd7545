import { AsyncLocalStorage } from 'node:async_hooks'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import type { Pipeline, AnyPipeline } from '../define/runnable.ts'
import type { AnyStep } from '../define/step.ts'
import { attemptStep } from '../execute/attempt.ts'
import { TieredReader } from '../execute/blobs.ts'
import { JsonValues } from '../execute/json-values.ts'
import { seededRandom } from '../execute/random.ts'
import type { RunUpdate } from '../execute/run-request.ts'
import { locate } from '../plan/locate.ts'
import type { Given } from '../plan/inputs.ts'
import { compilePipeline } from '../plan/plan.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { StoredEvent } from '../record/event.ts'
import type { ExecutionRecord } from '../record/records.ts'
import { openSqliteMetadata } from '../record/sqlite/store.ts'
import { memoryStore } from '../store/memory-store.ts'
import { decodeRunOutputs } from '../workspace/outputs.ts'
import { findRoot } from '../workspace/root.ts'
import { RunFailedError } from '../workspace/run-error.ts'
import type { ResumeOptions } from '../workspace/run-options.ts'
import { predictorDigestIn } from '../workspace/services.ts'
import { Workspace } from '../workspace/workspace.ts'
import { Answers } from './answers.ts'
import { testedAttempt, type TestedRun } from './attempts.ts'
import { testClock, type TestClock } from './clock.ts'
import { Faults } from './fault.ts'
import { standIns } from './stand-ins.ts'
import type { TestResumeOptions, TestRunOptions, TestWorkspaceOptions } from './options.ts'
import { replacedPipeline } from './replaced-pipeline.ts'
import { testSecrets } from './secrets.ts'
import { CorruptBlobs, testMetadata, testStore } from './stores.ts'
import { emptyFolder, removeFolder, tempFolder } from './temp-folders.ts'
import { TestRun } from './test-run.ts'

interface Started extends TestedRun {
  readonly updates: RunUpdate[]
  readonly pipeline: AnyPipeline
  readonly onUpdate: (update: RunUpdate) => void
  readonly answers: Answers
  /** Whether nobody but the test's options can say what it waits for, or end it. */
  readonly isAlone: boolean
  id?: string
  /** What went wrong with an answer. */
  problem?: { readonly error: unknown }
}

/**
 * A workspace in memory: the engine of a real one, with a clock of the test. Made by {@link testWorkspace}.
 *
 * @example
 * ```ts
 * await using kit = await testWorkspace() // or kit.close(), where `using` is not known
 * const run = await kit.run(tumours, { csv: 'test/ten-rows.csv' })
 * const { changes } = await kit.workspace.explain(run.id, 'load')
 * ```
 */
export class TestWorkspace implements AsyncDisposable {
  /** The time of its runs. */
  readonly clock: TestClock
  readonly #options: TestWorkspaceOptions
  readonly #root: string
  readonly #folder = tempFolder()
  readonly #metadata: MetadataStore
  readonly #store: ArtifactStore
  readonly #corrupt = new CorruptBlobs()
  readonly #starting = new AsyncLocalStorage<Started>()
  readonly #runs = new Map<string, Started>()
  readonly #random: () => number
  #workspace: Workspace
  #dying: Promise<void> | undefined
  #closed = false
  #count = 0

  /** @internal */
  constructor(metadata: MetadataStore, options: TestWorkspaceOptions & { readonly clock: TestClock }) {
    this.clock = options.clock
    this.#options = options
    this.#root = findRoot(process.cwd(), options.root).root
    this.#random = seededRandom(options.seed ?? 'test')
    const world = { clock: this.clock, corrupt: this.#corrupt, operation: this.#operation.bind(this) }
    this.#metadata = testMetadata(metadata, world)
    this.#store = testStore(memoryStore(), world)
    this.#workspace = this.#open()
  }

  /** What `openWorkspace` gives: for all that a test asks beside running. */
  get workspace(): Workspace {
    return this.#workspace
  }

  /**
   * Runs a pipeline to its end, and gives what came of it: also of a run that has failed. Throws what keeps a run from
   * starting, and `TEST_INVALID` for replaced steps and faults that the run does not have.
   */
  async run<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: TestRunOptions = {},
  ): Promise<TestRun<Out>> {
    return this.#run(pipeline, inputs, options, false)
  }

  /**
   * The same where nobody has hold of the workspace while it runs: throws `TEST_INVALID` for a run that would wait for ever.
   *
   * @internal
   */
  runAlone<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: TestRunOptions,
  ): Promise<TestRun<Out>> {
    const { timeout, deadline, signal } = options
    return this.#run(pipeline, inputs, options, (timeout ?? deadline ?? signal) === undefined)
  }

  async #run<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: TestRunOptions,
    isAlone: boolean,
  ): Promise<TestRun<Out>> {
    const {
      replace: _replace,
      faults: _faults,
      approvals: _approvals,
      signals: _signals,
      ...others
    } = options
    const { ctx: _ctx, onUpdate: _onUpdate, ...runOptions } = others
    const started = this.#prepare(pipeline, options, isAlone)
    const { onUpdate } = started
    // Entries of an earlier run are older than the start of this one.
    await this.clock.advance(1)
    const handle = await this.#starting.run(started, () =>
      this.clock.during(
        this.#workspace.start(started.pipeline, inputs as never, { ...runOptions, onUpdate }),
      ),
    )
    return this.#finished<Out>(started, handle.id, () => handle.result())
  }

  /**
   * Goes on with a run that has not succeeded, as {@link Workspace.resume} does.
   *
   * @example
   * ```ts
   * const gone = fault('release/then/deploy', { error: new Error('503') })
   * const run = await kit.run(tumours, { csv: 'test/ten-rows.csv' }, { faults: [gone] })
   * const again = await kit.resume(run.id, tumours)
   * expect(again.node('load').attempts).toHaveLength(1) // it was not run again
   * ```
   */
  async resume<In, Out>(
    id: string,
    pipeline: Pipeline<In, Out>,
    options: TestResumeOptions = {},
  ): Promise<TestRun<Out>> {
    const {
      replace: _replace,
      faults: _faults,
      approvals: _approvals,
      signals: _signals,
      ...others
    } = options
    const { ctx: _ctx, onUpdate: _onUpdate, ...resumeOptions } = others
    const started = this.#prepare(pipeline, options, false)
    started.id = id
    this.#runs.set(id, started)
    await this.clock.advance(1)
    // What waits already does not begin to wait again.
    for (const { node, on, since, until } of await this.#workspace.waits(id))
      this.#answer(started, { at: since, event: { type: 'wait.opened', node, on, until } })
    return this.#finished<Out>(started, id, () => this.#resumed(started, id, resumeOptions))
  }

  /**
   * Removes logs and what steps have left: a runner may end its processes without a word. A file that a test asks for
   * its path is written anew.
   *
   * @internal
   */
  tidy(): void {
    emptyFolder(this.#folder)
  }

  /** Ends it, and removes what its steps have left in folders. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#workspace.close()
    removeFolder(this.#folder)
  }

  /** The same as {@link TestWorkspace.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(): Workspace {
    const { concurrency, resources = {}, opaque = [], services, secrets } = this.#options
    return new Workspace({
      root: this.#root,
      folder: this.#folder,
      store: this.#store,
      metadata: this.#metadata,
      concurrency: concurrency ?? Math.max(4, availableParallelism() * 2),
      resources,
      opaque,
      services: standIns(services),
      telemetry: undefined,
      secrets: [testSecrets(secrets)],
      engine: {
        clock: this.clock,
        random: this.#random,
        runId: () => this.#nextId(),
        failureFix:
          'mend the cause; of a run that is meant to fail, read `state` and `error` instead of its outputs',
        attempt: (task, services) => {
          const tested = this.#runs.get(task.run.id)
          const world = { clock: this.clock, corrupt: this.#corrupt, die: () => this.#die() }
          return tested === undefined
            ? this.clock.during(attemptStep(task, services))
            : testedAttempt(task, services, tested, world)
        },
      },
      findPipeline: (detail) => {
        throw new PipewrightError('PIPELINE_NOT_FOUND', `the pipeline of run ${detail.id} is not known`, {
          fix: 'give it: kit.resume(run.id, pipeline)',
        })
      },
    })
  }

  #prepare(pipeline: AnyPipeline, options: TestRunOptions, isAlone: boolean): Started {
    const { replace = [], faults = [], ctx, onUpdate } = options
    const replaced = replacedPipeline(pipeline, replace)
    const planned = new Faults(faults)
    const { structure } = compilePipeline(replaced)
    planned.check(structure)
    const answers = new Answers(structure, options)
    const updates: RunUpdate[] = []
    const started: Started = {
      pipeline: replaced,
      faults: planned,
      answers,
      isAlone,
      context: typeof ctx === 'function' ? ctx : ctx === undefined ? undefined : () => ctx,
      updates,
      onUpdate: (update) => {
        updates.push(update)
        this.#answer(started, update)
        onUpdate?.(update)
      },
    }
    return started
  }

  /** Says what the test says to a run that waits; what goes wrong with that ends the run. */
  #answer(started: Started, update: RunUpdate): void {
    const { event } = update
    const isStuck = started.isAlone && event.type === 'run.waiting' && event.until === null
    const say = isStuck ? () => this.#refuseEndlessWait(started) : started.answers.to(update)
    if (say === undefined) return
    const said = async (): Promise<void> => {
      // It is told of the wait a moment before that is on record.
      await Promise.resolve()
      await this.#metadata.flush()
      try {
        await say(this.#workspace, started.id!)
      } catch (error) {
        started.problem ??= { error }
        await this.#workspace.cancel(started.id!, 'what the test answers is refused')
      }
    }
    void this.clock.during(said())
  }

  /** A run of which every open wait is for what nobody will say would not end. */
  async #refuseEndlessWait({ answers, id }: Started): Promise<void> {
    const open = await this.#workspace.waits(id!)
    const [wait] = open
    if (wait === undefined || open.some(({ node, until }) => until !== null || answers.has(node))) return
    const { node, on } = wait
    throw new PipewrightError('TEST_INVALID', `the run waits for ever: nobody answers '${node}'`, {
      fix:
        on === 'approval'
          ? `decide it: approvals: { '${node}': {} }, or testWorkspace, whose kit.workspace can approve while it runs`
          : `send it: signals: { ${JSON.stringify(on === 'signal' ? wait.signal : node)}: { payload: … } }, or testWorkspace, whose kit.workspace can signal while it runs`,
    })
  }

  /** Equal in each execution of a test: keys of effects are made of it. */
  #nextId(): string {
    const time = this.clock.now().toString(16).padStart(12, '0')
    const count = (++this.#count).toString(16).padStart(12, '0')
    const id = `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${count}`
    const started = this.#starting.getStore()
    if (started !== undefined) {
      started.id = id
      this.#runs.set(id, started)
    }
    return id
  }

  /** Ends a run as its process's death would, and lets a new one take it up. */
  async #die(): Promise<void> {
    // The start of an attempt is recorded a moment after it.
    await new Promise((resolve) => setImmediate(resolve))
    await this.#metadata.flush()
    const dead = this.#workspace
    this.#workspace = this.#open()
    this.#dying = dead.close()
  }

  async #finished<Out>(
    started: Started,
    id: string,
    wait: () => Promise<{ readonly outputs: unknown }>,
  ): Promise<TestRun<Out>> {
    let result: { outputs: Out } | { error: RunFailedError } | undefined
    for (let next = wait; result === undefined; next = () => this.#resumed(started, id, {})) {
      try {
        result = { outputs: (await next()).outputs as Out }
      } catch (error) {
        if (started.problem !== undefined) throw started.problem.error
        if (error instanceof RunFailedError) result = { error }
        else if (!this.#hasDied(error)) throw error
      }
    }
    // Its faults are over: what reads its outputs later meets none.
    this.#runs.delete(id)
    const detail = await this.#workspace.show(id)
    const { structure, compiler } = compilePipeline(started.pipeline)
    const steps = new Map([...compiler.keys].map(([step, key]) => [key, step]))
    const stepAt = (path: string): AnyStep | undefined => {
      const node = locate(structure, path)?.node
      return node?.type === 'step' ? steps.get(node.step) : undefined
    }
    if ('outputs' in result) {
      started.faults.checkHappened()
      started.answers.checkUsed()
    }
    return new TestRun({
      plan: structure,
      detail,
      result,
      events: await this.#eventsOf(id),
      updates: started.updates,
      decode: (execution) => this.#decode(execution, stepAt(execution.node)),
    })
  }

  async #eventsOf(id: string): Promise<StoredEvent[]> {
    const events: StoredEvent[] = []
    for await (const event of this.#metadata.events(id)) events.push(event)
    return events
  }

  #hasDied(error: unknown): boolean {
    return !this.#closed && PipewrightError.isInstance(error) && error.code === 'WORKSPACE_CLOSED'
  }

  async #resumed(
    { pipeline, onUpdate }: Started,
    id: string,
    options: ResumeOptions,
  ): Promise<{ readonly outputs: unknown }> {
    await this.#dying
    return this.#workspace.resume(id, pipeline, { ...options, onUpdate })
  }

  #decode({ run, outputs }: ExecutionRecord, step: AnyStep | undefined): Promise<Record<string, unknown>> {
    const reader = new TieredReader(this.#metadata, this.#store)
    return decodeRunOutputs(step?.outputs ?? {}, outputs, {
      blobs: reader,
      json: new JsonValues(reader),
      workdir: () => Promise.resolve(join(this.#folder, 'outputs', run)),
      predictorDigest: predictorDigestIn({ root: this.#root, opaque: this.#options.opaque ?? [] }),
    })
  }

  /** Store faults are counted from the start of the run that has them. */
  #operation(operation: 'write' | 'read'): void {
    for (const { faults } of this.#runs.values()) faults.operation(operation)
  }
}

/**
 * Opens a workspace in memory, for tests with several runs: hits, resumes, ages of cache entries.
 *
 * @example
 * ```ts
 * await using kit = await testWorkspace()
 * await kit.run(tumours, { csv: 'test/ten-rows.csv' })
 * const again = await kit.run(tumours, { csv: 'test/ten-rows.csv' })
 * expect(again).toHaveHitCache('trials/train')
 * ```
 */
export async function testWorkspace(options: TestWorkspaceOptions = {}): Promise<TestWorkspace> {
  const clock = options.clock ?? testClock()
  // Whether the time to decide is over is judged by the store.
  const metadata = await openSqliteMetadata(':memory:', { now: () => clock.now() })
  return new TestWorkspace(metadata, { ...options, clock })
}
