import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { milliseconds, type Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { uuidv7 } from '../internal/id.ts'
import { join } from 'node:path'
import type { Artifact } from '../artifact/artifact.ts'
import type { ArtifactStore } from '../artifact/blob.ts'
import type { AnyPredictor } from '../artifact/predictor.ts'
import { stepCode } from '../code/step-digest.ts'
import { graphOf } from '../define/graph.ts'
import type { AnyPipeline, Pipeline } from '../define/runnable.ts'
import type { AttemptServices } from '../execute/attempt.ts'
import { CommitWriter, TieredReader } from '../execute/blobs.ts'
import { startCapture } from '../execute/capture.ts'
import { JsonValues } from '../execute/json-values.ts'
import { LocalRun, type RunOutcome, type RunServices, type RunUpdate } from '../execute/local-run.ts'
import { ResourcePool } from '../execute/resource-pool.ts'
import { inlineRunner } from '../execute/runner.ts'
import type { Telemetry } from '../execute/telemetry.ts'
import { compare, type Comparison } from '../lineage/compare.ts'
import { Lineage, type LineageNode } from '../lineage/query.ts'
import { why, type Story } from '../lineage/why.ts'
import type { Plan } from '../plan/document.ts'
import { check, type Finding } from '../plan/check.ts'
import type { Given } from '../plan/inputs.ts'
import { narrow } from '../plan/narrow.ts'
import type { Selection } from '../plan/select.ts'
import type { RunEvent, RunSettings, StoredEvent, Values } from '../record/event.ts'
import type { Lease, MetadataStore } from '../record/metadata.ts'
import { currentOwner } from '../record/owner.ts'
import type { Page, RunDetail, RunQuery, RunRecord } from '../record/records.ts'
import { Registry } from '../registry/registry.ts'
import { readEnvironment } from './environment.ts'
import { collectGarbage, type GarbageOptions, type GarbageReport } from './garbage.ts'
import { Updates, type ActiveRun, type RunHandle, type RunResult } from './handle.ts'
import { decodeRunOutputs } from './outputs.ts'
import { codeDigests, compileProgram, type Compiled } from './program.ts'
import { checkResume, historyOf, planOf } from './resume.ts'
import { RunFailedError } from './run-error.ts'
import { Sources } from './sources.ts'

/** How a run behaves. */
export interface RunOptions {
  /** A name of the caller's, unique per pipeline: the same key and inputs attach to, or resume, that run. */
  readonly key?: string
  readonly tags?: readonly string[]
  /** How many steps run at once. Default: the workspace's setting. */
  readonly concurrency?: number
  /** `stop` (default): after a failure nothing new starts; `continue`: only what depends on it does not run. */
  readonly failure?: 'stop' | 'continue'
  /** With `stop`: running steps are cancelled too. Default false. */
  readonly failFast?: boolean
  /** The longest the run may take. Default: no limit. */
  readonly timeout?: Duration
  /** Runs a part of the pipeline: what else it needs comes from the cache, or the run fails with `SELECTION_GAP`. */
  readonly select?: Selection
  /** Cancels the run when it is aborted. */
  readonly signal?: AbortSignal
  /** Told of each event as it happens. */
  readonly onUpdate?: (update: RunUpdate) => void
  /** Takes `console` output and unhandled rejections of steps as theirs. Default false: they are the host's. */
  readonly captureConsole?: boolean
}

/** How a run is resumed. */
export interface ResumeOptions extends Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'> {
  /** Goes on although the code of unfinished steps has changed; recorded. */
  readonly acceptCode?: boolean
  /** Takes the run from an owner that seems alive; that one can commit nothing more. */
  readonly takeOver?: boolean
}

/** A plan with the code of its steps and the content of its sources. */
export interface WorkspacePlan extends Plan {
  /** By step: its code digest, or why it has none (and is not cached). */
  readonly code: Readonly<
    Record<string, { readonly digest: Digest | null; readonly uncacheable: string | null }>
  >
  /** By input: the artifact of each file or directory. */
  readonly sources: Readonly<Record<string, Artifact>>
}

/** The parts that a workspace is made of. */
export interface WorkspaceParts {
  readonly root: string
  /** The folder of the workspace's own files. */
  readonly folder: string
  readonly store: ArtifactStore
  readonly metadata: MetadataStore
  readonly concurrency: number
  readonly resources: Readonly<Record<string, number>>
  readonly telemetry: Telemetry | undefined
  /** Finds the pipeline of a recorded run by the address that was recorded. */
  readonly findPipeline: (detail: RunDetail) => Promise<AnyPipeline>
}

