import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256 } from '../internal/digest.ts'
import { milliseconds } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { uuidv7 } from '../internal/id.ts'
import { graphOf } from '../define/graph.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import { CommitWriter } from '../execute/blobs.ts'
import { startCapture } from '../execute/capture.ts'
import { LocalRun } from '../execute/local-run.ts'
import type { RunOutcome, RunServices, RunUpdate } from '../execute/run-request.ts'
import { narrow, type Narrowed } from '../plan/narrow.ts'
import { matching } from '../plan/select.ts'
import type { CacheMode, RunEvent, RunSettings, StoredEvent, Values } from '../record/event.ts'
import type { Lease } from '../record/metadata.ts'
import { currentOwner } from '../record/owner.ts'
import type { RunDetail } from '../record/records.ts'
import { RecentEnvironment } from './environment.ts'
import { follow } from './follow.ts'
import { Updates, type ActiveRun, type FollowedRun, type RunHandle } from './handle.ts'
import { decodeRunOutputs } from './outputs.ts'
import type { WorkspaceParts } from './parts.ts'
import { codeDigests, compileProgram, type Compiled } from './program.ts'
import { checkResume, historyOf } from './resume.ts'
import { RunFailedError } from './run-error.ts'
import type { ResumeOptions, RunOptions } from './run-options.ts'
import type { Sources } from './sources.ts'

/** What a compiler would have refused. */
function cacheMode(mode: CacheMode): CacheMode {
  const isNodes = typeof mode === 'object' && Array.isArray(mode.refresh)
  if (isNodes || ['refresh', 'readonly', 'off'].includes(mode as string)) return mode
  throw new PipewrightError('CONFIG_INVALID', `cache: ${JSON.stringify(mode)} is not a mode`, {
    fix: "give 'refresh', 'readonly', 'off' or { refresh: ['node'] }",
  })
}

type Part = Pick<Narrowed, 'scope'> & Partial<Narrowed>

/** The runs of a workspace that this process drives: starts them, goes on with them, gives them up. */
export class Runs {
  readonly #parts: WorkspaceParts
  readonly #services: RunServices
  readonly #sources: Sources
  readonly #environment: RecentEnvironment
  readonly #active = new Map<string, ActiveRun>()
  readonly #closed = new AbortController()

  constructor(parts: WorkspaceParts, services: RunServices, sources: Sources) {
    this.#parts = parts
    this.#services = services
    this.#sources = sources
    this.#environment = new RecentEnvironment(parts.root)
  }

