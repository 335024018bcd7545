import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { JsonKind } from '../artifact/json.ts'
import { check, issueLines } from '../artifact/schema.ts'
import { isWait } from '../plan/bodies.ts'
import type { PlanApprove, PlanNode, PlanSignal, PlanWait } from '../plan/document.ts'
import type { PostedEvent, RunEvent, StoredEvent, Value, Values } from '../record/event.ts'
import { mayDecide } from './decision.ts'
import { DueTimes } from './due-times.ts'
import type { Lifetime } from './lifetime.ts'
import type { ReduceEvent } from './reduce/command.ts'
import type { RunRequest, RunServices } from './run-request.ts'
import { dueTime } from './wait-time.ts'
import type { ValueScopes } from './value-scopes.ts'

/** How often what other processes have posted is looked for, in milliseconds. */
const poll = 500

type Decision = PostedEvent & { readonly type: 'approval.decided' }

/** What nodes that wait need of the run that they belong to. */
export interface WaitHost {
  readonly main: Lifetime
  readonly cleanup: Lifetime
  isOver(): boolean
  append(event: RunEvent): Promise<void>
  note(event: RunEvent): void
  apply(event: ReduceEvent): void
  blame(node: string, error: unknown): void
  guard(node: string, work: Promise<void>): void
}

/** Since when a node waits, and when that ends by itself; in milliseconds since the epoch. */
interface Begun {
  readonly since: number
  readonly until: number | null
}

interface Open extends Begun {
  readonly node: string
  readonly planned: PlanWait
  /** Its end is being recorded. */
  isEnding: boolean
}

/** The nodes of a run that wait for time, for signals and for decisions. */
export class WaitNodes {
  readonly #request: RunRequest
  readonly #services: RunServices
  readonly #scopes: ValueScopes
  readonly #host: WaitHost
  readonly #open = new Map<string, Open>()
  readonly #due: DueTimes
  /** Waits that were open when the run was left. */
  readonly #earlier = new Map<string, Begun>()
  /** Signals that nobody has taken, in the order in which they came. */
  readonly #signals = new Map<string, { readonly payload: Json; readonly by: string }[]>()
  /** Decisions of nodes that do not wait yet in this process. */
  readonly #decisions = new Map<string, Decision>()
  /** The place of the last posted event that was read. */
  #read = 0
  #stopListening: (() => void) | undefined
  #isReading: Promise<void> | undefined

