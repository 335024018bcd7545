import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import type { Readable } from 'node:stream'
import type { Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { TextForm } from '../artifact/table-text.ts'
import { isPipeline, type AnyPipeline, type Pipeline } from '../define/runnable.ts'
import { compare, type Comparison } from '../lineage/compare.ts'
import { explain, type Explanation } from '../lineage/explain.ts'
import { contentOf, type RunContent } from '../lineage/run-content.ts'
import { Lineage, type LineageNode } from '../lineage/query.ts'
import { why, type Story } from '../lineage/why.ts'
import { check, type Finding } from '../plan/check.ts'
import type { Plan } from '../plan/document.ts'
import type { PlanGraph } from '../plan/locate.ts'
import type { Given } from '../plan/inputs.ts'
import type { Page, RunDetail, RunQuery, RunRecord } from '../record/records.ts'
import { EnvironmentListeners, type EnvironmentProgress } from '../python/environment/environment-progress.ts'
import { isPythonStep } from '../define/python-step.ts'
import { notebookFindings } from '../python/notebook/notebook-findings.ts'
import { signatureFindings } from '../python/signature/signature-findings.ts'
import { Registry } from '../registry/registry.ts'
import { schedule, type ScheduleOptions } from '../schedule/schedule.ts'
import { trigger, type TriggerOptions, type TriggerSource } from '../schedule/trigger.ts'
import { digestsOf, type BuiltDigests } from './built-digests.ts'
import { exportRun, importRun, type BundleReport, type ImportReport } from './bundle.ts'
import { contentReader } from './content-reader.ts'
import { Decisions, type ApprovalOptions, type DecisionOptions, type WaitingNode } from './decisions.ts'
import { exportArtifact, tableText } from './export-artifact.ts'
import { explainSource } from './explain-source.ts'
import { collectGarbage, type GarbageOptions, type GarbageReport } from './garbage.ts'
import { Automation, type OverdueWork } from './drive/automation.ts'
import type { BackfillOptions, BackfillReport } from './drive/backfill.ts'
import type { DriveOptions } from './drive/driver.ts'
import type { StoredSchedule, StoredTrigger } from './drive/stored-schedule.ts'
import type { RunHandle, RunResult } from './handle.ts'
import type { HermeticReport } from './hermetic/report.ts'
import type { WorkspaceParts } from './parts.ts'
import { compileProgram } from './program.ts'
import { readLogs, type LogOptions } from './logs.ts'
import { planOf, planOfRun } from './resume.ts'
import { previewOf, type NodePreview } from '../lineage/preview.ts'
import type { CloneOptions, RerunOptions } from './rerun.ts'
import type { PreviewOptions, ResumeOptions, RunOptions } from './run-options.ts'
import type { EventOptions, SeenEvent } from './run-events.ts'
import { Runs } from './runs.ts'
import type { LogLine } from './segment.ts'
import { runNotFound } from './run-not-found.ts'
import { servicesOf, type WorkspaceServices } from './services.ts'
import type { RepeatedStep, RepeatOptions } from './step-again.ts'
import { Sources } from './sources.ts'

/**
 * A plan with the code of its steps and the content of its sources.
 *
 * @example
 * ```ts
 * const { code, sources } = await pw.plan(tumours, { csv: 'tumours.csv' })
 * console.log(sources.csv?.digest) // sha256:8b1a…
 * console.log(code.train?.uncacheable ?? 'train is cached')
 * ```
 */
export interface WorkspacePlan extends Plan {
  /** By step: its code digest, or why it has none (and is not cached). */
  readonly code: Readonly<
    Record<string, { readonly digest: Digest | null; readonly uncacheable: string | null }>
  >
  /** By input: the artifact of each file or directory. */
  readonly sources: Readonly<Record<string, Artifact>>
}

/**
 * A store of artifacts, a store of what happened, and settings: where pipelines run and are remembered. Opened
 * by {@link openWorkspace}.
 *
 * @example
 * ```ts
 * const pw = await openWorkspace()
 * try {
 *   const { outputs, run } = await pw.run(tumours, { csv: 'tumours.csv' })
 *   console.log(outputs.endpoint)
 *   console.log(renderRun(await pw.show(run.id), await pw.planOf(run.id)))
 * } finally {
 *   await pw.close()
 * }
 * ```
 */
export class Workspace implements AsyncDisposable {
  /** The folder of the project. */
  readonly root: string
  /** The registered models. */
  readonly registry: Registry
  readonly #parts: WorkspaceParts
  readonly #services: WorkspaceServices
  readonly #sources: Sources
  readonly #lineage: Lineage
  readonly #runs: Runs
  readonly #decisions: Decisions
  readonly #automation: Automation
  readonly #environments = new EnvironmentListeners()
  #closed = false

  /** @internal */
  constructor(given: WorkspaceParts) {
    const parts = { ...given, onEnvironment: this.#environments.tell }
    this.#parts = parts
    this.root = parts.root
    this.#services = servicesOf(parts)
    this.#sources = new Sources(parts.store, parts.root, parts.folder)
    this.#lineage = new Lineage(parts.metadata)
    this.#runs = new Runs(parts, this.#services, this.#sources)
    const { reader, predictorDigest } = this.#services
    this.#decisions = new Decisions(parts.metadata, reader)
    this.#automation = new Automation(parts, this.#services, this.#runs)
    const workdir = (): Promise<string> => Promise.resolve(join(parts.folder, 'outputs', 'registry'))
    this.registry = new Registry(parts.metadata, { blobs: reader, workdir, predictorDigest })
  }

  /**
   * Compiles a pipeline and adds what only reading files tells: code digests, the content of sources, refs that
   * the build function misuses.
   *
   * @example
   * ```ts
   * const { digest, code } = await pw.plan(tumours, { csv: 'tumours.csv' })
   * for (const [step, { uncacheable }] of Object.entries(code))
   *   if (uncacheable !== null) console.log(`${step} is not cached: ${uncacheable}`)
   * ```
   */
  async plan<In, Out>(pipeline: Pipeline<In, Out>, inputs: Given<NoInfer<In>>): Promise<WorkspacePlan> {
    const given = inputs as Readonly<Record<string, unknown>>
    const { plan, program } = await compileProgram(pipeline, given, this.#parts)
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

  /**
   * Tells before running what a run would do with each node, and why: reuse it, execute it (and what has changed since
   * when), or that this depends on what another node will give. Nothing is executed and nothing recorded.
   *
   * @example
   * ```ts
   * for (const { node, verdict } of await pw.preview(tumours, { csv: 'tumours.csv' }))
   *   console.log(`${node}: ${verdict}`) // load: reused, trials[1]/train: executed, …
   * ```
   */
  async preview<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: PreviewOptions = {},
  ): Promise<readonly NodePreview[]> {
    this.#open()
    const given = inputs as Readonly<Record<string, unknown>>
    const { compiled, prospects } = await this.#runs.preview(pipeline, given, options)
    return previewOf(prospects, compiled.program, explainSource(this.#parts.metadata, this.#services))
  }

  /**
   * The code digests that the steps of a pipeline have by their sources, for a module that was built of them: written
   * beside it as `<module>.digests.json` they hold for it, minified or bundled, as long as it is that build.
   *
   * @example
   * ```ts
   * import { writeFile } from 'node:fs/promises'
   *
   * const { file, content } = await pw.digests(tumours, 'dist/tumours.mjs')
   * await writeFile(file, JSON.stringify(content)) // dist/tumours.mjs.digests.json
   * ```
   */
  async digests<In, Out>(pipeline: Pipeline<In, Out>, built: string): Promise<BuiltDigests> {
    const { program } = await compileProgram(pipeline, undefined, this.#parts)
    return digestsOf(program, resolve(built))
  }

  /**
   * What can be known of a pipeline before it runs: steps that are not cached and why, resources, dead ends, Python
   * functions that do not fit their steps.
   *
   * @example
   * ```ts
   * for (const { level, subject, message, fix } of await pw.check(tumours))
   *   console.log(`${level}: ${subject} ${message} (${fix})`)
   * ```
   */
  async check<In, Out>(pipeline: Pipeline<In, Out>): Promise<readonly Finding[]> {
    const { plan, program, address } = await compileProgram(pipeline, undefined, this.#parts)
    const uncacheable = Object.fromEntries(
      [...program.code].map(([key, code]) => [key, code.cacheable ? null : code.reason]),
    )
    const wide = Object.fromEntries(
      [...program.code].map(([key, code]) => [key, code.cacheable ? code.wide : []]),
    )
    const findings = check(plan, {
      uncacheable,
      wide,
      outside: new Set([...program.steps].filter(([, step]) => isPythonStep(step)).map(([key]) => key)),
      resources: this.#parts.resources,
      importable: address !== null,
    })
    return [
      ...findings,
      ...(await signatureFindings(plan, program.steps, this.#parts)),
      ...(await notebookFindings(plan, program.steps, this.#parts)),
    ]
  }

  /**
   * Tells a function how Python environments of requirements are made, whatever in this workspace needs one (a plan, a
   * check, a run, a driver), until what it returns is called. Errors of the function are its own affair.
   *
   * @example
   * ```ts
   * const forget = pw.onEnvironment(({ line }) => console.error(line)) // Collecting numpy==2.3.4, …
   * await pw.run(tumours, { csv: 'tumours.csv' })
   * forget()
   * ```
   */
  onEnvironment(listener: (progress: EnvironmentProgress) => void): () => void {
    return this.#environments.add(listener)
  }

  /**
   * Runs each step of a pipeline in a process of its own, in a workspace that is removed again, and tells what the
   * project's code uses of the world that no step declares: files, network, processes, clock, chance, environment.
   *
   * Steps with `cache: 'never'` or a ttl are exempt; effects are not carried out, and what needs them is not reached.
   * Native code and grandchildren are not seen; `limits` says what else. Throws `PIPELINE_NOT_FOUND` for a pipeline that no module exports.
   *
   * @example
   * ```ts
   * const { uses } = await pw.checkHermetic(tumours, { csv: 'tumours.csv' })
   * for (const { file, line, what } of uses) console.log(`${file}:${line} ${what}`)
   * ```
   */
  async checkHermetic<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
  ): Promise<HermeticReport> {
    this.#open()
    const { checkHermetic } = await import('./hermetic/check-hermetic.ts')
    return checkHermetic(pipeline, inputs, this.#parts)
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

  /**
   * Starts a run and returns at once when it is recorded.
   *
   * @example
   * ```ts
   * const handle = await pw.start(tumours, { csv: 'tumours.csv' })
   * console.log(`run ${handle.id} goes on; elsewhere: pipewright logs ${handle.id} -f`)
   * const { outputs } = await handle.result()
   * ```
   */
  async start<In, Out>(
    pipeline: Pipeline<In, Out>,
    inputs: Given<NoInfer<In>>,
    options: RunOptions = {},
  ): Promise<RunHandle<Out>> {
    this.#open()
    return (await this.#runs.start(pipeline, inputs, options)) as RunHandle<Out>
  }

  /**
   * Goes on with a run that has not succeeded: what has succeeded is not run again, what failed gets fresh
   * attempts with the same idempotency keys.
   *
   * `pipeline` is needed where the run's code cannot be found by its address. Throws `STRUCTURE_CHANGED`,
   * `CODE_CHANGED` (unless `acceptCode`), `RUN_OWNED`, `RUN_NOT_RESUMABLE` or `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { items } = await pw.runs({ pipeline: 'tumours', state: 'failed', limit: 1 })
   * for (const { id } of items) {
   *   const { outputs } = await pw.resume(id, tumours) // typed, as the pipeline is given
   *   console.log(outputs.endpoint)
   * }
   * ```
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
    const { pipeline, options } = pipelineAndOptions<ResumeOptions>(second, third)
    return (await this.takeUp(id, pipeline, options)).result()
  }

  /**
   * Goes on with a run as {@link Workspace.resume} does, and returns at once when this process drives it: what
   * {@link Workspace.start} is to {@link Workspace.run}.
   *
   * @example
   * ```ts
   * for (const { id } of (await pw.runs({ state: 'interrupted' })).items) await pw.takeUp(id)
   * ```
   */
  async takeUp<In = never, Out = unknown>(
    id: string,
    pipeline?: Pipeline<In, Out>,
    options: ResumeOptions = {},
  ): Promise<RunHandle<Out>> {
    this.#open()
    const { id: run } = await this.#find(id)
    // Before the run: what is recorded meanwhile is then seen to be new.
    const seenAt = await this.#parts.metadata.lastEvent(run)
    return (await this.#runs.resume(await this.show(run), pipeline, options, seenAt)) as RunHandle<Out>
  }

  /**
   * Repeats a part of a run in a new one, which names it (`rerunOf`): recorded inputs are reused unless given anew, what
   * has succeeded and is not to be repeated is taken from the record and never runs again, effects included. Returns when
   * the new run is recorded.
   *
   * `from` names nodes that are executed again with all that follows (not taken from the cache), `only` nodes alone,
   * `failed` what has not succeeded; inputs that are others now repeat what reads them. Everything that was never done is
   * done. Approvals that were given stand; handlers (`onFailure`, `always`) run anew. How the run behaves is what the old
   * one was given, unless options say otherwise.
   *
   * Throws `RUN_OWNED` while the run goes on, `STRUCTURE_CHANGED`, `SELECTION_EMPTY`, `CONFIG_INVALID` where nothing is to
   * be repeated, `INPUT_INVALID`, `PIPELINE_NOT_FOUND` or `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const again = await pw.rerun(run.id, tumours, { from: ['pick-best'] })
   * const { outputs } = await again.result()
   * console.log((await pw.show(again.id)).rerunOf === run.id) // true
   * ```
   */
  async rerun(id: string, options: RerunOptions): Promise<RunHandle<unknown>>
  async rerun<In, Out>(
    id: string,
    pipeline: Pipeline<In, Out>,
    options: RerunOptions<NoInfer<In>>,
  ): Promise<RunHandle<Out>>
  async rerun(
    id: string,
    second: RerunOptions | Pipeline<never, unknown>,
    third?: RerunOptions,
  ): Promise<RunHandle<unknown>> {
    const { pipeline, options } = pipelineAndOptions<RerunOptions>(second, third)
    return this.#runs.rerun(await this.show(id), pipeline, options)
  }

  /**
   * Starts a new run of the pipeline of another one, with its recorded inputs but for those that are given: what files
   * held then is what this run reads. It behaves as any run: what is in the cache is reused. Returns when it is recorded.
   *
   * Throws `INPUT_INVALID`, `UNKNOWN_INPUT` for an input that the pipeline has no more, `PIPELINE_NOT_FOUND` or
   * `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const clone = await pw.clone(run.id, tumours, { inputs: { rates: [0.3] } })
   * const { outputs } = await clone.result()
   * ```
   */
  async clone(id: string, options?: CloneOptions): Promise<RunHandle<unknown>>
  async clone<In, Out>(
    id: string,
    pipeline: Pipeline<In, Out>,
    options?: CloneOptions<NoInfer<In>>,
  ): Promise<RunHandle<Out>>
  async clone(
    id: string,
    second?: CloneOptions | Pipeline<never, unknown>,
    third?: CloneOptions,
  ): Promise<RunHandle<unknown>> {
    const { pipeline, options } = pipelineAndOptions<CloneOptions>(second, third)
    return this.#runs.clone(await this.show(id), pipeline, options)
  }

  /**
   * Repeats one step of a run on its recorded inputs, in this process and with the code of today, and compares what it
   * gives: for looking at a failure, or at what changed code makes of the same inputs. Nothing is recorded and no time
   * limit holds; calls of `ctx.once` that have given a result do not run again, and no checkpoint is restored.
   *
   * Throws `NODE_NOT_FOUND` for what was never executed, `EFFECT_REFUSED` for an effect unless `effect` allows it,
   * `STRUCTURE_CHANGED`, `PIPELINE_NOT_FOUND` or `RUN_NOT_FOUND`; what the step throws is in the result.
   *
   * @example
   * ```ts
   * const { error, differences } = await pw.repeatStep(run.id, 'trials[1]/train', tumours)
   * for (const { output, difference } of differences ?? []) console.log(output, difference)
   * if (error !== undefined) console.log('it still throws', error)
   * ```
   */
  async repeatStep(id: string, node: string, options?: RepeatOptions): Promise<RepeatedStep>
  async repeatStep<In, Out>(
    id: string,
    node: string,
    pipeline: Pipeline<In, Out>,
    options?: RepeatOptions,
  ): Promise<RepeatedStep>
  async repeatStep(
    id: string,
    node: string,
    third?: RepeatOptions | Pipeline<never, unknown>,
    fourth?: RepeatOptions,
  ): Promise<RepeatedStep> {
    const { pipeline, options } = pipelineAndOptions<RepeatOptions>(third, fourth)
    return this.#runs.repeatStep(await this.show(id), node, pipeline, options)
  }

  /**
   * The pipeline of a run, found by the module that its record names. Throws `PIPELINE_NOT_FOUND` or `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const pipeline = await pw.pipelineOf(run.id)
   * console.log(Object.keys(pipeline.inputs)) // ['csv', 'rates']
   * ```
   */
  async pipelineOf(id: string): Promise<AnyPipeline> {
    return this.#parts.findPipeline(await this.show(id))
  }

  /**
   * Asks whoever drives a run to cancel it; the owner sees it within a second.
   *
   * @example
   * ```ts
   * await pw.cancel(run.id, 'newer data has come')
   * ```
   */
  async cancel(id: string, reason = 'requested'): Promise<void> {
    await this.#runs.cancel((await this.#find(id)).id, reason)
  }

  /**
   * Approves what a run waits for; whoever drives the run sees it within a second, and a run that nobody drives goes on
   * when it is next taken up. Who, when and why is recorded. Gives the node that was decided.
   *
   * Throws `NOT_WAITING`, `APPROVAL_FORBIDDEN`, `APPROVAL_CLOSED` (decided before, too late, or the run has ended) or
   * `RUN_NOT_FOUND`. What the decision carries is checked by whoever drives the run: it goes on waiting where it does
   * not fit.
   *
   * @example
   * ```ts
   * await pw.approve(run.id, { node: 'go-live', by: 'ada', roles: ['ml-lead'], payload: { traffic: 0.1 } })
   * ```
   */
  async approve(id: string, options: ApprovalOptions): Promise<string> {
    return this.#decisions.decide(await this.show(id), true, options)
  }

  /**
   * Rejects what a run waits for, as {@link Workspace.approve} approves it.
   *
   * @example
   * ```ts
   * await pw.reject(run.id, { by: 'ada', reason: 'the data of May are missing' })
   * ```
   */
  async reject(id: string, options: DecisionOptions): Promise<string> {
    return this.#decisions.decide(await this.show(id), false, options)
  }

  /**
   * Sends a signal to a run; the next node that waits for it takes it, now or later. Throws `NOT_WAITING` for one that no
   * node of the pipeline ever waits for, or `APPROVAL_CLOSED` when the run has ended.
   *
   * @example
   * ```ts
   * await pw.signal(run.id, 'labels-ready', { batch: '2026-05' }, { by: 'labelling' })
   * ```
   */
  async signal(
    id: string,
    name: string,
    payload: Json = null,
    { by = 'unknown' }: { readonly by?: string } = {},
  ): Promise<void> {
    await this.#decisions.signal(await this.show(id), name, payload, by)
  }

  /**
   * What a run waits for: points in time, signals and decisions, with what whoever decides is to see.
   *
   * @example
   * ```ts
   * for (const { node, message, by } of await pw.waits(run.id)) console.log(node, message, by)
   * ```
   */
  async waits(id: string): Promise<readonly WaitingNode[]> {
    return this.#decisions.waits(await this.show(id))
  }

  /**
   * Says when a pipeline runs; kept, and changed where there is a schedule of that name. Whoever drives the workspace runs
   * it: `pipewright up`, or {@link Workspace.drive}.
   *
   * Each tick runs once, however many processes drive. Throws what {@link schedule} throws, and `PIPELINE_NOT_FOUND` for a
   * pipeline that no module exports.
   *
   * @example
   * ```ts
   * const nightly = await pw.schedule(tumours, {
   *   name: 'nightly',
   *   cron: '30 2 * * *',
   *   timezone: 'Europe/Berlin',
   *   inputs: { csv: 'data/tumours.csv' },
   * })
   * console.log(nightly.next(3))
   * ```
   */
  async schedule<In, Out>(
    pipeline: Pipeline<In, Out>,
    options: ScheduleOptions<NoInfer<In>>,
  ): Promise<StoredSchedule> {
    this.#open()
    return this.#automation.schedule(schedule(pipeline, options))
  }

  /**
   * The schedules of the workspace, those of the settings too, by name.
   *
   * @example
   * ```ts
   * for (const { name, cron, timezone, paused, next } of await pw.schedules())
   *   console.log(name, cron, timezone, paused ? 'paused' : next(1)[0])
   * ```
   */
  schedules(): Promise<readonly StoredSchedule[]> {
    this.#open()
    return this.#automation.schedules()
  }

  /**
   * A schedule by its name. Throws `SCHEDULE_NOT_FOUND` with the nearest name.
   *
   * @example
   * ```ts
   * await (await pw.scheduleNamed('nightly')).pause()
   * ```
   */
  scheduleNamed(name: string): Promise<StoredSchedule> {
    this.#open()
    return this.#automation.scheduleNamed(name)
  }

  /**
   * Says what starts a pipeline: files that appear, runs that end, new artifacts or models, signed calls. Kept, and changed
   * where there is a trigger of that name. What was there before does not fire, but for files.
   *
   * Each event starts one run, however many processes drive. Throws what {@link trigger} throws, `PIPELINE_NOT_FOUND` for
   * a pipeline that no module exports, `SOURCE_UNREADABLE` for a folder that is not there.
   *
   * @example
   * ```ts
   * await pw.trigger(tumours, {
   *   name: 'inbox',
   *   on: { files: 'inbox', suffix: '.csv' },
   *   inputs: ({ path }) => ({ csv: path, rates: [0.1] }),
   * })
   * ```
   */
  async trigger<In, Out, const Source extends TriggerSource>(
    pipeline: Pipeline<In, Out>,
    options: TriggerOptions<NoInfer<In>, Source>,
  ): Promise<StoredTrigger> {
    this.#open()
    return this.#automation.trigger(trigger(pipeline, options))
  }

  /**
   * The triggers of the workspace, those of the settings too, by name.
   *
   * @example
   * ```ts
   * for (const { name, on, pipeline } of await pw.triggers()) console.log(name, on, pipeline)
   * ```
   */
  triggers(): Promise<readonly StoredTrigger[]> {
    this.#open()
    return this.#automation.triggers()
  }

  /**
   * A trigger by its name. Throws `TRIGGER_NOT_FOUND` with the nearest name.
   *
   * @example
   * ```ts
   * console.log(await (await pw.triggerNamed('inbox')).fired())
   * ```
   */
  triggerNamed(name: string): Promise<StoredTrigger> {
    this.#open()
    return this.#automation.triggerNamed(name)
  }

  /**
   * Drives the workspace until the signal is aborted: starts what schedules and triggers fire, and goes on with runs that
   * nobody drives, of the settings' pipelines and those of schedules and triggers. Several processes share the work.
   *
   * @example
   * ```ts
   * const stop = new AbortController()
   * const driving = pw.drive({ signal: stop.signal, pipelines: [tumours] })
   * process.once('SIGTERM', () => stop.abort())
   * await driving // what went on was given up, and can be resumed
   * ```
   */
  drive(options: DriveOptions = {}): Promise<void> {
    this.#open()
    return this.#automation.drive(options)
  }

  /**
   * Takes signed calls of triggers, for a service to mount: `POST …/<trigger>`, signed as Standard Webhooks says. A call
   * that is believed is recorded (202) and started by whoever drives the workspace.
   *
   * @example
   * ```ts
   * const take = pw.callHandler()
   * const response = await take(new Request('https://pipelines.example.com/calls/ingest', { method: 'POST' }))
   * console.log(response.status) // 401: it is not signed
   * ```
   */
  callHandler(): (request: Request) => Promise<Response> {
    this.#open()
    return this.#automation.callHandler()
  }

  /**
   * Runs a pipeline, or the pipeline of a schedule, for each time of a range. Keys are those of the schedule's ticks: a time
   * that has succeeded is not run again, one that has failed is resumed, and the same call goes on where it was stopped.
   *
   * Throws `CONFIG_INVALID` for a range without a time, `SCHEDULE_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { succeeded, failed } = await pw.backfill(tumours, {
   *   cron: '0 0 * * *',
   *   from: '2026-01-01',
   *   to: '2026-03-31',
   *   concurrency: 4,
   *   inputs: (time) => ({ csv: `days/${time.toISOString().slice(0, 10)}.csv`, rates: [0.1] }),
   * })
   * ```
   */
  async backfill<In, Out>(
    pipeline: Pipeline<In, Out>,
    options: BackfillOptions<NoInfer<In>>,
  ): Promise<BackfillReport>
  async backfill(
    schedule: string,
    options: BackfillOptions<Readonly<Record<string, unknown>>>,
  ): Promise<BackfillReport>
  async backfill(
    subject: string | Pipeline<never, unknown>,
    options: BackfillOptions<never>,
  ): Promise<BackfillReport> {
    this.#open()
    return this.#automation.backfill(subject, options as BackfillOptions<Readonly<Record<string, unknown>>>)
  }

  /**
   * What is due and has not been begun: nobody drives the workspace, or those who do cannot.
   *
   * @example
   * ```ts
   * const { schedules, firings, interrupted, waiting } = await pw.overdue()
   * if (schedules.length + firings + interrupted + waiting > 0) console.error('nothing drives this workspace')
   * ```
   */
  overdue(): Promise<OverdueWork> {
    this.#open()
    return this.#automation.overdue()
  }

  /**
   * Lists runs: filtered, ordered, page by page.
   *
   * @example
   * ```ts
   * const { items } = await pw.runs({ pipeline: 'tumours', orderBy: '-startedAt', limit: 20 })
   * for (const { id, state, startedAt } of items) console.log(id, state, new Date(startedAt))
   * ```
   */
  runs(query: RunQuery = {}): Promise<Page<RunRecord>> {
    this.#open()
    return this.#parts.metadata.runs(query)
  }

  /**
   * All that is known of a run; a unique prefix of its id is enough. Throws `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { state, executions } = await pw.show('0199f3')
   * for (const { node, state, reused } of executions) console.log(node, reused === null ? state : 'reused')
   * ```
   */
  async show(id: string): Promise<RunDetail> {
    const { id: run } = await this.#find(id)
    return (await this.#parts.metadata.detail(run))!
  }

  /**
   * The outputs of a run that has ended, as {@link Workspace.run} has given them.
   *
   * Throws `RunFailedError` when it did not succeed, `ARTIFACT_NOT_FOUND` while it has none, `PIPELINE_NOT_FOUND` for a
   * run of another pipeline, `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { model } = await pw.outputs(run.id, tumours)
   * console.log(await model.predict({ radius: 17.99, texture: 10.38 }))
   * ```
   */
  async outputs<In, Out>(id: string, pipeline: Pipeline<In, Out>): Promise<Out> {
    return (await this.#runs.outputs(pipeline, await this.show(id))) as Out
  }

  /**
   * The events of a run, in order; with `follow` those to come too, until it ends, whichever process drives it. `after`
   * goes on behind an event that was seen before. Throws `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * for await (const { seq, event } of pw.events(run.id, { follow: true }))
   *   console.log(seq, event.type) // 1 run.started, …, 16 run.finished
   * ```
   */
  async *events(id: string, options: EventOptions = {}): AsyncGenerator<SeenEvent> {
    yield* this.#runs.events((await this.#find(id)).id, options)
  }

  /**
   * The plan that a run executes.
   *
   * @example
   * ```ts
   * const { scope } = await pw.planOf(run.id)
   * console.log(scope.nodes.map(({ id }) => id)) // ['load', 'split', 'trials', 'pick-best', 'release']
   * ```
   */
  async planOf(id: string): Promise<Omit<Plan, 'given'>> {
    return planOf(await this.show(id), this.#services.reader)
  }

  /**
   * The records of an artifact by its content digest. Throws `ARTIFACT_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { kind, mediaType, size, meta } = await pw.artifact(digest)
   * console.log(kind, size, meta?.rows) // table 51234 569
   * ```
   */
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

  /**
   * The log of an attempt by the name that its record has (`attempt.log`): a JSON object a line, of a message or of a
   * point of a metric. Undefined when it is gone.
   *
   * @example
   * ```ts
   * const [execution] = (await pw.show(run.id)).executions
   * const log = execution?.attempts[0]?.log
   * if (typeof log === 'string') console.log(await pw.attemptLog(log))
   * ```
   */
  async attemptLog(name: string): Promise<string | undefined> {
    this.#open()
    const { folder } = this.#parts
    const path = resolve(folder, name)
    // Names come from records, which nobody may lead out of the workspace.
    if (!path.startsWith(join(folder, 'logs') + sep)) return undefined
    return readFile(path, 'utf8').catch(() => undefined)
  }

  /**
   * The stored bytes of an artifact.
   *
   * @example
   * ```ts
   * const value: unknown = JSON.parse(Buffer.from(await pw.bytes(artifact)).toString())
   * ```
   */
  async bytes(artifact: Artifact): Promise<Uint8Array> {
    this.#open()
    return this.#services.reader.bytes(artifact)
  }

  /**
   * The records whose content digest starts with hexadecimal digits; several contents may: at most ten are given.
   *
   * @example
   * ```ts
   * const [found, ...others] = await pw.artifactsByPrefix('3fa9')
   * if (found !== undefined && others.length === 0) console.log(renderWhy(await pw.why(found.digest)))
   * ```
   */
  artifactsByPrefix(digits: string): Promise<readonly Artifact[]> {
    this.#open()
    return this.#parts.metadata.artifactsByPrefix(`sha256:${digits.replace(/^sha256:/, '')}`)
  }

  /**
   * The stored bytes of an artifact as a stream; those of a manifest for a directory, a model, a report or a list.
   *
   * @example
   * ```ts
   * import { createWriteStream } from 'node:fs'
   * import { pipeline } from 'node:stream/promises'
   *
   * await pipeline(pw.stream(artifact), createWriteStream('rows.arrow'))
   * ```
   */
  stream(artifact: Artifact): Readable {
    this.#open()
    return this.#services.reader.stream(artifact)
  }

  /**
   * The rows of a stored table as CSV or NDJSON, in pieces of text.
   *
   * @example
   * ```ts
   * for await (const piece of pw.tableText(artifact, 'csv')) process.stdout.write(piece)
   * ```
   */
  tableText(artifact: Artifact, form: TextForm): AsyncIterable<string> {
    this.#open()
    return tableText(artifact, this.#services.reader, form)
  }

  /**
   * Writes a stored value as ordinary files: one file for json, metrics, tables and files (a table as Arrow, or as text
   * where the target ends with `.csv`, `.ndjson` or `.jsonl`), a folder for directories, models, reports and lists.
   * Throws `FILE_EXISTS`.
   *
   * @example
   * ```ts
   * await pw.exportArtifact(artifact, 'rows.csv') // a table, as text
   * ```
   */
  exportArtifact(artifact: Artifact, target: string): Promise<void> {
    this.#open()
    return exportArtifact(artifact, resolve(target), this.#services.reader)
  }

  /**
   * Writes a run that has ended, with its values, logs and code, into a new folder for {@link Workspace.importRun} of
   * another workspace. Throws `FILE_EXISTS`, `RUN_OWNED` or `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { blobs, missing } = await pw.exportRun(run.id, 'exported/tumours')
   * console.log(`${blobs} values; ${missing.length} were gone`)
   * ```
   */
  async exportRun(id: string, target: string): Promise<BundleReport> {
    const { id: run } = await this.#find(id)
    return exportRun(this.#parts, run, resolve(target), this.#services.reader)
  }

  /**
   * Takes in a run that another workspace has exported: its record, values and lineage, and its cache entries, so that
   * what it has made is reused here. Take in what you trust. Throws `SOURCE_UNREADABLE`, `WORKSPACE_NEWER` or
   * `BLOB_CORRUPT`.
   *
   * @example
   * ```ts
   * const { run, known } = await pw.importRun('exported/tumours')
   * console.log(known ? `run ${run} was here already` : `run ${run} can be shown, explained and reused`)
   * ```
   */
  importRun(source: string): Promise<ImportReport> {
    this.#open()
    return importRun(this.#parts, resolve(source))
  }

  /**
   * What the steps of a run have logged, in the order of the lines' times; with `follow` until the run ends, in
   * whichever process it is driven. Throws `RUN_NOT_FOUND`.
   *
   * @example
   * ```ts
   * for await (const { node, level, message } of pw.logs(run.id, { follow: true, level: 'info' }))
   *   console.log(`${level} ${node}: ${message}`)
   * ```
   */
  async *logs(id: string, options: LogOptions = {}): AsyncGenerator<LogLine> {
    const { id: run } = await this.#find(id)
    yield* readLogs(this.#parts, run, options)
  }

  /**
   * Everything that an artifact was made from.
   *
   * @example
   * ```ts
   * for (const found of await pw.upstream(digest))
   *   if (found.type === 'execution') console.log(`made by ${found.execution.node} of run ${found.execution.run}`)
   * ```
   */
  async upstream(digest: Digest): Promise<readonly LineageNode[]> {
    await this.artifact(digest)
    return this.#lineage.upstream(digest)
  }

  /**
   * Everything that was made from an artifact.
   *
   * @example
   * ```ts
   * const uses = await pw.downstream(digest)
   * const runs = new Set(uses.flatMap((use) => (use.type === 'execution' ? [use.execution.run] : [])))
   * console.log(`${runs.size} runs have used these rows`)
   * ```
   */
  async downstream(digest: Digest): Promise<readonly LineageNode[]> {
    await this.artifact(digest)
    return this.#lineage.downstream(digest)
  }

  /**
   * The story of an artifact: what made it, from what, down to source bytes and code.
   *
   * Steps may give the same content without having to do with each other: told is the one that was first, or, where a run
   * is named, the one of that run (and of that node).
   *
   * @example
   * ```ts
   * const { outputs } = await pw.run(tumours, { csv: 'tumours.csv' })
   * if (outputs.model.digest !== undefined) console.log(renderWhy(await pw.why(outputs.model.digest)))
   * ```
   */
  async why(digest: Digest, place?: { readonly run: string; readonly node?: string }): Promise<Story> {
    await this.artifact(digest)
    const planOf = async (run: string): Promise<PlanGraph | undefined> => {
      const plan = await planOfRun(this.#parts.metadata, run, this.#services.reader)
      // The declarations are of no use here, and may be large.
      return (
        plan && { scope: plan.scope, ...(plan.pipelines === undefined ? {} : { pipelines: plan.pipelines }) }
      )
    }
    return why(this.#parts.metadata, digest, planOf, place)
  }

  /**
   * Why a node was or was not executed: reused from which run, or what has changed against the nearest earlier
   * execution of its step. Many nodes of one run are explained faster with what `show` gave. Throws `RUN_NOT_FOUND` or
   * `NODE_NOT_FOUND`.
   *
   * @example
   * ```ts
   * const { verdict, changes } = await pw.explain(run.id, 'trials[1]/train')
   * for (const { part, name, before, after } of changes) console.log(part, name, before, after) // input rate 0.1 0.2
   * ```
   */
  async explain(run: string | RunDetail, node: string): Promise<Explanation> {
    const source = explainSource(this.#parts.metadata, this.#services)
    return explain(source, typeof run === 'string' ? await this.show(run) : run, node)
  }

  /**
   * What differs between two runs: inputs, code, parameters, metrics, outputs, environment. Items of maps are compared
   * with those of the same content, wherever they stand in their lists.
   *
   * @example
   * ```ts
   * const { inputs, nodes } = await pw.compare(before.id, run.id)
   * const changed = nodes.filter(({ equal }) => !equal).map(({ node }) => node) // ['trials[1]/train', …]
   * ```
   */
  async compare(a: string, b: string): Promise<Comparison> {
    const [left, right] = [await this.show(a), await this.show(b)]
    const content = async (run: RunDetail): Promise<RunContent> => {
      const plan = await planOf(run, this.#services.reader).catch(() => undefined)
      return contentOf(run, plan?.scope, contentReader(this.#services))
    }
    return compare(left, right, { a: await content(left), b: await content(right) })
  }

  /**
   * Keeps a run and all that it made from garbage collection.
   *
   * @example
   * ```ts
   * await pw.pin(run.id)
   * await pw.gc({ olderThan: '30d' }) // the run, and what it has made, is kept
   * ```
   */
  async pin(id: string): Promise<void> {
    await this.#parts.metadata.pin((await this.#find(id)).id, true)
  }

  /**
   * Lets a pinned run go.
   *
   * @example
   * ```ts
   * await pw.unpin(run.id)
   * ```
   */
  async unpin(id: string): Promise<void> {
    await this.#parts.metadata.pin((await this.#find(id)).id, false)
  }

  /**
   * Removes runs past an age, and every blob that nothing needs any more.
   *
   * @example
   * ```ts
   * const { runs, blobs, bytes } = await pw.gc({ olderThan: '30d', dryRun: true })
   * console.log(`${runs.length} runs, ${blobs} values and ${bytes} bytes would go`)
   * ```
   */
  gc(options: GarbageOptions): Promise<GarbageReport> {
    this.#open()
    return collectGarbage(this.#parts, options)
  }

  /** Gives up the runs of this process (they can be resumed) and closes the stores. */
  async close(): Promise<void> {
    if (this.#closed) return
    this.#closed = true
    await this.#runs.close()
    await this.#services.closeRunners()
    await this.#services.services.close()
    await this.#services.python.close()
    await this.#services.shared?.flush()
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

  async #find(idOrPrefix: string): Promise<RunRecord> {
    this.#open()
    const found = await this.#parts.metadata.runsByPrefix(idOrPrefix)
    const exact = found.find((run) => run.id === idOrPrefix)
    if (exact !== undefined) return exact
    if (found.length === 1 && idOrPrefix !== '') return found[0]!
    throw await runNotFound(this.#parts.metadata, idOrPrefix, found)
  }
}

/** The pipeline of a run may be left out, where it is found by the run's address. */
function pipelineAndOptions<Options extends object>(
  second: Options | Pipeline<never, unknown> | undefined,
  third: Options | undefined,
): { readonly pipeline: Pipeline<never, unknown> | undefined; readonly options: Options } {
  if (isPipeline(second))
    return { pipeline: second as Pipeline<never, unknown>, options: third ?? ({} as Options) }
  return { pipeline: undefined, options: (second as Options | undefined) ?? ({} as Options) }
}
