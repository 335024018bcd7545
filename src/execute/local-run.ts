import PQueue from 'p-queue'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { AnyPipeline } from '../define/runnable.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepCode } from '../code/step-digest.ts'
import type { Plan, PlanNode, StepDeclaration } from '../plan/document.ts'
import type { ErrorRecord, RunEvent, RunSettings, StoredEvent, Values } from '../record/event.ts'
import type { CacheEntry, Lease, MetadataStore } from '../record/metadata.ts'
import { attemptStep, type AttemptOutcome, type AttemptServices } from './attempt.ts'
import { CommitWriter, inlineLimit, type PendingBlob } from './blobs.ts'
import { cacheKey, inputDigests, keyComponents } from './cache-key.ts'
import type { LogLevel } from './context.ts'
import { errorRecord } from './error-record.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import { openRun, type RunState } from './reduce/state.ts'
import type { Needs, ResourcePool } from './resource-pool.ts'
import { retryDelay } from './retry.ts'
import { silentTelemetry, type NodeSpan, type RunSpan, type Telemetry } from './telemetry.ts'
import { countTry, mostInterruptions, noTries, type Tries } from './tries.ts'
import { ValueScopes } from './value-scopes.ts'

/** What happens while a run is driven, beside what is recorded. */
export type LiveEvent =
  | {
      readonly type: 'attempt.progress'
      readonly node: string
      readonly done: number
      readonly total: number
    }
  | {
      readonly type: 'attempt.log'
      readonly node: string
      readonly level: LogLevel
      readonly message: string
      readonly fields: Readonly<Record<string, unknown>> | undefined
    }

/** Something that happened in a run. */
export interface RunUpdate {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly event: RunEvent | LiveEvent
}

/** What a run is driven with: the workspace's side. */
export interface RunServices extends AttemptServices {
  readonly metadata: MetadataStore
  readonly resources: ResourcePool
  /** Executions of this process by cache key: of equal ones, one runs. */
  readonly twins: Map<Digest, Promise<void>>
  readonly telemetry?: Telemetry
}

/** The functions behind a plan. */
export interface Program {
  /** By the keys of the plan's steps. */
  readonly steps: ReadonlyMap<string, AnyStep>
  readonly pipelines: ReadonlyMap<PlanNode, AnyPipeline>
  /** By the keys of the plan's steps. */
  readonly code: ReadonlyMap<string, StepCode>
}

/** One run to drive. */
export interface RunRequest {
  readonly id: string
  readonly plan: Pick<Plan, 'pipeline' | 'scope' | 'steps'>
  readonly program: Program
  readonly inputs: Values
  readonly settings: RunSettings
  /** Root nodes that were not selected: they are taken from the cache or fail with `SELECTION_GAP`. */
  readonly reuse?: ReadonlySet<string>
  readonly lease: Lease
  /** What is recorded of the run so far, in order; empty for a new one. */
  readonly history: readonly StoredEvent[]
  readonly onUpdate: (update: RunUpdate) => void
}

/** How a run ended. */
export interface RunOutcome {
  readonly state: 'succeeded' | 'failed' | 'cancelled'
  readonly outputs: Values
  readonly failures: readonly {
    readonly node: string
    readonly error: ErrorRecord
    readonly cause: unknown
  }[]
  /** Set when the run ended for a reason of its own, such as its timeout. */
  readonly error?: unknown
}

interface Work {
  readonly step: AnyStep
  readonly declaration: StepDeclaration
  readonly values: Values
  readonly key: Digest | null
  readonly seed: string
  /** Why nothing is cached. */
  readonly uncached: string | undefined
  readonly needs: Needs
  readonly span: NodeSpan
  /** Lets twins that wait for this execution go on. */
  readonly settled: () => void
}

/** So many items of a map are open for each that may run: while some run, others are looked up or committed. */
const openItemsPerSlot = 8

/**
 * Drives one run in this process: feeds the reducer with what happens, executes its commands, and records
 * each event before what depends on it goes on.
 */
export class LocalRun {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #state: RunState
  readonly #scopes: ValueScopes
  readonly #queue: PQueue
  readonly #abort = new AbortController()
  readonly #work = new Map<string, Work>()
  readonly #tries = new Map<string, Tries>()
  readonly #errors = new Map<string, unknown>()
  readonly #failures: { node: string; error: ErrorRecord; cause: unknown }[] = []
  readonly #abandoned = new Map<string, Promise<void>>()
  readonly #timers = new Set<() => void>()
  readonly #span: RunSpan
  #resolve!: (outcome: RunOutcome) => void
  #reject!: (error: unknown) => void
  #endedBy: PipewrightError | undefined
  #over = false

