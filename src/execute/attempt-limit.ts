import type { Clock } from '../internal/clock.ts'
import { PipewrightError } from '../internal/error.ts'
import type { AttemptEnd } from '../record/event.ts'

/** How long an attempt may take, and by which clock; times in milliseconds. */
interface Limits {
  readonly timeout: number | undefined
  /** How long it has to end once it is past its time, or cancelled. */
  readonly grace: number
  /** Who is limited, for messages. */
  readonly owner: string
  readonly clock: Clock
}

/** The time limit and the cancellation of one attempt. */
export class AttemptLimit {
  readonly #controller = new AbortController()
  readonly #outside: AbortSignal
  readonly #grace: number
  readonly #clock: Clock
  readonly #onOutside: () => void
  #stopTimer: (() => void) | undefined
  #stopGrace: (() => void) | undefined
  #end: AttemptEnd | undefined
  #running: Promise<unknown> | undefined
  #reject: ((error: unknown) => void) | undefined

  constructor(outside: AbortSignal, { timeout, grace, owner, clock }: Limits) {
    this.#outside = outside
    this.#grace = grace
    this.#clock = clock
    this.#onOutside = () => this.#stop('cancelled', outside.reason)
    if (outside.aborted) this.#onOutside()
    else outside.addEventListener('abort', this.#onOutside, { once: true })
    if (timeout !== undefined) {
      this.#stopTimer = clock.after(timeout, () => {
        const error = new PipewrightError(
          'STEP_TIMEOUT',
          `${owner} took longer than its timeout of ${timeout} ms`,
          {
            fix: 'raise `timeout`, do less in one step, or react to ctx.signal',
          },
        )
        this.#stop('timed-out', error)
      })
    }
  }

  get signal(): AbortSignal {
    return this.#controller.signal
  }

  throwIfAborted(): void {
    if (this.signal.aborted) throw this.signal.reason
  }

  /** Runs the function; past its time or cancelled it has the grace to end, then it is given up. */
  async race<T>(run: () => Promise<T>): Promise<T> {
    let settled = false
    const running = run().finally(() => {
      settled = true
      this.#running = undefined
    })
    this.#running = running
    const result = await new Promise<T>((resolve, reject) => {
      this.#reject = reject
      running.then(resolve, reject)
      if (this.signal.aborted && !settled) this.#startGrace()
    })
    // A result that came after the end of the time is refused.
    this.throwIfAborted()
    return result
  }

  /** Fails the attempt for something that happened beside its promise. */
  fail(reason: unknown): void {
    this.#end ??= 'failed'
    this.#reject?.(reason)
    this.#controller.abort(reason)
  }

  /** How the attempt ended, and the error that ended it: what stopped it, else what was thrown. */
  verdict(thrown: unknown): { readonly end: AttemptEnd; readonly error: unknown } {
    if (this.#end === undefined) return { end: 'failed', error: thrown }
    // What was told to end may say better what it was at.
    const isTold =
      this.#end === 'timed-out' && PipewrightError.isInstance(thrown) && thrown.code === 'STEP_TIMEOUT'
    return { end: this.#end, error: isTold ? thrown : this.signal.reason }
  }

  /** The function, when it is still running. */
  unsettled(): Promise<unknown> | undefined {
    const running = this.#running
    running?.catch(() => undefined)
    return running
  }

  clear(): void {
    this.#stopTimer?.()
    this.#stopGrace?.()
    this.#outside.removeEventListener('abort', this.#onOutside)
  }

  #stop(end: AttemptEnd, reason: unknown): void {
    if (this.#end !== undefined) return
    this.#end = end
    this.#controller.abort(reason)
    if (this.#running !== undefined) this.#startGrace()
  }

  #startGrace(): void {
    this.#stopGrace = this.#clock.after(this.#grace, () => this.#reject?.(this.signal.reason))
  }
}
