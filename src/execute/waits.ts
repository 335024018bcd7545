import { after } from '../internal/timer.ts'

/** Timers that can all be ended early. */
export class Waits {
  readonly #wakes = new Set<() => void>()
  #ended = false

  /** Resolves after a time in milliseconds, or when all waits are ended. */
  sleep(ms: number): Promise<void> {
    if (this.#ended) return Promise.resolve()
    return new Promise((resolve) => {
      const wake = (): void => {
        stop()
        this.#wakes.delete(wake)
        resolve()
      }
      const stop = after(ms, wake)
      this.#wakes.add(wake)
    })
  }

  /** Ends what waits, and what will. */
  end(): void {
    this.#ended = true
    for (const wake of this.#wakes) wake()
  }
}
