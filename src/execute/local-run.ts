import { PipewrightError } from '../internal/error.ts'
import type { ErrorRecord, RunEvent, Values } from '../record/event.ts'
import { verificationOf } from '../record/verification.ts'
import { CommitWriter, type PendingBlob } from './blobs.ts'
import { errorRecord, shortError } from './error-record.ts'
import type { Command, ReduceEvent } from './reduce/command.ts'
import { reduce } from './reduce/reduce.ts'
import { DueTimes } from './due-times.ts'
import { Lifetime } from './lifetime.ts'
import { readInOnePiece } from './lost.ts'
import { openRun, type RunState } from './reduce/state.ts'
import { replay } from './replay.ts'
import { containerError, exhausted, isFatal } from './run-errors.ts'
import type { RunOutcome, RunRequest, RunServices } from './run-request.ts'
import { StepExecutions, type StepHost } from './step-executions.ts'
import { silentTelemetry, type RunSpan } from './telemetry.ts'
import { ValueScopes } from './value-scopes.ts'
import { WaitNodes, type WaitHost } from './wait-nodes.ts'

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
  readonly #steps: StepExecutions
  readonly #waits: WaitNodes
  /** Nodes of which an answer is still to come, but for those that wait. */
  readonly #asked = new Set<string>()
  #isWaiting = false
  readonly #main: Lifetime
  readonly #cleanup: Lifetime
  readonly #errors = new Map<string, unknown>()
  #failures: { node: string; error: ErrorRecord; cause: unknown }[] = []
  readonly #span: RunSpan
  #resolve!: (outcome: RunOutcome) => void
  #reject!: (error: unknown) => void
  #endedBy: PipewrightError | undefined
  /** What happens while the record is replayed; undefined from then on. */
  #early: ReduceEvent[] | undefined = []
  #over = false
  readonly #verified: RunEvent[]

  constructor(request: RunRequest, services: RunServices) {
    this.#request = request
    this.#services = services
    this.#verified = request.history.flatMap(({ event }) => (event.type === 'node.verified' ? [event] : []))
    const { plan, program, settings } = request
    this.#main = new Lifetime(services.clock)
    this.#cleanup = new Lifetime(services.clock)
    this.#state = openRun(plan, {
      failure: settings.failure,
      failFast: settings.failFast,
      window: settings.concurrency * openItemsPerSlot,
    })
    this.#scopes = new ValueScopes(
      plan,
      program.pipelines,
      request.inputs,
      services.json,
      services.reader,
      (value) => this.#steps.repairs.currentValue(value),
    )
    this.#span = (services.telemetry ?? silentTelemetry).run(plan.pipeline, request.id)
    const host: StepHost & WaitHost = {
      main: this.#main,
      cleanup: this.#cleanup,
      isOver: () => this.#over,
      append: (event: RunEvent, blobs: readonly PendingBlob[] = []) => this.#append(event, blobs),
      note: (event) => this.#note(event),
      apply: (event) => this.#apply(event),
      blame: (node, error) => void this.#errors.set(node, error),
      guard: (node, work) => this.#guard(node, work),
    }
    this.#steps = new StepExecutions(request, services, this.#scopes, this.#span, host)
    this.#waits = new WaitNodes(request, services, this.#scopes, host)
  }

  /** Drives the run to its end. */
  async drive(): Promise<RunOutcome> {
    const ended = new Promise<RunOutcome>((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    // The run may be lost while its record is replayed, before anybody waits for this.
    ended.catch(() => undefined)
    const stopTimers = this.#armTimers()
    try {
      const outstanding = await replay(
        this.#state,
        this.#scopes,
        this.#steps.tries,
        this.#request.history,
        (node, read) => this.#reading(node, read),
        { isUndoable: (node) => this.#isUndoable(node), onHandle: (command) => this.#handle(command) },
      )
      const early = this.#early ?? []
      this.#early = undefined
      this.#recordInterrupted()
      // Once some of it was taken back, the rest is, and nothing else is done.
      const isUndoing = this.#request.history.some(({ event }) => event.type === 'undo.started')
      const left = isUndoing ? reduce(this.#state, { type: 'undo' }) : outstanding
      for (const event of early) this.#apply(event)
      this.#steps.verifyEarlier()
      if (!this.#over) this.#dispatch(left)
      this.#tellWaiting()
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
      for (const stop of stopTimers) stop()
      this.#waits.end()
      this.#over = true
    }
  }

  /** Stops the run: running attempts are told by their signal, nothing new starts. */
  cancel(reason: string): void {
    if (this.#isEnding()) {
      // Asked again, it does not wait for its handlers either.
      if (!this.#over && this.#main.signal.aborted) this.#cleanup.abort(this.#endedBy)
      return
    }
    this.#endedBy ??= new PipewrightError(
      'RUN_CANCELLED',
      `run ${this.#request.id} was cancelled: ${reason}`,
      {
        fix: `go on with it by \`pipewright resume ${this.#request.id}\``,
      },
    )
    this.#note({ type: 'run.cancel-requested', reason })
    this.#applyCancel()
  }

  /** Gives the run up without a word in its record: somebody else owns it now. */
  lose(error: unknown): void {
    this.#fatal(error)
  }

  /** The timeout, which counts from now, and the deadline, which was set once and for all. */
  #armTimers(): (() => void)[] {
    const { clock } = this.#services
    const { timeout, deadline } = this.#request.settings
    const stops: (() => void)[] = []
    if (timeout !== undefined) {
      const what = `took longer than its timeout of ${timeout} ms`
      stops.push(clock.after(timeout, () => this.#timeOut(what, 'raise `timeout`, or resume the run')))
    }
    if (deadline !== undefined) {
      const due = new DueTimes(clock)
      const what = `was not over by its deadline, ${new Date(deadline).toISOString()}`
      due.add(deadline, () => this.#timeOut(what, 'start a new run with a later one'))
      stops.push(() => due.end())
    }
    return stops
  }

  #timeOut(what: string, fix: string): void {
    if (this.#isEnding()) return
    this.#endedBy = new PipewrightError('RUN_TIMEOUT', `run ${this.#request.id} ${what}`, {
      fix: `${fix}: what has succeeded is kept`,
    })
    this.#applyCancel()
  }

  #isEnding(): boolean {
    return this.#over || this.#state.cancelling || this.#main.signal.aborted
  }

  #applyCancel(): void {
    this.#apply({ type: 'cancel' })
    // All nodes have settled: what is left to stop is the verification of hits.
    if (!this.#state.finished) return
    this.#main.abort(this.#endedBy)
    this.#main.halt()
  }

  /** Attempts that were open when their process ended are recorded as lost. */
  #recordInterrupted(): void {
    for (const [node, tries] of this.#steps.tries) {
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
    // A halted state does not take the events of a record that was not halted there.
    if (this.#early !== undefined) return void this.#early.push(event)
    try {
      if ('node' in event) this.#asked.delete(event.node)
      const commands = reduce(this.#state, event)
      this.#dispatch(commands)
      if (this.#state.halted) this.#main.halt()
      this.#tellWaiting()
    } catch (error) {
      this.#fatal(error)
    }
  }

  #dispatch(commands: readonly Command[]): void {
    for (const command of commands) {
      if (isAsking(command)) this.#asked.add(command.node)
      switch (command.type) {
        case 'wait':
          this.#guard(command.node, this.#wait(command.node, command.cleanup === true))
          break
        case 'execute':
          this.#guard(
            command.node,
            this.#steps.execute(command.node, command.after, command.cleanup === true),
          )
          break
        case 'expand':
          this.#guard(command.node, this.#expand(command.node))
          break
        case 'decide':
          this.#guard(command.node, this.#decide(command.node))
          break
        case 'turn':
          this.#guard(command.node, this.#turn(command.node, command.round))
          break
        case 'exhausted':
          this.#errors.set(
            command.node,
            exhausted(command.node, command.limit, this.#scopes.node(command.node)),
          )
          this.#apply({ type: 'node.broken', node: command.node })
          break
        case 'collect':
          this.#scopes.collect(command.node, command.item)
          break
        case 'drop':
          this.#drop(command.node, command.item)
          break
        case 'handle':
          this.#handle(command)
          break
        case 'undo':
          this.#guard(command.node, this.#undo(command.node))
          break
        case 'gather':
          this.#guard(command.node, this.#gather(command.node, command.branch))
          break
        case 'settled':
          this.#settled(command)
          break
        case 'abort':
          this.#main.abort(
            this.#endedBy ?? new PipewrightError('RUN_CANCELLED', 'the run has failed elsewhere'),
          )
          break
        case 'finish':
          void this.#finish(command.state).catch((error: unknown) => this.#fatal(error))
          break
      }
    }
  }

  /** While a wait is being begun, there is something to do. */
  async #wait(node: string, isCleanup: boolean): Promise<void> {
    this.#asked.add(node)
    await this.#waits.wait(node, isCleanup)
    this.#asked.delete(node)
    this.#tellWaiting()
  }

  /** Records when nothing is left to do but to wait, and when there is something to do again. */
  #tellWaiting(): void {
    const isWaiting = this.#asked.size === 0 && this.#waits.size > 0 && !this.#state.finished
    if (this.#over || isWaiting === this.#isWaiting) return
    this.#isWaiting = isWaiting
    this.#note(isWaiting ? { type: 'run.waiting', until: this.#waits.until } : { type: 'run.proceeded' })
  }

  /** What goes wrong with a node outside of its attempts fails that node; what goes wrong with the record, the run. */
  #guard(node: string, work: Promise<void>): void {
    work.catch((error: unknown) => {
      if (isFatal(error)) this.#fatal(error)
      else if (this.#isStopped(error)) {
        // It waited for lost outputs to be made again.
        this.#steps.close(node, 'cancelled', error)
        this.#apply({ type: 'attempt.failed', node, end: 'cancelled' })
      } else {
        this.#errors.set(node, error)
        this.#steps.close(node, 'failed', error)
        this.#apply({ type: 'node.broken', node })
      }
    })
  }

  #isStopped(error: unknown): boolean {
    return [this.#main, this.#cleanup].some(({ signal }) => signal.aborted && error === signal.reason)
  }

  #fatal(error: unknown): void {
    if (this.#over) return
    this.#over = true
    for (const lifetime of [this.#main, this.#cleanup]) {
      lifetime.abort(error)
      lifetime.halt()
    }
    this.#steps.end()
    this.#waits.end()
    this.#reject(error)
  }

  /** Records an event; the promise resolves when it is durable. */
  #append(event: RunEvent, blobs: readonly PendingBlob[] = []): Promise<void> {
    const at = this.#services.clock.now()
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
    if (event.type === 'node.verified') this.#verified.push(event)
    this.#append(event, blobs).catch((error: unknown) => this.#fatal(error))
  }

  #reading<T>(node: string, read: () => Promise<T>): Promise<T> {
    return this.#steps.repairs.reading(node, read)
  }

  async #expand(node: string): Promise<void> {
    const { count, keys } = await this.#reading(node, () => this.#scopes.expand(node))
    if (this.#over) return
    this.#note({ type: 'map.expanded', node, count })
    this.#apply({ type: 'map.expanded', node, count, keys })
  }

  async #turn(node: string, round: number): Promise<void> {
    const again = await this.#reading(node, () => this.#scopes.turn(node, round))
    if (this.#over) return
    this.#note({ type: 'loop.turned', node, round, again })
    this.#apply({ type: 'loop.turned', node, round, again })
  }

  /** An item of a map has failed, as it may: the map tells of it, the run does not fail by it. */
  #drop(node: string, index: number): void {
    const { name, key } = this.#scopes.itemOf(node, index)
    const inside = `${node}[${name}]/`
    const first = this.#failures.find((failure) => failure.node.startsWith(inside))
    this.#failures = this.#failures.filter((failure) => !failure.node.startsWith(inside))
    const error = first?.error ?? { name: 'Error', message: 'the item has failed' }
    this.#scopes.dropItem(node, { key, index, node: first?.node ?? node, error: shortError(error) })
  }

  #handle({ node, outcome }: Command & { readonly type: 'handle' }): void {
    const slash = node.lastIndexOf('/')
    const prefix = node.slice(0, slash + 1)
    const failures = this.#failures
      .filter((failure) => failure.node.startsWith(prefix))
      .map((failure) => ({ node: failure.node, error: shortError(failure.error) }))
    this.#scopes.handle(node, { state: { value: outcome }, failures: { value: failures } })
  }

  async #undo(node: string): Promise<void> {
    const error = await this.#steps.undo(node)
    if (this.#over) return
    if (error !== undefined) this.#failures.push({ node, error: errorRecord(error), cause: error })
    this.#apply({ type: 'node.undone', node })
  }

  #isUndoable(node: string): boolean {
    const planned = this.#scopes.node(node)
    return planned.type === 'step' && this.#request.plan.steps[planned.step]!.undo === true
  }

  async #decide(node: string): Promise<void> {
    const taken = await this.#reading(node, () => this.#scopes.decide(node))
    if (this.#over) return
    this.#note({ type: 'branch.decided', node, taken })
    this.#apply({ type: 'branch.decided', node, taken })
  }

  async #gather(node: string, branch: string | undefined): Promise<void> {
    const startedAt = this.#services.clock.now()
    const gathered = await this.#reading(node, async () => {
      const blobs = new CommitWriter(this.#services.store, this.#services.reader)
      return { ...(await this.#scopes.gather(node, branch, blobs)), blobs }
    })
    const { outputs, gathers, inputs = {}, blobs } = gathered
    if (this.#over) return
    const lineage = gathers === undefined ? {} : { gathers }
    await this.#append(
      {
        type: 'node.succeeded',
        node,
        step: null,
        attempt: 0,
        startedAt,
        inputs,
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
      const error = errorRecord(cause, this.#services.project)
      // What has settled is looked at no more.
      this.#scopes.drop(node)
      if (planned.type === 'step' || this.#errors.has(node)) this.#failures.push({ node, error, cause })
      this.#note({
        type: 'node.failed',
        node,
        step: planned.type === 'step' ? this.#request.plan.steps[planned.step]!.name : null,
        error,
      })
      this.#errors.delete(node)
    }
  }

  /** The outputs of the run, which whoever asks for them can read; undefined with the error where they cannot. */
  async #outputs(): Promise<{ readonly outputs: Values; readonly unreadable?: unknown }> {
    const { reader, json } = this.#services
    try {
      return await this.#reading('', async () => {
        const outputs = this.#steps.repairs.current(await this.#scopes.outputs())
        await readInOnePiece(outputs, reader, json)
        return { outputs }
      })
    } catch (unreadable) {
      if (isFatal(unreadable) || this.#over) throw unreadable
      return { outputs: {}, unreadable }
    }
  }

  async #finish(settled: 'succeeded' | 'failed' | 'cancelled'): Promise<void> {
    const isVerified = await this.#steps.verification.settled()
    if (this.#over) return
    const read = isVerified && settled === 'succeeded' ? await this.#outputs() : { outputs: {} }
    // Cancelled meanwhile, it has no outputs: what was verified or made again for them was given up.
    const isStopped = !isVerified || (read.unreadable !== undefined && this.#main.signal.aborted)
    const reached = isStopped && settled === 'succeeded' ? 'cancelled' : settled
    const timedOut = this.#endedBy?.code === 'RUN_TIMEOUT' && reached === 'cancelled'
    const { outputs, unreadable } = isStopped ? { outputs: {} } : read
    const state = timedOut || unreadable !== undefined ? 'failed' : reached
    const ownEnd = unreadable ?? this.#endedBy
    const cause = state === 'succeeded' ? undefined : (ownEnd ?? this.#failures[0]?.cause)
    const error = cause === undefined ? {} : { error: errorRecord(cause, this.#services.project) }
    await this.#append({ type: 'run.finished', state, outputs, ...error })
    this.#resolve({
      state,
      outputs,
      failures: this.#failures,
      ...(this.#request.settings.verifyCache === undefined
        ? {}
        : { verification: verificationOf(this.#verified) }),
      ...(ownEnd === undefined ? {} : { error: ownEnd }),
    })
  }
}

/** Whether an answer follows that is work of this process. */
function isAsking(command: Command): command is Command & { readonly node: string } {
  return ['execute', 'expand', 'decide', 'turn', 'exhausted', 'gather', 'undo'].includes(command.type)
}
