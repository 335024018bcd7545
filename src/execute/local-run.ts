import PQueue from 'p-queue'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import type { AnyStep } from '../define/step.ts'
import type { StepDeclaration } from '../plan/document.ts'
import type { ErrorRecord, RunEvent, Values } from '../record/event.ts'
import type { CacheEntry } from '../record/metadata.ts'
import { attemptStep, type AttemptOutcome } from './attempt.ts'
import { CommitWriter, type PendingBlob } from './blobs.ts'
import { cacheKey, inputDigests, keyComponents } from './cache-key.ts'
import { errorRecord } from './error-record.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import { openRun, type RunState } from './reduce/state.ts'
import { replay } from './replay.ts'
import { retryDelay } from './retry.ts'
import { containerError, isFatal, lostTooOften, selectionGap, stillRunning } from './run-errors.ts'
import type { RunOutcome, RunRequest, RunServices } from './run-request.ts'
import { fileName, idempotencyKey, sourcesOf, uncachedReason, type Work } from './step-work.ts'
import { silentTelemetry, type NodeSpan, type RunSpan } from './telemetry.ts'
import { mostInterruptions, noTries, type Tries } from './tries.ts'
import { ValueScopes } from './value-scopes.ts'
import { Waits } from './waits.ts'

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
  readonly #waits = new Waits()
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
      const outstanding = await replay(this.#state, this.#scopes, this.#tries, this.#request.history)
      this.#recordInterrupted()
      this.#dispatch(outstanding)
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
          this.#waits.end()
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
    this.#waits.end()
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
    if (after > 0) await this.#waits.sleep(after)
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

  /** Finds the inputs and the cache key of a step; a hit is settled here and needs no slot. */
  async #prepare(node: string): Promise<Work | undefined> {
    const planned = this.#scopes.node(node)
    if (planned.type !== 'step') throw new PipewrightError('PLAN_INVALID', `'${node}' is not a step`)
    const { plan, program } = this.#request
    const step = program.steps.get(planned.step)!
    const declaration = plan.steps[planned.step]!
    const span = this.#span.node(node, step.name, sourcesOf(planned))
    try {
      return await this.#prepareStep(node, planned.step, step, declaration, span)
    } catch (error) {
      span.end('failed', error)
      throw error
    }
  }

  async #prepareStep(
    node: string,
    planKey: string,
    step: AnyStep,
    declaration: StepDeclaration,
    span: NodeSpan,
  ): Promise<Work | undefined> {
    const values = await this.#scopes.inputsOf(node)
    const code = this.#request.program.code.get(planKey)
    const digests = await inputDigests(values, step.inputs, this.#services.json)
    const uncached = uncachedReason(declaration, code)
    const cacheable = uncached === undefined && code?.cacheable === true
    const key = cacheable ? cacheKey(keyComponents(declaration, code.digest, digests)) : null
    const seed = key ?? sha256(canonicalJson({ step: step.name, inputs: digests }))
    const needs = this.#services.resources.needs(declaration.resources, step.name)
    const startedAt = Date.now()
    let settled = (): void => undefined
    if (key !== null) {
      const found = await this.#services.lookup.claim(key)
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
      throw selectionGap(node, uncached)
    }
    const own = idempotencyKey(this.#request.id, node, declaration, digests)
    const work: Work = {
      step,
      declaration,
      values,
      key,
      seed,
      idempotencyKey: own,
      uncached,
      needs,
      span,
      settled,
    }
    this.#work.set(node, work)
    return work
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
    { step, declaration, values, seed, idempotencyKey: key }: Work,
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
        idempotencyKey: key,
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
