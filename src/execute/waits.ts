import type { Clock } from '../internal/clock.ts'

/** Timers that can all be ended early. */
export class Waits {
  readonly #clock: Clock
  readonly #wakes = new Set<() => void>()
  #ended = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Resolves after a time in milliseconds, or when all waits are ended. */
  sleep(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        stop()
        this.#wakes.delete(wake)
        resolve()
      }
      const stop = this.#clock.after(ms, wake)
      this.#wakes.add(wake)
    })
  }

  /** Ends what waits, and what will. */
  end(): void {
    this.#ended = true
    for (const wake of this.#wakes) wake()
  }
}