  constructor(request: RunRequest, services: RunServices, scopes: ValueScopes, host: WaitHost) {
    this.#request = request
    this.#services = services
    this.#scopes = scopes
    this.#host = host
    this.#due = new DueTimes(services.clock)
    for (const stored of request.history) this.#recall(stored)
    // Who waits when nothing new is to start need not go on.
    host.main.halted.addEventListener('abort', () => this.#withdraw(), { once: true })
    host.cleanup.signal.addEventListener('abort', () => this.#withdraw(true), { once: true })
  }

  /** How many nodes wait. */
  get size(): number {
    return this.#open.size
  }

  /** When the first of them ends by itself, in milliseconds since the epoch; null: none does. */
  get until(): number | null {
    let first: number | null = null
    for (const { until } of this.#open.values())
      if (until !== null && (first === null || until < first)) first = until
    return first
  }

  /** Lets a node wait. */
  async wait(node: string, isCleanup: boolean): Promise<void> {
    const host = this.#host
    const { halted, signal } = isCleanup ? host.cleanup : host.main
    if (halted.aborted || signal.aborted) return this.#giveUp(node, signal.aborted)
    const planned = this.#scopes.node(node)
    if (!isWait(planned)) throw new PipewrightError('PLAN_INVALID', `'${node}' does not wait`)
    const begun = await this.#begin(node, planned)
    const { until } = begun
    if (host.isOver()) return
    if (halted.aborted || signal.aborted) return this.#giveUp(node, signal.aborted)
    const open: Open = { node, planned, ...begun, isEnding: false }
    this.#open.set(node, open)
    if (planned.type === 'signal' || planned.type === 'approve') this.#listen()
    if (until !== null) this.#due.add(until, () => host.guard(node, this.#timeOut(open)))
    await this.#offer(open)
  }

  /** Lets go of everything: the run is over. */
  end(): void {
    this.#due.end()
    this.#open.clear()
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  /** What the record tells of waits and of what was posted. */
  #recall({ seq, at, event }: StoredEvent): void {
    switch (event.type) {
      case 'wait.opened':
        this.#earlier.set(event.node, { since: at, until: event.until })
        this.#decisions.delete(event.node)
        break
      case 'approval.decided':
      case 'signal.received':
        this.#take(seq, event)
        break
      case 'post.refused':
        this.#decisions.delete(event.node)
        break
      case 'node.succeeded': {
        this.#settled(event.node)
        if (event.step !== null) break
        const planned = this.#scopes.node(event.node)
        const isTaken = planned.type === 'signal' && 'value' in (event.outputs['payload'] ?? {})
        if (isTaken) this.#signals.get(planned.signal)?.shift()
        break
      }
      case 'node.failed':
      case 'node.cancelled':
        this.#settled(event.node)
        break
      default:
    }
  }

  #settled(node: string): void {
    this.#earlier.delete(node)
    this.#decisions.delete(node)
  }

  #take(seq: number, event: PostedEvent): void {
    this.#read = Math.max(this.#read, seq)
    if (event.type === 'signal.received') {
      const { signal, payload, by } = event
      this.#signals.set(signal, [...(this.#signals.get(signal) ?? []), { payload, by }])
    } else if (!this.#decisions.has(event.node)) this.#decisions.set(event.node, event)
  }

  /** Records that a node waits, unless that is recorded already; gives since when, and when it ends by itself. */
  async #begin(node: string, planned: PlanWait): Promise<Begun> {
    const earlier = this.#earlier.get(node)
    if (earlier !== undefined) return earlier
    const since = this.#services.clock.now()
    const until = await dueTime(node, planned, since, (binding) => this.#scopes.valueOf(node, binding))
    const on = planned.type === 'approve' ? 'approval' : planned.type === 'signal' ? 'signal' : 'time'
    const show = planned.type === 'approve' ? { show: await this.#scopes.valuesOf(node, planned.show) } : {}
    await this.#host.append({ type: 'wait.opened', node, on, until, ...show })
    return { since, until }
  }

  #listen(): void {
    if (this.#stopListening !== undefined) return
    const { metadata } = this.#services
    const look = (): void =>
      void (this.#isReading ??= this.#look().finally(() => (this.#isReading = undefined)))
    const stopPosts = metadata.onPosted(this.#request.id, look)
    // What other processes post shows in the store alone.
    const timer = setInterval(look, poll)
    this.#stopListening = () => {
      stopPosts()
      clearInterval(timer)
    }
    look()
  }

  async #look(): Promise<void> {
    const host = this.#host
    try {
      for (const { seq, event } of await this.#services.metadata.posted(this.#request.id, this.#read)) {
        if (host.isOver()) return
        this.#take(seq, event as PostedEvent)
      }
    } catch {
      // The store is busy: the next look finds it.
      return
    }
    for (const open of this.#open.values()) host.guard(open.node, this.#offer(open))
  }

  /** Gives a node what was posted for it. */
  async #offer(open: Open): Promise<void> {
    const { node, planned } = open
    if (open.isEnding || this.#host.isOver()) return
    if (planned.type === 'signal') {
      const [first] = this.#signals.get(planned.signal) ?? []
      if (first === undefined) return
      open.isEnding = true
      this.#signals.get(planned.signal)!.shift()
      const problem = await this.#problemOf(planned, first.payload)
      if (problem !== undefined) return this.#refuse(open, problem)
      return this.#succeed(open, { payload: { value: first.payload } })
    }
    const decision = planned.type === 'approve' ? this.#decisions.get(node) : undefined
    if (planned.type !== 'approve' || decision === undefined) return
    open.isEnding = true
    this.#decisions.delete(node)
    const problem = mayDecide(planned, decision)
      ? decision.approved
        ? await this.#problemOf(planned, decision.payload)
        : undefined
      : `'${decision.by}' may not decide it`
    if (problem !== undefined) return this.#refuse(open, problem)
    await this.#decided(open, planned, decision)
  }

  /** What is wrong with what was sent; undefined where nothing is. */
  async #problemOf(
    planned: PlanSignal | PlanApprove,
    payload: Json | undefined,
  ): Promise<string | undefined> {
    const kind = this.#request.program.payloads?.get(planned as PlanNode)
    if (kind === undefined) return undefined
    const result = await check((kind as unknown as JsonKind<unknown>).schema, payload)
    return result.ok ? undefined : issueLines(result.issues)
  }

  async #refuse(open: Open, reason: string): Promise<void> {
    const { node } = open
    await this.#host.append({ type: 'post.refused', node, reason })
    open.isEnding = false
    // Who was to give up meanwhile could not: its end was being recorded.
    const { halted, signal } = this.#isInHandler(node) ? this.#host.cleanup : this.#host.main
    if (!halted.aborted && !signal.aborted) return this.#offer(open)
    this.#open.delete(node)
    this.#giveUp(node, signal.aborted)
    this.#quieten()
  }

  async #decided(
    open: Open,
    planned: PlanApprove,
    { approved, payload, by, reason }: Omit<Decision, 'type' | 'node' | 'by'> & { readonly by?: string },
  ): Promise<void> {
    const { node } = open
    if (!approved && planned.onReject === 'fail') {
      const who = by === undefined ? ': nobody has decided in time' : ` by ${by}`
      return this.#fail(
        open,
        new PipewrightError(
          'APPROVAL_REJECTED',
          `'${node}' was rejected${who}${reason === undefined ? '' : `: ${reason}`}`,
          {
            fix: "nothing, if that is meant; say onReject: 'continue' to branch on it, or resume the run to ask again",
            details: { node, by: by ?? null, reason: reason ?? null },
          },
        ),
      )
    }
    const value = (known: Json | undefined): Value =>
      known === undefined ? { absent: true } : { value: known }
    await this.#succeed(open, {
      approved: { value: approved },
      payload: value(approved ? payload : undefined),
      by: value(by),
      reason: value(reason),
      at: { value: new Date(this.#services.clock.now()).toISOString() },
    })
  }

