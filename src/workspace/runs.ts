import { join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { uuidv7 } from '../internal/id.ts'
import { instantOf } from '../internal/instant.ts'
import { graphOf } from '../define/graph.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { runnerNames, type RunnerName } from '../define/step.ts'
import { CommitWriter, TieredReader } from '../execute/blobs.ts'
import { refuseInChild } from '../execute/child/loading.ts'
import { DryRun, type Prospect } from '../execute/dry-run.ts'
import { JsonValues } from '../execute/json-values.ts'
import { findSelectionGap } from '../execute/selection-gaps.ts'
import type { RunServices } from '../execute/run-request.ts'
import { matching } from '../plan/select.ts'
import type { CacheMode, RunEvent, RunSettings, Values } from '../record/event.ts'
import type { RunDetail } from '../record/records.ts'
import { overlayStore } from '../store/overlay-store.ts'
import { ActiveRuns } from './active-runs.ts'
import { Attachments } from './attach.ts'
import { goesOn, recordedOutcome } from './follow.ts'
import { Updates, type ActiveRun, type FollowedRun, type RunHandle } from './handle.ts'
import { decodeRunOutputs } from './outputs.ts'
import type { WorkspaceParts } from './parts.ts'
import { codeDigests, compileProgram, storeCode, type Compiled } from './program.ts'
import {
  checkEnded,
  checkPipeline,
  inputsAgain,
  optionsAgain,
  repetitionOf,
  takenEvents,
  type CloneOptions,
  type RerunOptions,
} from './rerun.ts'
import { checkStructure, historyOf } from './resume.ts'
import { RunFailedError } from './run-error.ts'
import { runEvents, type EventOptions, type SeenEvent } from './run-events.ts'
import { driveOptions, type PreviewOptions, type ResumeOptions, type RunOptions } from './run-options.ts'
import type { Sources } from './sources.ts'
import { repeatStep, type RepeatedStep, type RepeatOptions } from './step-again.ts'
import { narrowed, takeUp, type TakenUp } from './take-up.ts'

/** What a compiler would have refused. */
function cacheMode(mode: CacheMode): CacheMode {
  const isNodes = typeof mode === 'object' && Array.isArray(mode.refresh)
  if (isNodes || ['refresh', 'readonly', 'off'].includes(mode as string)) return mode
  throw new PipewrightError('CONFIG_INVALID', `cache: ${JSON.stringify(mode)} is not a mode`, {
    fix: "give 'refresh', 'readonly', 'off' or { refresh: ['node'] }",
  })
}

/** Milliseconds since the epoch. */
function pointInTime(deadline: Date | string): number {
  const time = instantOf(deadline)
  if (time !== undefined) return time
  throw new PipewrightError(
    'CONFIG_INVALID',
    `deadline: ${JSON.stringify(deadline)} is not a point in time`,
    {
      fix: "give a Date, or a text with its zone: '2026-03-01T06:00:00+01:00'",
    },
  )
}

function runnerName(runner: RunnerName): RunnerName {
  if (runnerNames.includes(runner)) return runner
  throw new PipewrightError('CONFIG_INVALID', `runner: ${JSON.stringify(runner)} is none`, {
    fix: `give one of ${runnerNames.map((name) => `'${name}'`).join(', ')}`,
  })
}

function share(verifyCache: number): number {
  if (verifyCache >= 0 && verifyCache <= 1) return verifyCache
  throw new PipewrightError('CONFIG_INVALID', `verifyCache: ${verifyCache} is not a share`, {
    fix: 'give a number from 0 to 1: 0.05 verifies one hit in twenty, and at least one',
  })
}

/** The runs of a workspace, for those who start, resume or cancel them. */
export class Runs {
  readonly #parts: WorkspaceParts
  readonly #services: RunServices
  readonly #sources: Sources
  readonly #active: ActiveRuns
  readonly #attachments: Attachments

  constructor(parts: WorkspaceParts, services: RunServices, sources: Sources) {
    this.#parts = parts
    this.#services = services
    this.#sources = sources
    this.#active = new ActiveRuns(parts, services)
    this.#attachments = new Attachments(parts.metadata, this.#active)
  }

  /** Aborted when the workspace is closed. */
  get closed(): AbortSignal {
    return this.#active.closed
  }

  /**
   * Starts a run, or attaches to the one with its key, and returns when it is recorded. Paths of inputs are relative to
   * `cwd`.
   */
  start(
    pipeline: AnyPipeline,
    inputs: Readonly<Record<string, unknown>>,
    options: RunOptions,
    cwd: string = process.cwd(),
  ): Promise<RunHandle<unknown>> {
    refuseInChild()
    return this.#active.pending(async () => {
      const compiled = await compileProgram(pipeline, inputs, this.#parts)
      const values = await this.#sources.read(pipeline, compiled.plan.given, cwd)
      return this.#startOrAttach(pipeline, compiled, values, options)
    })
  }

  /** Starts a run with the recorded inputs of another one, but for those that are given. */
  clone(
    detail: RunDetail,
    given: AnyPipeline | undefined,
    { inputs = {}, ...options }: CloneOptions,
  ): Promise<RunHandle<unknown>> {
    return this.#active.pending(async () => {
      const pipeline = given ?? (await this.#parts.findPipeline(detail))
      checkPipeline(detail, pipeline)
      const compiled = await compileProgram(pipeline, undefined, this.#parts)
      const { values } = await this.#inputsAgain(pipeline, detail, inputs)
      return this.#startOrAttach(pipeline, compiled, values, options)
    })
  }

  /** Starts a run that repeats a part of another one, and takes the rest from its record. */
  rerun(
    detail: RunDetail,
    given: AnyPipeline | undefined,
    { inputs = {}, ...options }: RerunOptions,
  ): Promise<RunHandle<unknown>> {
    return this.#active.pending(async () => {
      const { metadata } = this.#parts
      const pipeline = given ?? (await this.#parts.findPipeline(detail))
      checkPipeline(detail, pipeline)
      checkEnded(detail)
      const compiled = await compileProgram(pipeline, undefined, this.#parts)
      checkStructure(detail, compiled)
      const { values, changed } = await this.#inputsAgain(pipeline, detail, inputs)
      const again = { ...optionsAgain(detail, options), ...options }
      const { plan } = narrowed(compiled, this.#settings(again))
      const history = await historyOf(metadata, detail.id)
      const repetition = repetitionOf(detail, plan, history, options, changed)
      const events = takenEvents(detail.id, history, repetition, this.#services.clock.now())
      const id = this.#newId()
      const active = await this.#begin(id, compiled, values, again, { of: detail.id, events })
      return this.#handle(id, pipeline, active)
    })
  }

  /** Goes on with a run that has not succeeded, also with one that was to be cancelled. */
  resume(
    detail: RunDetail,
    given: AnyPipeline | undefined,
    options: ResumeOptions,
    seenAt: number,
  ): Promise<RunHandle<unknown>> {
    return this.#active.pending(async () => {
      const { id } = detail
      const isWanted = ({ state }: RunDetail): boolean => state !== 'succeeded'
      const pipeline = given ?? (await this.#parts.findPipeline(detail))
      if (!isWanted(detail)) throw nothingToResume(id)
      const taken = await this.#takeUp(detail, pipeline, options, isWanted, seenAt)
      if (taken === undefined) throw nothingToResume(id)
      return this.#handle(id, pipeline, taken.active)
    })
  }

  /**
   * Goes on with a run that has not ended and that nobody drives, and heeds a cancel that nobody has heeded; undefined
   * when it has ended meanwhile.
   */
  goOn(
    detail: RunDetail,
    given: AnyPipeline | undefined,
    options: ResumeOptions,
  ): Promise<RunHandle<unknown> | undefined> {
    return this.#active.pending(async () => {
      const isWanted = ({ state }: RunDetail): boolean => goesOn(state) || state === 'interrupted'
      if (!isWanted(detail)) return undefined
      const pipeline = given ?? (await this.#parts.findPipeline(detail))
      const taken = await this.#takeUp(detail, pipeline, options, isWanted)
      if (taken === undefined) return undefined
      if (taken.cancelRequested !== null) taken.active.cancel(taken.cancelRequested)
      return this.#handle(detail.id, pipeline, taken.active)
    })
  }

  /** Gives a run up, for whoever comes next; false where this process does not drive it. */
  giveUp(run: string, reason: PipewrightError): boolean {
    const active = this.#active.get(run)
    active?.driver.lose(reason)
    return active !== undefined
  }

  /** What a run would do with each of its nodes, with the plan. */
  preview(
    pipeline: AnyPipeline,
    inputs: Readonly<Record<string, unknown>>,
    options: PreviewOptions,
  ): Promise<{ readonly compiled: Compiled; readonly prospects: readonly Prospect[] }> {
    return this.#active.pending(async () => {
      const compiled = await compileProgram(pipeline, inputs, this.#parts)
      const values = await this.#sources.read(pipeline, compiled.plan.given, process.cwd())
      const settings = this.#settings(options)
      const part = narrowed(compiled, settings)
      if (typeof settings.cache === 'object') matching(compiled.plan, settings.cache.refresh, 'refresh')
      const request = { ...part, inputs: values, settings }
      const { closed } = this.#active
      return { compiled, prospects: await new DryRun(request, this.#passing(), closed).prospects() }
    })
  }

  /** Repeats a step of a run, and records nothing. */
  repeatStep(
    detail: RunDetail,
    node: string,
    given: AnyPipeline | undefined,
    options: RepeatOptions,
  ): Promise<RepeatedStep> {
    return this.#active.pending(async () => {
      const pipeline = given ?? (await this.#parts.findPipeline(detail))
      return repeatStep(this.#parts, this.#passing(), detail, node, pipeline, options)
    })
  }

  /** Cancels a run of this process, or asks whoever drives it. */
  cancel(run: string, reason: string): Promise<void> {
    return this.#active.cancel(run, reason)
  }

  /** What a run that has ended gives; throws what the one who waited for it was told. */
  async outputs(pipeline: AnyPipeline, detail: RunDetail): Promise<Record<string, unknown>> {
    const { id, state } = detail
    checkPipeline(detail, pipeline)
    if (goesOn(state) || state === 'interrupted')
      throw new PipewrightError('ARTIFACT_NOT_FOUND', `run ${id} is ${state}: it has no outputs yet`, {
        fix: goesOn(state) ? 'wait for it: pw.events(id, { follow: true })' : 'finish it: pw.resume(id)',
        details: { run: id, state },
      })
    const outcome = recordedOutcome(detail)
    if (outcome.state !== 'succeeded')
      throw new RunFailedError(id, pipeline.name, outcome, this.#parts.engine?.failureFix)
    return this.#decode(pipeline, outcome.outputs, id)
  }

  /** The events of a run; those to come are told at once where this process drives it. */
  events(run: string, options: EventOptions): AsyncGenerator<SeenEvent> {
    return runEvents(this.#parts.metadata, this.#active.get(run), run, options)
  }

  /** Gives up what is being driven; it can be resumed. */
  close(): Promise<void> {
    return this.#active.close()
  }

  async #startOrAttach(
    pipeline: AnyPipeline,
    compiled: Compiled,
    values: Values,
    options: RunOptions,
  ): Promise<RunHandle<unknown>> {
    const attach = async (): Promise<RunHandle<unknown> | undefined> => {
      if (options.key === undefined) return undefined
      const found = await this.#attachments.byKey(options.key, values, compiled, options)
      return found && this.#handle(found.id, pipeline, found.run)
    }
    const earlier = await attach()
    if (earlier !== undefined) return earlier
    const id = this.#newId()
    try {
      return this.#handle(id, pipeline, await this.#begin(id, compiled, values, options))
    } catch (error) {
      const taken = PipewrightError.isInstance(error) && error.code === 'RUN_KEY_CONFLICT'
      // Somebody else was quicker with this key.
      const other = taken ? await attach() : undefined
      if (other === undefined) throw error
      return other
    }
  }

  #newId(): string {
    return this.#parts.engine?.runId?.() ?? uuidv7()
  }

  #inputsAgain(
    pipeline: AnyPipeline,
    detail: RunDetail,
    given: Readonly<Record<string, unknown>>,
  ): ReturnType<typeof inputsAgain> {
    return inputsAgain(pipeline, detail, given, { sources: this.#sources, json: this.#services.json })
  }

  /** Begins a run; `taken` is what it takes from the record of another one. */
  async #begin(
    id: string,
    compiled: Compiled,
    inputs: Values,
    options: RunOptions,
    taken?: { readonly of: string; readonly events: readonly RunEvent[] },
  ): Promise<ActiveRun> {
    const { metadata, store } = this.#parts
    const settings = this.#settings(options)
    const part = narrowed(compiled, settings)
    if (typeof settings.cache === 'object') matching(compiled.plan, settings.cache.refresh, 'refresh')
    const { before, ...request } = part
    // What is taken from another run is not in the cache: a gap beside it shows in the run.
    if (before !== undefined && taken === undefined) {
      const signal = AbortSignal.any([this.#active.closed, ...(options.signal ? [options.signal] : [])])
      const gap = await findSelectionGap({ ...request, inputs, settings }, before, this.#passing(), signal)
      if (gap !== undefined) throw gap
    }
    const writer = new CommitWriter(store, this.#services.reader)
    const { given: _given, ...structure } = compiled.plan
    const document = await writer.put(Buffer.from(canonicalJson(structure), 'utf8'))
    const { reached, texts } = await storeCode(compiled.program, writer)
    const started: RunEvent = {
      type: 'run.started',
      pipeline: structure.pipeline,
      plan: document.digest,
      structure: structure.digest,
      inputs,
      code: codeDigests(compiled.program),
      reached,
      texts,
      address: compiled.address,
      settings,
      tags: options.tags ?? [],
      key: options.key ?? null,
      ...(taken === undefined ? {} : { rerun: { of: taken.of, taken: taken.events.length } }),
    }
    this.#active.closed.throwIfAborted()
    const { lease } = await this.#active.acquire(id)
    try {
      const at = this.#services.clock.now()
      await Promise.all([
        metadata.append({ run: id, at, event: started, blobs: writer.pending }, lease),
        ...(taken?.events ?? []).map((event) => metadata.append({ run: id, at, event }, lease)),
      ])
      const updates = new Updates(options.onUpdate)
      const history = taken === undefined ? [] : await historyOf(metadata, id)
      const driven = { id, inputs, settings, lease, history, ...request }
      return this.#active.drive(driven, { ...driveOptions(options), updates })
    } catch (error) {
      await this.#active.release(lease)
      throw error
    }
  }

  async #takeUp(
    detail: RunDetail,
    pipeline: AnyPipeline,
    { onUpdate, ...options }: ResumeOptions,
    isWanted: (now: RunDetail) => boolean,
    seenAt?: number,
  ): Promise<TakenUp | undefined> {
    const compiled = await compileProgram(pipeline, undefined, this.#parts)
    const seen = seenAt === undefined ? {} : { seenAt }
    const taking = { ...options, updates: new Updates(onUpdate), isWanted, ...seen }
    return takeUp(this.#parts.metadata, this.#active, detail, compiled, taking)
  }

  /** Services that leave nothing behind. */
  #passing(): RunServices {
    const store = overlayStore(this.#parts.store)
    const reader = new TieredReader(this.#parts.metadata, store)
    return { ...this.#services, store, reader, json: new JsonValues(reader) }
  }

  #settings(options: RunOptions): RunSettings {
    const concurrency = options.concurrency ?? this.#parts.concurrency
    if (!Number.isInteger(concurrency) || concurrency < 1) {
      throw new PipewrightError('CONFIG_INVALID', `concurrency ${concurrency} is not a count`, {
        fix: 'give a whole number from 1',
      })
    }
    const deadline = options.deadline === undefined ? {} : { deadline: pointInTime(options.deadline) }
    const timeout = options.timeout === undefined ? {} : { timeout: milliseconds(options.timeout, 'timeout') }
    const selection = options.select === undefined ? {} : { selection: options.select }
    const cache = options.cache === undefined ? {} : { cache: cacheMode(options.cache) }
    return {
      concurrency,
      failure: options.failure ?? 'stop',
      failFast: options.failFast ?? false,
      ...timeout,
      ...deadline,
      ...selection,
      ...cache,
      ...(options.runner === undefined ? {} : { runner: runnerName(options.runner) }),
      ...(options.verifyCache === undefined ? {} : { verifyCache: share(options.verifyCache) }),
    }
  }

  #handle(id: string, pipeline: AnyPipeline, { updates, ended, cancel }: FollowedRun): RunHandle<unknown> {
    return {
      id,
      events: () => updates.stream(),
      cancel: (reason = 'requested') => cancel(reason),
      result: async () => {
        const outcome = await ended
        if (outcome.state !== 'succeeded')
          throw new RunFailedError(id, pipeline.name, outcome, this.#parts.engine?.failureFix)
        return {
          outputs: await this.#decode(pipeline, outcome.outputs, id),
          run: { id, pipeline: pipeline.name },
          verification: outcome.verification,
        }
      },
    }
  }

  #decode(pipeline: AnyPipeline, outputs: Values, id: string): Promise<Record<string, unknown>> {
    const { reader, json, predictorDigest } = this.#services
    const workdir = (): Promise<string> => Promise.resolve(join(this.#parts.folder, 'outputs', id))
    return decodeRunOutputs(graphOf(pipeline).kinds, outputs, {
      blobs: reader,
      json,
      workdir,
      predictorDigest,
    })
  }
}

function nothingToResume(id: string): PipewrightError {
  return new PipewrightError('RUN_NOT_RESUMABLE', `run ${id} has succeeded: there is nothing to resume`, {
    fix: 'run the pipeline again',
    details: { run: id },
  })
}
