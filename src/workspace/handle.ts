import type { LocalRun } from '../execute/local-run.ts'
import type { RunOutcome, RunUpdate } from '../execute/run-request.ts'
import type { RunVerification } from '../record/verification.ts'

/** What a finished run gives: its typed outputs and its record. */
export interface RunResult<Out> {
  readonly outputs: Out
  readonly run: { readonly id: string; readonly pipeline: string }
  /** What recomputing a sample of the hits has found; undefined where `verifyCache` did not ask for it. */
  readonly verification: RunVerification | undefined
}

/**
 * A run that was started.
 *
 * @example
 * ```ts
 * const handle = await pw.start(tumours, { csv: 'tumours.csv' })
 * process.once('SIGINT', () => handle.cancel('interrupted'))
 * for await (const { at, event } of handle.events()) console.log(new Date(at), event.type)
 * const { outputs } = await handle.result()
 * ```
 */
export interface RunHandle<Out> {
  readonly id: string
  /** What happens from now on, until the run ends. */
  events(): AsyncIterable<RunUpdate>
  /** Waits for the end; throws `RunFailedError` when the run did not succeed. */
  result(): Promise<RunResult<Out>>
  /** Stops the run: running steps are told by `ctx.signal`, nothing new starts. */
  cancel(reason?: string): void
}

/** Hands updates to whoever listens; a slow listener keeps its own backlog. */
export class Updates {
  readonly #listeners = new Set<(update: RunUpdate | undefined) => void>()
  #ended = false

  constructor(onUpdate?: (update: RunUpdate) => void) {
    this.tell(onUpdate)
  }

  /** Tells a function of each update until it is taken away; it can't make the run fail. */
  tell(onUpdate: ((update: RunUpdate) => void) | undefined): () => void {
    if (onUpdate === undefined) return () => undefined
    const listener = (update: RunUpdate | undefined): void => {
      try {
        if (update !== undefined) onUpdate(update)
      } catch {
        // Its own affair.
      }
    }
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  push(update: RunUpdate): void {
    for (const listener of this.#listeners) listener(update)
  }

  end(): void {
    this.#ended = true
    for (const listener of this.#listeners) listener(undefined)
  }

  async *stream(): AsyncGenerator<RunUpdate> {
    if (this.#ended) return
    const backlog: (RunUpdate | undefined)[] = []
    let wake: (() => void) | undefined
    const listener = (update: RunUpdate | undefined): void => {
      backlog.push(update)
      wake?.()
    }
    this.#listeners.add(listener)
    try {
      for (;;) {
        while (backlog.length > 0) {
          const update = backlog.shift()
          if (update === undefined) return
          yield update
        }
        await new Promise<void>((resolve) => (wake = resolve))
      }
    } finally {
      this.#listeners.delete(listener)
    }
  }
}

/** A run while it is driven, by whomever. */
export interface FollowedRun {
  readonly updates: Updates
  readonly ended: Promise<RunOutcome>
  readonly cancel: (reason: string) => void
}

/** A run of this process while it is driven. */
export interface ActiveRun extends FollowedRun {
  readonly driver: LocalRun
}

/** Cancels something when a signal is aborted, or was already; gives the function that stops that. */
export function cancelOnAbort(signal: AbortSignal | undefined, cancel: (reason: string) => void): () => void {
  if (signal === undefined) return () => undefined
  const onAbort = (): void => cancel((signal.reason as Error | undefined)?.message ?? 'aborted')
  if (signal.aborted) onAbort()
  else signal.addEventListener('abort', onAbort, { once: true })
  return () => signal.removeEventListener('abort', onAbort)
}