  constructor(request: RunRequest, services: RunServices) {
    this.#request = request
    this.#services = services
    const { plan, program, settings } = request
    this.#state = openRun(plan.scope, {
      failure: settings.failure,
      failFast: settings.failFast,
      window: settings.concurrency * openItemsPerSlot,
    })
    this.#scopes = new ValueScopes(
      plan.scope,
      program.pipelines,
      request.inputs,
      services.json,
      services.reader,
    )
    this.#queue = new PQueue({ concurrency: settings.concurrency })
    this.#span = (services.telemetry ?? silentTelemetry).run(plan.pipeline, request.id)
  }

  /** Drives the run to its end. */
  async drive(): Promise<RunOutcome> {
    const ended = new Promise<RunOutcome>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    const { timeout } = this.#request.settings
    const timer = timeout === undefined ? undefined : setTimeout(() => this.#timeOut(timeout), timeout)
    try {
      this.#dispatch(await this.#replay())
    } catch (error) {
      this.#fatal(error)
    }
    try {
      const outcome = await ended
      this.#span.end(outcome.state, outcome.error ?? outcome.failures[0]?.cause)
      return outcome
    } catch (error) {
      this.#span.end('failed', error)
      throw error
    } finally {
      clearTimeout(timer)
      this.#over = true
    }
  }

  /** Stops the run: running attempts are told by their signal, nothing new starts. */
  cancel(reason: string): void {
    if (this.#over || this.#state.cancelling) return
    this.#endedBy ??= new PipewrightError(
      'RUN_CANCELLED',
      `run ${this.#request.id} was cancelled: ${reason}`,
      {
        fix: `go on with it by \`pipewright resume ${this.#request.id}\``,
      },
    )
    this.#note({ type: 'run.cancel-requested', reason })
    this.#apply({ type: 'cancel' })
  }

  /** Gives the run up without a word in its record: somebody else owns it now. */
  lose(error: unknown): void {
    this.#fatal(error)
  }

  #timeOut(timeout: number): void {
    this.#endedBy = new PipewrightError(
      'RUN_TIMEOUT',
      `run ${this.#request.id} took longer than its timeout of ${timeout} ms`,
      {
        fix: 'raise `timeout`, or resume the run: what has succeeded is kept',
      },
    )
    this.#apply({ type: 'cancel' })
  }

  /** Folds the recorded history and returns what is still to be done. */
  async #replay(): Promise<Command[]> {
    const outstanding = new Map<string, Command>()
    const feed = (event: ReduceEvent): void => {
      if ('node' in event) outstanding.delete(event.node)
      for (const command of reduce(this.#state, event)) {
        if (command.type === 'collect') this.#scopes.collect(command.node, command.item)
        else outstanding.set('node' in command ? command.node : command.type, command)
      }
    }
    feed({ type: 'start' })
    for (const stored of this.#request.history) {
      const { event } = stored
      countTry(this.#tries, stored)
      if (event.type === 'map.expanded') {
        await this.#scopes.expand(event.node)
        feed(event)
      } else if (event.type === 'branch.decided') feed(event)
      else if (event.type === 'node.succeeded') {
        this.#scopes.record(event.node, event.outputs)
        feed(event)
      }
    }
    this.#recordInterrupted()
    return [...outstanding.values()]
  }

  /** Attempts that were open when their process ended are recorded as lost. */
  #recordInterrupted(): void {
    for (const [node, tries] of this.#tries) {
      if (!tries.open) continue
      tries.open = false
      tries.interrupted++
      const error = new PipewrightError(
        'STEP_INTERRUPTED',
        `attempt ${tries.started} of '${node}' was lost with its process`,
      )
      this.#note({
        type: 'attempt.failed',
        node,
        attempt: tries.started,
        end: 'interrupted',
        error: errorRecord(error),
        retryIn: 0,
      })
    }
  }

  #apply(event: ReduceEvent): void {
    if (this.#over) return
    try {
      this.#dispatch(reduce(this.#state, event))
    } catch (error) {
      this.#fatal(error)
    }
  }

  #dispatch(commands: readonly Command[]): void {
    for (const command of commands) {
      switch (command.type) {
        case 'execute':
          this.#guard(command.node, this.#execute(command.node, command.after))
          break
        case 'expand':
          this.#guard(command.node, this.#expand(command.node))
          break
        case 'decide':
          this.#guard(command.node, this.#decide(command.node))
          break
        case 'collect':
          this.#scopes.collect(command.node, command.item)
          break
        case 'gather':
          this.#guard(command.node, this.#gather(command.node, command.branch))
          break
        case 'settled':
          this.#settled(command)
          break
        case 'abort':
          this.#abort.abort(
            this.#endedBy ?? new PipewrightError('RUN_CANCELLED', 'the run has failed elsewhere'),
          )
          for (const wake of this.#timers) wake()
          break
        case 'finish':
          void this.#finish(command.state).catch((error: unknown) => this.#fatal(error))
          break
      }
    }
  }

  /** What goes wrong with a node outside of its attempts fails that node; what goes wrong with the record, the run. */
  #guard(node: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (isFatal(error)) this.#fatal(error)
      else {
        this.#errors.set(node, error)
        this.#apply({ type: 'node.broken', node })
      }
    })
  }

  #fatal(error: unknown): void {
    if (this.#over) return
    this.#over = true
    this.#abort.abort(error)
    for (const wake of this.#timers) wake()
    for (const { settled } of this.#work.values()) settled()
    this.#reject(error)
  }

  /** Records an event; the promise resolves when it is durable. */
  #append(event: RunEvent, blobs: readonly PendingBlob[] = []): Promise<void> {
    const at = Date.now()
    this.#request.onUpdate({ at, event })
    const { id, lease } = this.#request
    return this.#services.metadata.append(
      { run: id, at, event, ...(blobs.length === 0 ? {} : { blobs }) },
      lease,
    )
  }

  /** Records an event that nothing waits for; it is durable with the next one that something does. */
  #note(event: RunEvent, blobs: readonly PendingBlob[] = []): void {
    if (this.#over) return
    this.#append(event, blobs).catch((error: unknown) => this.#fatal(error))
  }

  async #execute(node: string, after: number): Promise<void> {
    if (after > 0) await this.#sleep(after)
    const prepared = this.#work.get(node) ?? (await this.#prepare(node))
    if (prepared === undefined || this.#over) return
    this.#services.resources.acquire(prepared.needs, (release) => {
      void this.#queue.add(async () => {
        try {
          await this.#attempt(node, prepared, release)
        } catch (error) {
          release()
          this.#guard(node, Promise.reject(error))
        }
      })
    })
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer)
        this.#timers.delete(wake)
        resolve()
      }
      const timer = setTimeout(wake, ms)
      this.#timers.add(wake)
      if (this.#abort.signal.aborted) wake()
    })
  }

  /** Finds the inputs and the cache key of a step; a hit is settled here and needs no slot. */
  async #prepare(node: string): Promise<Work | undefined> {
    const planned = this.#scopes.node(node)
    if (planned.type !== 'step') throw new PipewrightError('PLAN_INVALID', `'${node}' is not a step`)
    const { plan, program } = this.#request
    const step = program.steps.get(planned.step)!
    const declaration = plan.steps[planned.step]!
    const span = this.#span.node(node, step.name, sourcesOf(planned))
    const values = await this.#scopes.inputsOf(node)
    const code = program.code.get(planned.step)
    const digests = await inputDigests(values, step.inputs, this.#services.json)
    const uncached = uncachedReason(declaration, code)
    const cacheable = uncached === undefined && code?.cacheable === true
    const key = cacheable
      ? cacheKey(keyComponents(step.name, declaration.version, code.digest, digests))
      : null
    const seed = key ?? sha256(canonicalJson({ step: step.name, inputs: digests }))
    const needs = this.#services.resources.needs(declaration.resources, step.name)
    const startedAt = Date.now()
    let settled = (): void => undefined
    if (key !== null) {
      const found = await this.#claim(key)
      this.#span.cache(found.entry !== undefined)
      if (found.entry !== undefined) {
        this.#reuse(node, step, values, key, found.entry, startedAt)
        span.end('reused')
        return undefined
      }
      settled = found.settled
    }
    if (this.#request.reuse?.has(node.split(/[/[]/, 1)[0]!) === true) {
      settled()
      throw new PipewrightError(
        'SELECTION_GAP',
        `'${node}' was not selected and is not in the cache${uncached === undefined ? '' : ` (${uncached})`}`,
        {
          fix: 'select it too (to: …), or run the whole pipeline once',
          details: { node },
        },
      )
    }
    const work: Work = { step, declaration, values, key, seed, uncached, needs, span, settled }
    this.#work.set(node, work)
    return work
  }

  /** Looks a key up; when there is no entry this execution becomes the one that its twins wait for. */
  async #claim(
    key: Digest,
  ): Promise<
    | { readonly entry: CacheEntry; readonly settled?: never }
    | { readonly entry?: never; readonly settled: () => void }
  > {
    const { twins, metadata } = this.#services
    for (;;) {
      const twin = twins.get(key)
      if (twin !== undefined) {
        await twin
        continue
      }
      const entry = await metadata.cached(key)
      if (entry !== undefined) {
        if (await this.#isWhole(entry)) return { entry }
        await metadata.forget(key)
      }
      if (twins.has(key)) continue
      let done!: () => void
      const running = new Promise<void>((resolve) => (done = resolve))
      twins.set(key, running)
      return {
        settled: () => {
          if (twins.get(key) === running) twins.delete(key)
          done()
        },
      }
    }
  }

  /** An entry whose blobs were collected is no hit. */
  async #isWhole(entry: CacheEntry): Promise<boolean> {
    for (const value of Object.values(entry.outputs)) {
      if (!('artifact' in value) || value.artifact.external !== undefined) continue
      const { blob, size, parts } = value.artifact
      if (size > inlineLimit && !(await this.#services.store.has(blob))) return false
      for (const part of parts ?? []) {
        if (
          !(await this.#services.store.has(part)) &&
          (await this.#services.metadata.blob(part)) === undefined
        )
          return false
      }
    }
    return true
  }

  #reuse(
    node: string,
    step: AnyStep,
    inputs: Values,
    key: Digest,
    entry: CacheEntry,
    startedAt: number,
  ): void {
    const { outputs, facts, run, node: source } = entry
    this.#note({
      type: 'node.succeeded',
      node,
      step: step.name,
      attempt: 0,
      startedAt,
      inputs,
      outputs,
      key,
      reused: { run, node: source },
      facts,
    })
    this.#scopes.record(node, outputs)
    this.#apply({ type: 'node.succeeded', node })
  }

  async #attempt(node: string, work: Work, release: () => void): Promise<void> {
    if (this.#over) return release()
    const tries = this.#tries.get(node) ?? noTries()
    this.#tries.set(node, tries)
    if (this.#abort.signal.aborted)
      return this.#lost(node, work, { end: 'cancelled', error: this.#abort.signal.reason }, release)
    if (this.#state.halted && tries.used === 0) return this.#withdraw(node, work, release)
    if (tries.interrupted >= mostInterruptions)
      return this.#refuse(node, work, release, lostTooOften(node, tries))
    const { declaration, step } = work
    if (declaration.effect !== undefined && this.#abandoned.has(node))
      return this.#refuse(node, work, release, stillRunning(node))
    const startedAt = Date.now()
    const attempt = ++tries.started
    const started: RunEvent = { type: 'attempt.started', node, step: step.name, attempt, key: work.key }
    let later: NodeJS.Immediate | undefined
    // The start of an effect is durable before the effect can be. Any other start is recorded when the attempt
    // is not over at once: its end tells all that its start would.
    if (declaration.effect === undefined) later = setImmediate(() => this.#note(started))
    else await this.#append(started)
    const span = work.span.attempt(attempt)
    const outcome = await span.active(() => this.#run(node, work, attempt, startedAt))
    clearImmediate(later)
    span.end(outcome.ok ? 'succeeded' : outcome.end, outcome.ok ? undefined : outcome.error)
    if (this.#over) return release()
    if (outcome.ok) {
      // The slot is given back here: what is being committed no longer runs, and commits gather meanwhile.
      release()
      this.#guard(node, this.#succeed(node, work, outcome, attempt, startedAt))
    } else await this.#fail(node, work, outcome, attempt, release)
  }

  #run(
    node: string,
    { step, declaration, values, seed }: Work,
    attempt: number,
    startedAt: number,
  ): Promise<AttemptOutcome> {
    const { id, plan, onUpdate } = this.#request
    return attemptStep(
      {
        run: { id, pipeline: plan.pipeline },
        node,
        fileName: fileName(node),
        step,
        declaration,
        values,
        attempt,
        startedAt,
        idempotencyKey: this.#idempotencyKey(node, declaration, values),
        seed,
        signal: this.#abort.signal,
        onProgress: (done, total) =>
          onUpdate({ at: Date.now(), event: { type: 'attempt.progress', node, done, total } }),
        onLog: (level, message, fields) =>
          onUpdate({ at: Date.now(), event: { type: 'attempt.log', node, level, message, fields } }),
      },
      this.#services,
    )
  }

  async #succeed(
    node: string,
    work: Work,
    outcome: AttemptOutcome & { ok: true },
    attempt: number,
    startedAt: number,
  ): Promise<void> {
    const { step, declaration, values: inputs, key } = work
    const { outputs, facts, volatile, blobs } = outcome
    const uncached =
      work.uncached ??
      (volatile.length > 0 && declaration.cache === undefined
        ? `the step read ctx.${volatile.join(', ctx.')}`
        : undefined)
    await this.#append(
      {
        type: 'node.succeeded',
        node,
        step: step.name,
        attempt,
        startedAt,
        inputs,
        outputs,
        key,
        ...(uncached === undefined ? {} : { uncached }),
        facts,
      },
      blobs,
    )
    this.#close(node, work, 'succeeded')
    this.#scopes.record(node, outputs)
    this.#apply({ type: 'node.succeeded', node })
  }

  async #fail(
    node: string,
    work: Work,
    outcome: AttemptOutcome & { ok: false },
    attempt: number,
    release: () => void,
  ): Promise<void> {
    const { end, error, retryable, log, abandoned } = outcome
    const tries = this.#tries.get(node)!
    if (end !== 'cancelled') tries.used++
    tries.interrupted = 0
    const retryIn =
      retryable && end !== 'cancelled'
        ? retryDelay(work.declaration.retry, tries.used, Math.random())
        : undefined
    const again = retryIn === undefined ? {} : { retryIn }
    if (abandoned === undefined) release()
    else this.#watch(node, abandoned, release)
    await this.#append({
      type: 'attempt.failed',
      node,
      attempt,
      end,
      error: errorRecord(error),
      ...again,
      ...(log === undefined ? {} : { log }),
    })
    this.#errors.set(node, error)
    if (retryIn === undefined) this.#close(node, work, end, error)
    this.#apply({ type: 'attempt.failed', node, end, ...again })
  }

  /** An abandoned function keeps its named resources until it settles. */
  #watch(node: string, abandoned: Promise<void>, release: () => void): void {
    this.#abandoned.set(node, abandoned)
    void abandoned.finally(() => {
      if (this.#abandoned.get(node) === abandoned) this.#abandoned.delete(node)
      release()
    })
  }

  #lost(
    node: string,
    work: Work,
    why: { readonly end: 'cancelled'; readonly error: unknown },
    release: () => void,
  ): void {
    release()
    this.#close(node, work, why.end, why.error)
    this.#apply({ type: 'attempt.failed', node, end: why.end })
  }

  #withdraw(node: string, work: Work, release: () => void): void {
    release()
    this.#close(node, work, 'cancelled')
    this.#apply({ type: 'node.withdrawn', node })
  }

  #refuse(node: string, work: Work, release: () => void, error: PipewrightError): void {
    release()
    this.#errors.set(node, error)
    this.#close(node, work, 'failed', error)
    this.#apply({ type: 'node.broken', node })
  }

  #close(node: string, work: Work, outcome: string, error?: unknown): void {
    this.#work.delete(node)
    this.#tries.delete(node)
    work.span.end(outcome, error)
    work.settled()
  }

  #idempotencyKey(node: string, { effect, name }: StepDeclaration, values: Values): string {
    if (typeof effect === 'object')
      return sha256(canonicalJson({ step: name, key: values[effect.key] ?? null })).slice(7)
    return sha256(canonicalJson({ run: this.#request.id, node })).slice(7)
  }

  async #expand(node: string): Promise<void> {
    const count = await this.#scopes.expand(node)
    if (this.#over) return
    this.#note({ type: 'map.expanded', node, count })
    this.#apply({ type: 'map.expanded', node, count })
  }

  async #decide(node: string): Promise<void> {
    const taken = await this.#scopes.decide(node)
    if (this.#over) return
    this.#note({ type: 'branch.decided', node, taken })
    this.#apply({ type: 'branch.decided', node, taken })
  }

  async #gather(node: string, branch: 'then' | 'else' | undefined): Promise<void> {
    const startedAt = Date.now()
    const blobs = new CommitWriter(this.#services.store, this.#services.reader)
    const { outputs, gathers } = await this.#scopes.gather(node, branch, blobs)
    if (this.#over) return
    const lineage = gathers === undefined ? {} : { gathers }
    await this.#append(
      {
        type: 'node.succeeded',
        node,
        step: null,
        attempt: 0,
        startedAt,
        inputs: {},
        outputs,
        key: null,
        ...lineage,
      },
      blobs.pending,
    )
    this.#scopes.record(node, outputs)
    this.#apply({ type: 'node.succeeded', node })
  }

  #settled(command: Command & { type: 'settled' }): void {
    const { node, state } = command
    if (state === 'skipped') {
      this.#scopes.record(node, {})
      this.#note({ type: 'node.skipped', node })
    } else if (state === 'blocked') this.#note({ type: 'node.blocked', node, by: command.by ?? '' })
    else if (state === 'cancelled') this.#note({ type: 'node.cancelled', node })
    else {
      const planned = this.#scopes.node(node)
      // A step may have thrown undefined: what counts is that it has thrown.
      const cause = this.#errors.has(node) ? this.#errors.get(node) : containerError(node, this.#failures)
      const error = errorRecord(cause)
      if (planned.type === 'step' || this.#errors.has(node)) this.#failures.push({ node, error, cause })
      this.#note({
        type: 'node.failed',
        node,
        step: planned.type === 'step' ? this.#request.plan.steps[planned.step]!.name : null,
        error,
      })
    }
  }

  async #finish(reached: 'succeeded' | 'failed' | 'cancelled'): Promise<void> {
    const timedOut = this.#endedBy?.code === 'RUN_TIMEOUT' && reached === 'cancelled'
    const state = timedOut ? 'failed' : reached
    const outputs = state === 'succeeded' ? await this.#scopes.outputs() : {}
    const cause = state === 'succeeded' ? undefined : (this.#endedBy ?? this.#failures[0]?.cause)
    const error = cause === undefined ? {} : { error: errorRecord(cause) }
    await this.#append({ type: 'run.finished', state, outputs, ...error })
    this.#resolve({
      state,
      outputs,
      failures: this.#failures,
      ...(this.#endedBy === undefined ? {} : { error: this.#endedBy }),
    })
  }
}