  async #timeOut(open: Open): Promise<void> {
    const { node, planned } = open
    if (!this.#open.has(node) || open.isEnding) return
    if (planned.type === 'sleep' || planned.type === 'until') {
      open.isEnding = true
      return this.#succeed(open, {})
    }
    // What came in time, but from another process, counts.
    await this.#isReading
    await this.#look()
    if (open.isEnding || !this.#open.has(node)) return
    open.isEnding = true
    if (planned.onTimeout === 'fail') {
      const what =
        planned.type === 'approve' ? `has decided '${node}'` : `has sent '${planned.signal}' to '${node}'`
      return this.#fail(
        open,
        new PipewrightError('WAIT_TIMEOUT', `nobody ${what} in time`, {
          fix: 'resume the run to wait anew, raise the timeout, or say what counts then: onTimeout',
          details: { node },
        }),
      )
    }
    if (planned.type === 'signal') return this.#succeed(open, { payload: { absent: true } })
    await this.#decided(open, planned, { approved: planned.onTimeout === 'approve', roles: [] })
  }

  async #succeed({ node, since }: Open, outputs: Values): Promise<void> {
    const event = { type: 'node.succeeded', node, step: null, attempt: 0, startedAt: since } as const
    await this.#host.append({ ...event, inputs: {}, outputs, key: null })
    if (this.#host.isOver()) return
    this.#open.delete(node)
    this.#quieten()
    this.#scopes.record(node, outputs)
    this.#host.apply({ type: 'node.succeeded', node })
  }

  #fail({ node }: Open, error: PipewrightError): void {
    this.#open.delete(node)
    this.#quieten()
    this.#host.blame(node, error)
    this.#host.apply({ type: 'node.broken', node })
  }

  /** Stops to listen when nobody waits for what may be posted. */
  #quieten(): void {
    for (const { planned } of this.#open.values())
      if (planned.type === 'signal' || planned.type === 'approve') return
    this.#stopListening?.()
    this.#stopListening = undefined
  }

  /** Ends the waits that are not to go on: those of handlers only where they are stopped too. */
  #withdraw(isCleanup = false): void {
    for (const open of this.#open.values()) {
      const { node } = open
      if (open.isEnding || (!isCleanup && this.#isInHandler(node))) continue
      this.#open.delete(node)
      this.#giveUp(node, isCleanup || this.#host.main.signal.aborted)
    }
    this.#quieten()
  }

  #isInHandler(node: string): boolean {
    for (let at = node.indexOf('/'); at !== -1; at = node.indexOf('/', at + 1))
      if (this.#scopes.node(node.slice(0, at)).type === 'handler') return true
    return false
  }

  #giveUp(node: string, isCancelled: boolean): void {
    this.#host.apply(
      isCancelled ? { type: 'attempt.failed', node, end: 'cancelled' } : { type: 'node.withdrawn', node },
    )
  }
}
