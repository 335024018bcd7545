import PQueue from 'p-queue'
import { canonicalJson } from '../internal/canonical.ts'
import { sha256, type Digest } from '../internal/digest.ts'
import { PipewrightError } from '../internal/error.ts'
import { codeParts } from '../code/code-parts.ts'
import type { AnyStep } from '../define/step.ts'
import type { AttemptFacts, RunEvent, Values } from '../record/event.ts'
import { attemptStep, type AttemptOutcome } from './attempt.ts'
import type { PendingBlob } from './blobs.ts'
import { inputDigests } from './cache-key.ts'
import type { Hit } from './cache-lookup.ts'
import { earlierHits } from './earlier-hits.ts'
import { errorRecord } from './error-record.ts'
import { Lane } from './lane.ts'
import type { StepHome } from './child/step-home.ts'
import { escalated, memoryLimit } from './escalation.ts'
import { enterEffect } from './live-effects.ts'
import type { Lifetime } from './lifetime.ts'
import { lostBlob } from './lost.ts'
import { RecordedMemory } from './memory.ts'
import type { ReduceEvent } from './reduce/command.ts'
import type { Tried } from './remake-host.ts'
import { Repairs } from './repair.ts'
import { retryDelay } from './retry.ts'
import { isFatal, lostTooOften, selectionGap, stillRunning } from './run-errors.ts'
import type { LiveEvent, RunRequest, RunServices } from './run-request.ts'
import { RunResources } from './run-resources.ts'
import { fingerprintAt, keyOf, stepOf, type KeyRequest } from './step-key.ts'
import { changedSince, fileName, idempotencyKey, notBefore, type Work } from './step-work.ts'
import type { RunSpan } from './telemetry.ts'
import { mostInterruptions, noTries, type Tries } from './tries.ts'
import { undoNode, type UndoHost } from './undo.ts'
import type { ValueScopes } from './value-scopes.ts'
import { Verification, type Hit as VerifiedHit } from './verification.ts'

/** What executing steps needs of the run that they belong to. */
export interface StepHost {
  /** How long nodes outside of handlers go on. */
  readonly main: Lifetime
  /** How long nodes of handlers do. */
  readonly cleanup: Lifetime
  /** Nothing more of the run is recorded. */
  isOver(): boolean
  /** Records an event; the promise resolves when it is durable. */
  append(event: RunEvent, blobs?: readonly PendingBlob[]): Promise<void>
  /** Records an event that nothing waits for. */
  note(event: RunEvent): void
  apply(event: ReduceEvent): void
  /** Takes the error that a node will have failed with. */
  blame(node: string, error: unknown): void
  /** Takes work that nobody awaits: what goes wrong with it fails the node, or the run. */
  guard(node: string, work: Promise<void>): void
}

/** What an attempt without a result leaves, as far as there is any. */
function left({ log, facts }: { log: string | undefined; facts: AttemptFacts | undefined }): {
  log?: string
  facts?: AttemptFacts
} {
  return { ...(log === undefined ? {} : { log }), ...(facts === undefined ? {} : { facts }) }
}

/** So many nodes are looked up at once. */
const mostLookUps = 128

/** Executes the steps of one run: looks their outputs up, waits for resources and a slot, tries and tries again. */
export class StepExecutions {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #scopes: ValueScopes
  readonly #span: RunSpan
  readonly #host: StepHost
  readonly #queue: PQueue
  readonly #lane = new Lane(mostLookUps)
  readonly #keys: KeyRequest
  readonly #startedAt: number
  readonly #work = new Map<string, Work>()
  readonly #resources: RunResources
  /** By step, once one runs elsewhere than inline. */
  #homes: Map<AnyStep, StepHome> | undefined
  /** Nodes of handlers. */
  readonly #cleanup = new Set<string>()
  /** Notes the start of the attempt of a node, which has not been noted yet. */
  readonly #unnoted = new Map<string, () => void>()
  /** Has lost outputs of the run made again. */
  readonly repairs: Repairs
  /** How often nodes have been tried, from the history on. */
  readonly tries = new Map<string, Tries>()
  /** Recomputes a sample of the hits. */
  readonly verification: Verification

