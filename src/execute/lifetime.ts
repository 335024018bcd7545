import { setMaxListeners } from 'node:events'
import type { Clock } from '../internal/clock.ts'
import { Waits } from './waits.ts'

/** How long a part of a run lasts: all of it but its handlers, or these. */
export class Lifetime {
  readonly #abort = new AbortController()
  readonly #halt = new AbortController()
  /** The waits for another try: they end when what runs is stopped, to be told so. */
  readonly waits: Waits

  constructor(clock: Clock) {
    this.waits = new Waits(clock)
    // Every attempt and every wait listens: more than ten are no leak.
    setMaxListeners(0, this.#abort.signal, this.#halt.signal)
    this.signal.addEventListener('abort', () => this.waits.end(), { once: true })
  }

  /** Aborted when what runs is to stop. */
  get signal(): AbortSignal {
    return this.#abort.signal
  }

  /** Aborted when nothing new is to start. */
  get halted(): AbortSignal {
    return this.#halt.signal
  }

  /** Stops what runs. */
  abort(reason: unknown): void {
    this.#abort.abort(reason)
  }

  /** Keeps everything new from starting. */
  halt(): void {
    this.#halt.abort()
  }
}