/** Without these the run cannot be recorded any more. */
function isFatal(error: unknown): boolean {
  return (
    PipewrightError.isInstance(error) &&
    ['LEASE_LOST', 'STORE_FULL', 'STORE_READ_ONLY', 'WORKSPACE_CLOSED', 'WORKSPACE_CORRUPT'].includes(
      error.code,
    )
  )
}

function uncachedReason(declaration: StepDeclaration, code: StepCode | undefined): string | undefined {
  if (declaration.effect !== undefined) return 'the step is an effect'
  if (declaration.cache === 'never') return "the step says cache: 'never'"
  if (code === undefined) return 'the code of the step is not known'
  return code.cacheable ? undefined : code.reason
}

function sourcesOf(node: PlanNode & { type: 'step' }): string[] {
  const sources: string[] = []
  for (const binding of Object.values(node.inputs))
    if ('node' in binding && binding.up === undefined) sources.push(binding.node)
  return sources
}

/** Node paths may hold what file names may not, and be longer. */
function fileName(node: string): string {
  return `${node.replaceAll(/[^\w.-]+/g, '_').slice(0, 60)}-${sha256(node).slice(7, 15)}`
}

function lostTooOften(node: string, { interrupted }: Tries): PipewrightError {
  return new PipewrightError(
    'STEP_INTERRUPTED',
    `'${node}' was lost with its process ${interrupted} times in a row`,
    {
      fix: 'look what ends the process (memory?), then resume the run',
    },
  )
}

function stillRunning(node: string): PipewrightError {
  return new PipewrightError(
    'STEP_ABANDONED',
    `'${node}' is an effect whose abandoned attempt still runs: trying again could do it twice`,
    {
      fix: 'let the step react to ctx.signal, or raise its grace; then resume the run',
    },
  )
}

function containerError(
  node: string,
  failures: readonly { readonly node: string; readonly cause: unknown }[],
): Error {
  const inside = failures.filter(
    (failure) => failure.node.startsWith(`${node}/`) || failure.node.startsWith(`${node}[`),
  )
  const first = inside[0]
  return new PipewrightError(
    'STEP_FAILED',
    `${inside.length} failed inside '${node}'${first === undefined ? '' : `, the first is '${first.node}'`}`,
    {
      cause: first?.cause,
    },
  )
}