  constructor(
    request: RunRequest,
    services: RunServices,
    scopes: ValueScopes,
    span: RunSpan,
    host: StepHost,
  ) {
    this.#request = request
    this.#keys = { ...request, folder: request.id }
    this.#services = services
    this.#startedAt = services.clock.now()
    this.#scopes = scopes
    this.#span = span
    this.#host = host
    this.#queue = new PQueue({ concurrency: request.settings.concurrency })
    this.#resources = new RunResources(services.resources, services.metadata.claims, request.lease)
    this.verification = new Verification(request, services, this.#queue, {
      signal: host.main.signal,
      halted: host.main.halted,
      resources: this.#resources,
      note: (event) => host.note(event),
      warn: (node, message) => this.#warn(node, message),
    })
    this.repairs = new Repairs(request, services, {
      signal: host.main.signal,
      queue: this.#queue,
      resources: this.#resources,
      isOver: () => host.isOver(),
      append: (event, blobs) => host.append(event, blobs),
      warn: (node, message) => this.#warn(node, message),
      plannedNode: (path) => scopes.node(path),
      sleep: (ms) => host.main.waits.sleep(ms),
      run: (node, work, attempt, now, from) => this.#run(node, work, attempt, now, from),
    })
  }

  /** Draws from the hits too that the run had before it was resumed. */
  verifyEarlier(): void {
    if (this.#request.settings.verifyCache === undefined) return
    for (const hit of earlierHits(this.#request, this.#services, (path) => this.#scopes.node(path)))
      this.verification.hit(() => hit)
  }

  /** Starts an attempt of a step after a wait in milliseconds. */
  async execute(node: string, after: number, isCleanup: boolean): Promise<void> {
    if (isCleanup) this.#cleanup.add(node)
    if (after > 0) await this.#lifetimeOf(node).waits.sleep(after)
    const work = this.#work.get(node) ?? (await this.#lane.run((leave) => this.#prepare(node, leave)))
    if (work === undefined) return
    const begin = (release: () => void): void => {
      const attempt = async (): Promise<void> => {
        try {
          await this.#attempt(node, work, release)
        } catch (error) {
          release()
          throw error
        }
      }
      const slot = async (): Promise<void> => {
        const attempted = attempt()
        this.#host.guard(node, attempted)
        await attempted.catch(() => undefined)
      }
      void this.#queue.add(slot, { priority: work.priority })
    }
    const outOfMemory = this.tries.get(node)?.outOfMemory ?? 0
    const needs =
      outOfMemory === 0
        ? work.needs
        : this.#services.resources.needs(escalated(work.declaration, outOfMemory), work.step.name)
    this.#resources.acquire(needs, begin, this.#signalOf(node))
  }

  /** What ends the waits of a node: one that has not been tried need not be, when nothing new is to start. */
  #signalOf(node: string): AbortSignal {
    const { halted, signal } = this.#lifetimeOf(node)
    return (this.tries.get(node)?.used ?? 0) === 0 ? halted : signal
  }

  #lifetimeOf(node: string): Lifetime {
    return this.#cleanup.has(node) ? this.#host.cleanup : this.#host.main
  }

  /** Takes the effect of a node back; gives what went wrong. */
  undo(node: string): Promise<unknown> {
    const { cleanup } = this.#host
    const { metadata, clock, random } = this.#services
    const { id } = this.#request
    this.#cleanup.add(node)
    const host: UndoHost = {
      runId: id,
      stepAt: (path) => stepOf(this.#keys, this.#scopes.node(path), path),
      executionAt: (path) => metadata.executionAt(id, path),
      idempotencyKey: (path) => sha256(canonicalJson({ run: id, undo: path })).slice(7),
      run: (path, work, attempt, now) => this.#run(path, work, attempt, now),
      now: () => clock.now(),
      random,
      sleep: (ms) => cleanup.waits.sleep(ms),
      append: (event) => this.#host.append(event),
    }
    return undoNode(node, host).finally(() => this.#cleanup.delete(node))
  }

  /** Where other threads and processes find a step of the plan. */
  #homeOf(step: AnyStep): StepHome | undefined {
    const { program, plan } = this.#request
    const { address } = program
    if (address === undefined) return undefined
    this.#homes ??= new Map(
      [...program.steps].map(([key, one]) => {
        const code = program.code.get(key)
        // A secret may be a variable; which of them is one only the child's providers tell.
        const env = Object.values(plan.steps).flatMap(({ env: names = [], secrets = {} }) => [
          ...names,
          ...Object.values(secrets),
        ])
        return [one, { address, key, env, ...(code?.cacheable === true ? { code: codeParts(code) } : {}) }]
      }),
    )
    return this.#homes.get(step)
  }

  /** Lets go of a node that goes on no more, and of what waits for it. */
  close(node: string, outcome: string, error?: unknown, uncached = false): void {
    this.tries.delete(node)
    this.#cleanup.delete(node)
    const work = this.#work.get(node)
    if (work === undefined) return
    this.#work.delete(node)
    work.span.end(outcome, error)
    work.settled(uncached)
  }

  /** Lets go of everything: the run is over. */
  end(): void {
    for (const node of this.#work.keys()) this.close(node, 'cancelled')
  }

  /** Finds the inputs and the cache key of a step; a hit is settled here and needs no slot. */
  async #prepare(node: string, onWait: () => void): Promise<Work | undefined> {
    const planned = this.#scopes.node(node)
    const request = this.#keys
    const { step, declaration, sources, priority } = stepOf(request, planned, node)
    const span = this.#span.node(node, step.name, sources)
    const services = this.#services
    try {
      const signal = this.#signalOf(node)
      const given = await this.repairs.readingUntil(signal, node, async () => {
        const values = this.repairs.current(await this.#scopes.inputsOf(node))
        return { values, digests: await inputDigests(values, step.inputs, services.json) }
      })
      if (given === undefined) {
        span.end('cancelled')
        this.#giveUp(node)
        return undefined
      }
      const { values, digests } = given
      const found = await this.repairs.reading(node, () =>
        keyOf(request, planned, node, given, services, signal, onWait),
      )
      const { code, policy, mode, isReuse, uncached, fingerprint, env, key, seed } = found
      const needs = services.resources.needs(escalated(declaration, 0), step.name)
      const startedAt = this.#services.clock.now()
      const claimed = signal.aborted
        ? 'aborted'
        : key === null
          ? { settled: () => undefined }
          : await services.lookup.claim(
              {
                key,
                step,
                notBefore: notBefore(node, policy, mode, { now: startedAt, from: this.#startedAt }),
                lease: mode === 'readonly' ? undefined : this.#request.lease,
              },
              signal,
              onWait,
            )
      if (key !== null && claimed !== 'aborted') this.#span.cache(claimed.entry !== undefined)
      // From here on nothing waits, so that a claim is never left behind.
      if (this.#host.isOver() || claimed === 'aborted') {
        if (claimed !== 'aborted') claimed.settled?.(false)
        span.end('cancelled')
        this.#giveUp(node)
        return undefined
      }
      if (claimed.entry !== undefined) {
        const { entry } = claimed
        const verified = (): VerifiedHit => ({
          node,
          step,
          declaration,
          values,
          key: key!,
          entry,
          idempotencyKey: idempotencyKey(this.#request.id, node, declaration, digests),
          needs,
          fingerprint,
        })
        // Before the node succeeds: with the last one the run ends. What was not selected is not executed.
        if (!isReuse) this.verification.hit(verified)
        await this.#reuse(node, step.name, values, key!, fingerprint, claimed, startedAt)
        span.end('reused')
        return undefined
      }
      const { settled } = claimed
      if ('lost' in claimed && claimed.lost)
        this.#warn(node, 'what an earlier execution made is gone or corrupt: it is made again')
      if (isReuse) {
        settled(false)
        throw selectionGap(node, uncached)
      }
      const own = idempotencyKey(this.#request.id, node, declaration, digests)
      const work: Work = {
        step,
        declaration,
        code,
        values,
        key,
        env,
        fingerprint,
        policy,
        seed,
        idempotencyKey: own,
        uncached,
        needs,
        priority,
        span,
        settled,
      }
      this.#work.set(node, work)
      return work
    } catch (error) {
      span.end('failed', error)
      throw error
    }
  }

  /** That what a step has read from outside may not be what its fingerprint told before it ran. */
  async #changedSource(node: string, { step, values, fingerprint }: Work): Promise<string | undefined> {
    const { folder } = this.#keys
    const asked = fingerprintAt(folder, node, step, values, this.#services, this.#lifetimeOf(node).signal)
    const { text, problem } = await asked
    return (
      problem ?? (text === fingerprint ? undefined : 'what it reads from outside has changed while it ran')
    )
  }

  #warn(node: string, message: string): void {
    this.#request.onUpdate({
      at: this.#services.clock.now(),
      event: { type: 'attempt.log', node, level: 'warn', message, fields: undefined },
    })
  }

  async #reuse(
    node: string,
    step: string,
    inputs: Values,
    key: Digest,
    fingerprint: string | undefined,
    { entry, blobs }: Hit,
    startedAt: number,
  ): Promise<void> {
    const { outputs, run, node: source } = entry
    const { usage: _usage, ...facts } = entry.facts
    const event: RunEvent = {
      type: 'node.succeeded',
      node,
      step,
      attempt: 0,
      startedAt,
      inputs,
      outputs,
      key,
      reused: { run, node: source },
      ...(fingerprint === undefined ? {} : { fingerprint }),
      facts,
    }
    // What no other run can read before it is durable is waited for.
    if (blobs.length > 0) await this.#host.append(event, blobs)
    else this.#host.note(event)
    this.#scopes.record(node, outputs)
    this.#host.apply({ type: 'node.succeeded', node })
  }

  async #attempt(node: string, work: Work, release: () => void): Promise<void> {
    const host = this.#host
    if (host.isOver()) return release()
    const { signal, halted } = this.#lifetimeOf(node)
    if (signal.aborted) {
      release()
      this.close(node, 'cancelled', signal.reason)
      return host.apply({ type: 'attempt.failed', node, end: 'cancelled' })
    }
    const tries = this.tries.get(node) ?? noTries()
    this.tries.set(node, tries)
    if (halted.aborted && tries.used === 0) {
      release()
      this.close(node, 'cancelled')
      return host.apply({ type: 'node.withdrawn', node })
    }
    if (tries.interrupted >= mostInterruptions)
      return this.#refuse(node, release, lostTooOften(node, tries.interrupted))
    const isEffect = work.declaration.effect !== undefined
    const leave = isEffect ? enterEffect(this.#request.id, node) : () => undefined
    if (leave === undefined) return this.#refuse(node, release, stillRunning(node))
    let running: Promise<void> | undefined
    const startedAt = this.#services.clock.now()
    const attempt = ++tries.started
    let outcome: AttemptOutcome
    try {
      const stopNoting = await this.#recordStart(node, work, attempt)
      const span = work.span.attempt(attempt)
      outcome = await span.active(() => this.#run(node, work, attempt, startedAt))
      stopNoting()
      span.end(outcome.ok ? 'succeeded' : outcome.end, outcome.ok ? undefined : outcome.error)
      if (!outcome.ok) running = outcome.abandoned
    } finally {
      // The slot is given back here: what is being committed no longer runs, and commits gather meanwhile. An
      // abandoned function keeps its named resources until it settles.
      const free = (): void => {
        leave()
        release()
      }
      if (running === undefined) free()
      else void running.finally(free)
    }
    if (host.isOver()) return
    if (outcome.ok) host.guard(node, this.#succeed(node, work, outcome, attempt, startedAt))
    // Within the slot: what is next may have to stop for this failure.
    else if (lostBlob(outcome.error) === undefined) await this.#fail(node, work, outcome, attempt)
    // It need not be tried, so that what it misses is not made again for it.
    else if (halted.aborted && !signal.aborted && tries.used === 0)
      await this.#withdraw(node, outcome, attempt)
    // Outside of the slot: what it misses is made again in one.
    else host.guard(node, this.#mend(node, work, outcome, attempt))
  }

  /** A node that was not tried is not to be any more. */
  #giveUp(node: string): void {
    this.#host.apply(
      this.#lifetimeOf(node).signal.aborted
        ? { type: 'attempt.failed', node, end: 'cancelled' }
        : { type: 'node.withdrawn', node },
    )
  }

  /** A node that nothing is to be done for any more: the run was halted before it had used a try. */
  async #withdraw(
    node: string,
    { error, log, facts, blobs }: AttemptOutcome & { ok: false },
    attempt: number,
  ): Promise<void> {
    const ended = { attempt, end: 'lost-input', error: errorRecord(error, this.#services.project) } as const
    await this.#host.append({ type: 'attempt.failed', node, ...ended, ...left({ log, facts }) }, blobs)
    this.close(node, 'cancelled')
    this.#host.apply({ type: 'node.withdrawn', node })
  }

  /** Has what an attempt has missed made again, and tries once more: that uses up no try. */
  async #mend(
    node: string,
    work: Work,
    outcome: AttemptOutcome & { ok: false },
    attempt: number,
  ): Promise<void> {
    const host = this.#host
    try {
      await this.repairs.mend(node, outcome.error)
    } catch (reason) {
      if (isFatal(reason) || host.isOver()) throw reason
      const end = this.#lifetimeOf(node).signal.aborted ? 'cancelled' : outcome.end
      return this.#fail(node, work, { ...outcome, end, error: reason, retryable: false }, attempt)
    }
    this.#work.set(node, { ...work, values: this.repairs.current(work.values) })
    await this.#fail(node, work, { ...outcome, end: 'lost-input' }, attempt)
  }

  /**
   * The start of an effect is durable before the effect can be, and so is every start in a run that was cut off
   * before: a step that ends its process at once is to be found out. Any other start is recorded when the attempt
   * is not over at once: its end tells all that its start would. Gives the function that prevents this.
   */
  async #recordStart(node: string, { step, declaration, key }: Work, attempt: number): Promise<() => void> {
    const started: RunEvent = { type: 'attempt.started', node, step: step.name, attempt, key }
    if (declaration.effect !== undefined || this.#request.history.length > 0) {
      await this.#host.append(started)
      return () => undefined
    }
    const note = (): void => {
      this.#unnoted.delete(node)
      clearImmediate(later)
      this.#host.note(started)
    }
    const later = setImmediate(note)
    this.#unnoted.set(node, note)
    return () => {
      this.#unnoted.delete(node)
      clearImmediate(later)
    }
  }

  async #run(
    node: string,
    { step, declaration, values, seed, idempotencyKey, key = null }: Tried,
    attempt: number,
    startedAt: number,
    services = this.#services,
  ): Promise<AttemptOutcome> {
    const { id, plan, onUpdate } = this.#request
    const { clock, metadata } = services
    const memory = new RecordedMemory(metadata, { run: id, node, attempt, key }, (event, blobs) =>
      this.#host.append(event, blobs),
    )
    const tell = (event: LiveEvent): void => {
      // Whoever follows the run is told of an attempt before what it reports.
      this.#unnoted.get(node)?.()
      onUpdate({ at: clock.now(), event })
    }
    const home = this.#homeOf(step)
    const limit = memoryLimit(declaration, this.tries.get(node)?.outOfMemory ?? 0)
    const { runner } = this.#request.settings
    const outcome = await (services.attempt ?? attemptStep)(
      {
        run: { id, pipeline: plan.pipeline },
        node,
        fileName: fileName(node),
        step,
        declaration,
        values,
        attempt,
        startedAt,
        idempotencyKey,
        seed,
        memory,
        ...(home === undefined ? {} : { home }),
        ...(runner === undefined ? {} : { runner }),
        ...(limit === undefined ? {} : { memoryLimit: limit }),
        signal: this.#lifetimeOf(node).signal,
        onProgress: (done, total) => tell({ type: 'attempt.progress', node, done, total }),
        onLog: (level, message, fields) => tell({ type: 'attempt.log', node, level, message, fields }),
        onMetric: (name, value, step) => tell({ type: 'attempt.metric', node, name, value, step }),
      },
      services,
    )
    if (!outcome.ok || !memory.isMixed) return outcome
    const uncached = 'it goes on from what an attempt with other code, or other things outside, has left'
    return { ...outcome, uncached }
  }

  async #succeed(
    node: string,
    work: Work,
    outcome: AttemptOutcome & { ok: true },
    attempt: number,
    startedAt: number,
  ): Promise<void> {
    const { step, values: inputs, key, env, fingerprint } = work
    const { outputs, facts, volatile, blobs } = outcome
    const isAsked = work.uncached === undefined && work.fingerprint !== undefined
    const changedSource = isAsked ? await this.#changedSource(node, work) : undefined
    const isVolatile = volatile.length > 0 && work.policy === undefined
    const isReadonly = this.#request.settings.cache === 'readonly'
    const uncached =
      work.uncached ??
      outcome.uncached ??
      changedSince(work.code) ??
      changedSource ??
      (isVolatile ? `the step read ctx.${volatile.join(', ctx.')}` : undefined) ??
      (isReadonly ? "the run says cache: 'readonly'" : undefined)
    await this.#host.append(
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
        ...(Object.keys(env).length === 0 ? {} : { env }),
        ...(fingerprint === undefined ? {} : { fingerprint }),
        facts,
      },
      blobs,
    )
    if (key !== null && uncached === undefined) this.#services.shared?.offer(key)
    this.close(node, 'succeeded', undefined, uncached !== undefined)
    this.#scopes.record(node, outputs)
    const undoable = work.declaration.undo === undefined ? {} : { undoable: true }
    this.#host.apply({ type: 'node.succeeded', node, ...undoable })
  }

  async #fail(
    node: string,
    work: Work,
    { end, error, retryable, log, facts, blobs }: AttemptOutcome & { ok: false },
    attempt: number,
  ): Promise<void> {
    const tries = this.tries.get(node)!
    const isMended = end === 'lost-input'
    if (end !== 'cancelled' && !isMended) tries.used++
    if (PipewrightError.isInstance(error) && error.code === 'STEP_OUT_OF_MEMORY') tries.outOfMemory++
    tries.interrupted = 0
    const retryIn = isMended
      ? 0
      : retryable && end !== 'cancelled'
        ? retryDelay(work.declaration.retry, tries.used, this.#services.random())
        : undefined
    const again = retryIn === undefined ? {} : { retryIn }
    await this.#host.append(
      {
        type: 'attempt.failed',
        node,
        attempt,
        end,
        error: errorRecord(error, this.#services.project),
        ...again,
        ...left({ log, facts }),
      },
      blobs,
    )
    this.#host.blame(node, error)
    if (retryIn === undefined) this.close(node, end, error)
    this.#host.apply({ type: 'attempt.failed', node, end, ...again })
  }

  #refuse(node: string, release: () => void, error: PipewrightError): void {
    release()
    this.#host.blame(node, error)
    this.close(node, 'failed', error)
    this.#host.apply({ type: 'node.broken', node })
  }
}