  /** Starts a run and returns when it is recorded. */
  async start(
    pipeline: AnyPipeline,
    inputs: Readonly<Record<string, unknown>>,
    options: RunOptions,
  ): Promise<RunHandle<unknown>> {
    const compiled = await compileProgram(pipeline, inputs, this.#parts.root)
    const values = await this.#sources.read(pipeline, compiled.plan.given, process.cwd())
    if (options.key !== undefined) {
      const earlier = await this.#byKey(pipeline, options.key, values, options)
      if (earlier !== undefined) return earlier
    }
    const id = uuidv7()
    const settings = this.#settings(options)
    const part = narrowed(compiled, settings)
    if (typeof settings.cache === 'object') matching(compiled.plan, settings.cache.refresh, 'refresh')
    const writer = new CommitWriter(this.#parts.store, this.#services.reader)
    const { given: _given, ...structure } = compiled.plan
    const document = await writer.put(Buffer.from(canonicalJson(structure), 'utf8'))
    const lease = await this.#acquire(id, false)
    const started: RunEvent = {
      type: 'run.started',
      pipeline: pipeline.name,
      plan: document.digest,
      structure: compiled.plan.digest,
      inputs: values,
      code: codeDigests(compiled.program),
      address: compiled.address,
      settings,
      tags: options.tags ?? [],
      key: options.key ?? null,
    }
    try {
      await this.#parts.metadata.append(
        { run: id, at: Date.now(), event: started, blobs: writer.pending },
        lease,
      )
    } catch (error) {
      await this.#release(lease)
      const taken = PipewrightError.isInstance(error) && error.code === 'RUN_KEY_CONFLICT'
      // Somebody else was quicker with this key.
      const earlier = taken ? await this.#byKey(pipeline, options.key!, values, options) : undefined
      if (earlier === undefined) throw error
      return earlier
    }
    const active = this.#drive(compiled, part, values, id, settings, lease, [], options, new Updates())
    return this.#handle(id, pipeline, active)
  }

  /** Goes on with a run that has not succeeded. */
  async resume(
    detail: RunDetail,
    given: AnyPipeline | undefined,
    options: ResumeOptions,
  ): Promise<RunHandle<unknown>> {
    const pipeline = given ?? (await this.#parts.findPipeline(detail))
    return this.#handle(detail.id, pipeline, await this.#resume(detail, pipeline, options, new Updates()))
  }

  async #resume(
    detail: RunDetail,
    pipeline: AnyPipeline,
    options: ResumeOptions,
    updates: Updates,
  ): Promise<ActiveRun> {
    const { id } = detail
    if (detail.state === 'succeeded') {
      throw new PipewrightError('RUN_NOT_RESUMABLE', `run ${id} has succeeded: there is nothing to resume`, {
        fix: 'run the pipeline again',
        details: { run: id },
      })
    }
    const compiled = await compileProgram(pipeline, undefined, this.#parts.root)
    const accepted = checkResume(detail, compiled, options.acceptCode ?? false)
    const part = narrowed(compiled, detail.settings)
    const lease = await this.#acquire(id, options.takeOver ?? false)
    try {
      // Taken over from this very workspace: its old driver is not told by the record.
      const old = this.#active.get(id)
      old?.driver.lose(takenOver(id))
      await old?.ended.catch(() => undefined)
      const history = await historyOf(this.#parts.metadata, id)
      const code = codeDigests(compiled.program)
      await this.#parts.metadata.append(
        { run: id, at: Date.now(), event: { type: 'run.resumed', acceptedCode: accepted, code } },
        lease,
      )
      return this.#drive(compiled, part, detail.inputs, id, detail.settings, lease, history, options, updates)
    } catch (error) {
      await this.#release(lease)
      throw error
    }
  }

  /** Cancels a run of this process, or asks whoever drives it. */
  async cancel(run: string, reason: string): Promise<void> {
    const active = this.#active.get(run)
    if (active !== undefined) active.driver.cancel(reason)
    else await this.#parts.metadata.requestCancel(run, reason)
  }

  /** Gives up what is being driven; it can be resumed. */
  async close(): Promise<void> {
    const error = new PipewrightError(
      'WORKSPACE_CLOSED',
      'the workspace was closed while the run was going on',
      { fix: 'await the run before closing, or resume it' },
    )
    this.#closed.abort(error)
    for (const { driver } of this.#active.values()) driver.lose(error)
    await Promise.allSettled([...this.#active.values()].map(({ ended }) => ended))
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
    const cache = options.cache === undefined ? {} : { cache: cacheMode(options.cache) }
    return {
      concurrency,
      failure: options.failure ?? 'stop',
      failFast: options.failFast ?? false,
      ...timeout,
      ...selection,
      ...cache,
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

  async #release(lease: Lease): Promise<void> {
    await this.#parts.metadata.release(lease).catch(() => undefined)
  }

  #drive(
    compiled: Compiled,
    part: Part,
    inputs: Values,
    id: string,
    settings: RunSettings,
    lease: Lease,
    history: readonly StoredEvent[],
    options: Pick<RunOptions, 'signal' | 'onUpdate' | 'captureConsole'>,
    updates: Updates,
  ): ActiveRun {
    const { program } = compiled
    const { scope, reuse } = part
    const plan = { ...compiled.plan, scope }
    const onUpdate = teller(updates, options)
    const driver = new LocalRun(
      {
        id,
        plan,
        program,
        inputs,
        settings,
        ...(reuse === undefined ? {} : { reuse }),
        lease,
        history,
        onUpdate,
      },
      this.#services,
    )
    const ended = this.#watch(id, driver, lease, updates, options)
    // Whoever does not ask for the result must not end the process by its failure.
    ended.catch(() => undefined)
    const active: ActiveRun = { driver, updates, ended, cancel: (reason) => driver.cancel(reason) }
    this.#active.set(id, active)
    return active
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
      metadata.onLost(id, () => driver.lose(takenOver(id))),
      options.captureConsole === true ? startCapture() : undefined,
    ]
    try {
      const driven = driver.drive()
      if (signal?.aborted === true) onAbort()
      // A run that was lost, or whose record is broken, goes without.
      await Promise.all([driven, this.#recordEnvironment(id, lease).catch(() => undefined)])
      return await driven
    } finally {
      signal?.removeEventListener('abort', onAbort)
      for (const stop of stops) stop?.()
      await this.#release(lease)
      // Empty but for what an abandoned attempt may still use.
      await rmdir(join(this.#parts.folder, 'work', id)).catch(() => undefined)
      if (this.#active.get(id)?.driver === driver) this.#active.delete(id)
      updates.end()
    }
  }

  async #recordEnvironment(id: string, lease: Lease): Promise<void> {
    const environment = await this.#environment.recent()
    await this.#parts.metadata.append(
      { run: id, at: Date.now(), event: { type: 'run.environment', environment } },
      lease,
    )
  }

  #handle(id: string, pipeline: AnyPipeline, { updates, ended, cancel }: FollowedRun): RunHandle<unknown> {
    return {
      id,
      events: () => updates.stream(),
      cancel: (reason = 'requested') => cancel(reason),
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
    const { reader, json, predictorDigest } = this.#services
    const workdir = (): Promise<string> => Promise.resolve(join(this.#parts.folder, 'outputs', id))
    return decodeRunOutputs(graphOf(pipeline).kinds, outputs, {
      blobs: reader,
      json,
      workdir,
      predictorDigest,
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
    const detail = (await this.#parts.metadata.detail(earlier.id))!
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
    return this.#handle(earlier.id, pipeline, active ?? (await this.#join(detail, pipeline, options)))
  }

  /** Resumes a run, or follows it while somebody else drives it. */
  async #join(detail: RunDetail, pipeline: AnyPipeline, options: RunOptions): Promise<FollowedRun> {
    const { id } = detail
    const updates = new Updates()
    if (detail.state !== 'succeeded') {
      try {
        return await this.#resume(detail, pipeline, options, updates)
      } catch (error) {
        if (!PipewrightError.isInstance(error) || error.code !== 'RUN_OWNED') throw error
      }
    }
    const cancel = (reason: string): void => void this.cancel(id, reason).catch(() => undefined)
    const onAbort = (): void => cancel((options.signal?.reason as Error | undefined)?.message ?? 'aborted')
    options.signal?.addEventListener('abort', onAbort, { once: true })
    const ended = this.#follow(id, pipeline, options, updates).finally(() => {
      options.signal?.removeEventListener('abort', onAbort)
      updates.end()
    })
    ended.catch(() => undefined)
    return { updates, ended, cancel }
  }

  async #follow(
    id: string,
    pipeline: AnyPipeline,
    options: RunOptions,
    updates: Updates,
  ): Promise<RunOutcome> {
    const { metadata } = this.#parts
    for (;;) {
      const outcome = await follow(metadata, id, teller(updates, options), this.#closed.signal)
      if (outcome !== undefined) return outcome
      // Its process has died: this one goes on with it, unless a third is quicker.
      const detail = await metadata.detail(id)
      if (detail === undefined) throw new PipewrightError('RUN_NOT_FOUND', `run ${id} was removed`)
      const resumed = await this.#resume(detail, pipeline, options, updates).catch((error: unknown) => {
        if (PipewrightError.isInstance(error) && error.code === 'RUN_OWNED') return undefined
        throw error
      })
      if (resumed !== undefined) return resumed.ended
    }
  }
}

/** What of the plan a run executes: all of it, or what its settings select. */
function narrowed({ plan }: Compiled, { selection }: RunSettings): Part {
  return selection === undefined ? { scope: plan.scope } : narrow(plan, selection)
}

/** Tells those who follow a run of an update; none of them can make it fail. */
function teller(updates: Updates, { onUpdate }: Pick<RunOptions, 'onUpdate'>): (update: RunUpdate) => void {
  return (update) => {
    updates.push(update)
    try {
      onUpdate?.(update)
    } catch {
      // Its own affair.
    }
  }
}

function takenOver(id: string): PipewrightError {
  return new PipewrightError('LEASE_LOST', `run ${id} was taken over by another process`, {
    fix: 'nothing: that process goes on with it',
  })
}