/**
 * A store of artifacts, a store of what happened, and settings: where pipelines run and are remembered. Opened
 * by {@link openWorkspace}.
 */
export class Workspace implements AsyncDisposable {
  /** The folder of the project. */
  readonly root: string
  /** The registered models. */
  readonly registry: Registry
  readonly #parts: WorkspaceParts
  readonly #services: RunServices
  readonly #sources: Sources
  readonly #lineage: Lineage
  readonly #active = new Map<string, ActiveRun>()
  #closed = false

  /** @internal */
  constructor(parts: WorkspaceParts) {
    this.#parts = parts
    this.root = parts.root
    const { metadata, store, folder } = parts
    const reader = new TieredReader(metadata, store)
    const predictorDigest = (predictor: AnyPredictor): Promise<Digest | undefined> =>
      this.#predictorDigest(predictor)
    const attempt: AttemptServices = {
      root: folder,
      store,
      reader,
      json: new JsonValues(reader),
      runner: inlineRunner,
      ports: { registry: metadata },
      predictorDigest,
    }
    const telemetry = parts.telemetry === undefined ? {} : { telemetry: parts.telemetry }
    this.#services = {
      ...attempt,
      metadata,
      resources: new ResourcePool(parts.resources),
      twins: new Map(),
      ...telemetry,
    }
    this.#sources = new Sources(store, parts.root, folder)
    this.#lineage = new Lineage(metadata)
    this.registry = new Registry(metadata, {
      blobs: reader,
      workdir: () => this.#outputFolder('registry'),
      predictorDigest,
    })
  }

  /**
   * Compiles a pipeline and adds what only reading files tells: code digests, the content of sources, refs that
   * the build function misuses.
   */
  async plan<In, Out>(pipeline: Pipeline<In, Out>, inputs: Given<NoInfer<In>>): Promise<WorkspacePlan> {
    const given = inputs as Readonly<Record<string, unknown>>
    const { plan, program } = await compileProgram(pipeline, given, this.root)
    const values = await this.#sources.read(pipeline, plan.given, process.cwd())
    const code: Record<string, { digest: Digest | null; uncacheable: string | null }> = {}
    for (const [key, step] of program.code) {
      code[key] = step.cacheable
        ? { digest: step.digest, uncacheable: null }
        : { digest: null, uncacheable: step.reason }
    }
    const sources = Object.fromEntries(
      Object.entries(values).flatMap(([name, value]) =>
        'artifact' in value ? [[name, value.artifact]] : [],
      ),
    )
    return Object.freeze({ ...plan, code, sources })
  }

  /** What can be known of a pipeline before it runs: steps that are not cached and why, resources, dead ends. */
  async check<In, Out>(pipeline: Pipeline<In, Out>): Promise<readonly Finding[]> {
    const { plan, program, address } = await compileProgram(pipeline, undefined, this.root)
    const uncacheable = Object.fromEntries(
      [...program.code].map(([key, code]) => [key, code.cacheable ? null : code.reason]),
    )
    return check(plan, { uncacheable, resources: this.#parts.resources, importable: address !== null })
  }

  /**
   * Runs a pipeline and waits for its outputs.
   *
   * Throws `RunFailedError` when it did not succeed; nothing that succeeded is lost, see {@link Workspace.resume}.
   *
   * @example
   * ```ts
   * const { outputs, run } = await pw.run(tumours, { csv: 'tumours.csv' })
   * ```
   */
  async run<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: RunOptions = {},
  ): Promise<RunResult<Out>> {
    return (await this.start(pipeline, inputs, options)).result()
  }

  /** Starts a run and returns at once when it is recorded. */
  async start<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: RunOptions = {},
  ): Promise<RunHandle<Out>> {
    this.#open()
    const target = pipeline as unknown as AnyPipeline
    const compiled = await compileProgram(target, inputs, this.root)
    const values = await this.#sources.read(target, compiled.plan.given, process.cwd())
    if (options.key !== undefined) {
      const earlier = await this.#byKey(target, options.key, values, options)
      if (earlier !== undefined) return earlier as RunHandle<Out>
    }
    const id = uuidv7()
    const settings = this.#settings(options)
    const writer = new CommitWriter(this.#parts.store, this.#services.reader)
    const { given: _given, ...structure } = compiled.plan
    const document = await writer.put(Buffer.from(canonicalJson(structure), 'utf8'))
    const lease = await this.#acquire(id, false)
    const started: RunEvent = {
      type: 'run.started',
      pipeline: target.name,
      plan: document.digest,
      structure: compiled.plan.digest,
      inputs: values,
      code: codeDigests(compiled.program),
      address: compiled.address,
      settings,
      tags: options.tags ?? [],
      key: options.key ?? null,
    }
    await this.#parts.metadata.append(
      { run: id, at: Date.now(), event: started, blobs: writer.pending },
      lease,
    )
    return this.#drive(target, compiled, values, id, settings, lease, [], options) as RunHandle<Out>
  }

  /**
   * Goes on with a run that has not succeeded: what has succeeded is not run again, what failed gets fresh
   * attempts with the same idempotency keys.
   *
   * `pipeline` is needed where the run's code cannot be found by its address. Throws `STRUCTURE_CHANGED`,
   * `CODE_CHANGED` (unless `acceptCode`), `RUN_OWNED`, `RUN_NOT_RESUMABLE` or `RUN_NOT_FOUND`.
   */
  async resume(id: string, options?: ResumeOptions): Promise<RunResult<unknown>>
  async resume<In, Out>(
    id: string,
    pipeline: Pipeline<In, Out>,
    options?: ResumeOptions,
  ): Promise<RunResult<Out>>
  async resume(
    id: string,
    second?: ResumeOptions | Pipeline<never, unknown>,
    third?: ResumeOptions,
  ): Promise<RunResult<unknown>> {
    const isOptions = second === undefined || !('name' in second)
    const options = (isOptions ? second : third) ?? {}
    return (await this.#resume(id, isOptions ? undefined : second, options)).result()
  }

  async #resume(
    idOrPrefix: string,
    given: AnyPipeline | undefined,
    options: ResumeOptions,
  ): Promise<RunHandle<unknown>> {
    this.#open()
    const detail = await this.show(idOrPrefix)
    const { id } = detail
    if (detail.state === 'succeeded') {
      throw new PipewrightError('RUN_NOT_RESUMABLE', `run ${id} has succeeded: there is nothing to resume`, {
        fix: 'run the pipeline again',
        details: { run: id },
      })
    }
    const pipeline = given ?? (await this.#parts.findPipeline(detail))
    const compiled = await compileProgram(pipeline, undefined, this.root)
    const accepted = checkResume(detail, compiled, options.acceptCode ?? false)
    const lease = await this.#acquire(id, options.takeOver ?? false)
    const history = await historyOf(this.#parts.metadata, id)
    const code = codeDigests(compiled.program)
    await this.#parts.metadata.append(
      { run: id, at: Date.now(), event: { type: 'run.resumed', acceptedCode: accepted, code } },
      lease,
    )
    return this.#drive(pipeline, compiled, detail.inputs, id, detail.settings, lease, history, options)
  }

  /** Asks whoever drives a run to cancel it; the owner sees it within a second. */
  async cancel(id: string, reason = 'requested'): Promise<void> {
    const { id: run } = await this.#find(id)
    const active = this.#active.get(run)
    if (active !== undefined) active.driver.cancel(reason)
    else await this.#parts.metadata.requestCancel(run, reason)
  }

  /** Lists runs: filtered, ordered, page by page. */
  runs(query: RunQuery = {}): Promise<Page<RunRecord>> {
    this.#open()
    return this.#parts.metadata.runs(query)
  }

  /** All that is known of a run; a unique prefix of its id is enough. Throws `RUN_NOT_FOUND`. */
  async show(id: string): Promise<RunDetail> {
    const { id: run } = await this.#find(id)
    return (await this.#parts.metadata.detail(run))!
  }

  /** The plan that a run executes. */
  async planOf(id: string): Promise<Omit<Plan, 'given'>> {
    return planOf(await this.show(id), this.#services.reader)
  }

  /** The records of an artifact by its content digest. Throws `ARTIFACT_NOT_FOUND`. */
  async artifact(digest: Digest): Promise<Artifact> {
    this.#open()
    const [artifact] = await this.#parts.metadata.artifacts(digest)
    if (artifact === undefined)
      throw new PipewrightError('ARTIFACT_NOT_FOUND', `no artifact has the digest ${digest}`, {
        fix: 'see `pipewright show <run>` for digests',
        details: { digest },
      })
    return artifact
  }

  /** The stored bytes of an artifact. */
  async bytes(artifact: Artifact): Promise<Uint8Array> {
    this.#open()
    return this.#services.reader.bytes(artifact)
  }

  /** Everything that an artifact was made from. */
  async upstream(digest: Digest): Promise<readonly LineageNode[]> {
    await this.artifact(digest)
    return this.#lineage.upstream(digest)
  }

  /** Everything that was made from an artifact. */
  async downstream(digest: Digest): Promise<readonly LineageNode[]> {
    await this.artifact(digest)
    return this.#lineage.downstream(digest)
  }

  /** The story of an artifact: what made it, from what, down to source bytes and code. */
  async why(digest: Digest): Promise<Story> {
    await this.artifact(digest)
    return why(this.#parts.metadata, digest)
  }

  /** What differs between two runs: inputs, code, parameters, metrics, outputs, environment. */
  async compare(a: string, b: string): Promise<Comparison> {
    return compare(await this.show(a), await this.show(b))
  }

  /** Keeps a run and all that it made from garbage collection. */
  async pin(id: string): Promise<void> {
    await this.#parts.metadata.pin((await this.#find(id)).id, true)
  }

  /** Lets a pinned run go. */
  async unpin(id: string): Promise<void> {
    await this.#parts.metadata.pin((await this.#find(id)).id, false)
  }

  /** Removes runs past an age, and every blob that nothing needs any more. */
  gc(options: GarbageOptions): Promise<GarbageReport> {
    this.#open()
    return collectGarbage(this.#parts.metadata, this.#parts.store, options)
  }

  /** Gives up the runs of this process (they can be resumed) and closes the stores. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    const error = new PipewrightError(
      'WORKSPACE_CLOSED',
      'the workspace was closed while the run was going on',
      { fix: 'await the run before closing, or resume it' },
    )
    for (const { driver } of this.#active.values()) driver.lose(error)
    await Promise.allSettled([...this.#active.values()].map(({ ended }) => ended))
    await this.#parts.metadata.close()
    await this.#parts.store.close()
  }

  /** The same as {@link Workspace.close}, for `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #open(): void {
    if (this.#closed)
      throw new PipewrightError('WORKSPACE_CLOSED', 'the workspace is closed', {
        fix: 'open it again: await openWorkspace()',
      })
  }

  #settings(options: RunOptions): RunSettings {
    const concurrency = options.concurrency ?? this.#parts.concurrency
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new PipewrightError('CONFIG_INVALID', `concurrency ${concurrency} is not a count`, {
        fix: 'give a whole number from 1',
      })
    }
    const timeout = options.timeout === undefined ? {} : { timeout: milliseconds(options.timeout, 'timeout') }
    const selection = options.select === undefined ? {} : { selection: options.select }
    return {
      concurrency,
      failure: options.failure ?? 'stop',
      failFast: options.failFast ?? false,
      ...timeout,
      ...selection,
    }
  }

  async #acquire(run: string, takeOver: boolean): Promise<Lease> {
    const found = await this.#parts.metadata.acquire(run, currentOwner(), takeOver ? 'any' : undefined)
    if (found.ok) return found.lease
    const { host, pid } = found.owner
    throw new PipewrightError('RUN_OWNED', `run ${run} is being driven by process ${pid} on ${host}`, {
      fix: `wait for it, or take the run from it: \`pipewright resume ${run} --take-over\``,
      details: { run, owner: found.owner },
    })
  }

  #drive(
    pipeline: AnyPipeline,
    compiled: Compiled,
    inputs: Values,
    id: string,
    settings: RunSettings,
    lease: Lease,
    history: readonly StoredEvent[],
    options: Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'>,
  ): RunHandle<unknown> {
    const updates = new Updates()
    const onUpdate = (update: RunUpdate): void => {
      updates.push(update)
      options.onUpdate?.(update)
    }
    const { program } = compiled
    const part = settings.selection === undefined ? undefined : narrow(compiled.plan, settings.selection)
    const plan = part === undefined ? compiled.plan : { ...compiled.plan, scope: part.scope }
    const reuse = part === undefined ? {} : { reuse: part.reuse }
    const driver = new LocalRun(
      { id, plan, program, inputs, settings, ...reuse, lease, history, onUpdate },
      this.#services,
    )
    const ended = this.#watch(id, driver, lease, updates, options)
    this.#active.set(id, { driver, updates, ended })
    return this.#handle(id, pipeline, driver, updates, ended)
  }

  async #watch(
    id: string,
    driver: LocalRun,
    lease: Lease,
    updates: Updates,
    options: Pick<RunOptions, 'signal' | 'captureConsole'>,
  ): Promise<RunOutcome> {
    const { metadata } = this.#parts
    const { signal } = options
    const onAbort = (): void => driver.cancel((signal?.reason as Error | undefined)?.message ?? 'aborted')
    signal?.addEventListener('abort', onAbort, { once: true })
    const stops = [
      metadata.onCancelRequested(id, (reason) => driver.cancel(reason)),
      metadata.onLost(id, () =>
        driver.lose(
          new PipewrightError('LEASE_LOST', `run ${id} was taken over by another process`, {
            fix: 'nothing: that process goes on with it',
          }),
        ),
      ),
      options.captureConsole === true ? startCapture() : undefined,
    ]
    try {
      const driven = driver.drive()
      if (signal?.aborted === true) onAbort()
      void this.#recordEnvironment(id, lease)
      return await driven
    } finally {
      signal?.removeEventListener('abort', onAbort)
      for (const stop of stops) stop?.()
      await metadata.release(lease).catch(() => undefined)
      this.#active.delete(id)
      updates.end()
    }
  }

  async #recordEnvironment(id: string, lease: Lease): Promise<void> {
    const environment = await readEnvironment(this.root)
    // A run that is over before its environment was read, or was lost, goes without.
    await this.#parts.metadata
      .append({ run: id, at: Date.now(), event: { type: 'run.environment', environment } }, lease)
      .catch(() => undefined)
  }

  #handle(
    id: string,
    pipeline: AnyPipeline,
    driver: LocalRun,
    updates: Updates,
    ended: Promise<RunOutcome>,
  ): RunHandle<unknown> {
    // Whoever does not ask for the result must not end the process by its failure.
    ended.catch(() => undefined)
    return {
      id,
      events: () => updates.stream(),
      cancel: (reason = 'requested') => driver.cancel(reason),
      result: async () => {
        const outcome = await ended
        if (outcome.state !== 'succeeded') throw new RunFailedError(id, pipeline.name, outcome)
        return {
          outputs: await this.#decode(pipeline, outcome.outputs, id),
          run: { id, pipeline: pipeline.name },
        }
      },
    }
  }

  #decode(pipeline: AnyPipeline, outputs: Values, id: string): Promise<Record<string, unknown>> {
    const { kinds } = graphOf(pipeline)
    return decodeRunOutputs(kinds, outputs, {
      blobs: this.#services.reader,
      json: this.#services.json,
      workdir: () => this.#outputFolder(id),
      predictorDigest: (predictor) => this.#predictorDigest(predictor),
    })
  }

  async #byKey(
    pipeline: AnyPipeline,
    key: string,
    inputs: Values,
    options: RunOptions,
  ): Promise<RunHandle<unknown> | undefined> {
    const earlier = await this.#parts.metadata.runByKey(pipeline.name, key)
    if (earlier === undefined) return undefined
    const detail = await this.show(earlier.id)
    if (sha256(canonicalJson(detail.inputs)) !== sha256(canonicalJson(inputs))) {
      throw new PipewrightError(
        'RUN_KEY_CONFLICT',
        `key '${key}' of pipeline '${pipeline.name}' belongs to run ${earlier.id}, which has other inputs`,
        {
          fix: 'use another key, or the same inputs',
          details: { key, run: earlier.id },
        },
      )
    }
    const active = this.#active.get(earlier.id)
    if (active !== undefined)
      return this.#handle(earlier.id, pipeline, active.driver, active.updates, active.ended)
    if (detail.state !== 'succeeded') return this.#resume(earlier.id, pipeline, options)
    const updates = new Updates()
    updates.end()
    const outputs = async (): Promise<Record<string, unknown>> =>
      this.#decode(pipeline, detail.outputs, detail.id)
    return {
      id: detail.id,
      events: () => updates.stream(),
      cancel: () => undefined,
      result: async () => ({ outputs: await outputs(), run: { id: detail.id, pipeline: pipeline.name } }),
    }
  }

  async #find(idOrPrefix: string): Promise<RunRecord> {
    this.#open()
    const found = await this.#parts.metadata.runsByPrefix(idOrPrefix)
    const exact = found.find((run) => run.id === idOrPrefix)
    if (exact !== undefined) return exact
    if (found.length === 1 && idOrPrefix !== '') return found[0]!
    const many = found.length > 1
    throw new PipewrightError(
      'RUN_NOT_FOUND',
      many ? `several runs start with '${idOrPrefix}'` : `there is no run '${idOrPrefix}'`,
      {
        fix: many ? 'give more of the id' : 'see `pipewright runs`',
        details: { run: idOrPrefix },
      },
    )
  }

  async #predictorDigest(predictor: AnyPredictor): Promise<Digest | undefined> {
    const code = await stepCode({ name: predictor.name, module: predictor.module }, { root: this.root })
    return code.cacheable ? code.digest : undefined
  }

  async #outputFolder(name: string): Promise<string> {
    return join(this.#parts.folder, 'outputs', name)
  }
}
