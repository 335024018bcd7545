import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'

/** How much of each named resource there is. */
export type Capacity = Readonly<Record<string, number>>

/** How much of each named resource a piece of work takes. */
export type Needs = ReadonlyMap<string, number>

interface Waiting {
  readonly needs: Needs
  readonly begin: () => void
}

/** Counts named resources over all runs of a workspace; work waits until what it needs is free. */
export class ResourcePool {
  readonly #capacity: Capacity
  readonly #free: Map<string, number>
  #waiting: Waiting[] = []

  constructor(capacity: Capacity) {
    this.#capacity = capacity
    this.#free = new Map(Object.entries(capacity))
  }

  /** The needs among a step's resources that are counted: those that the settings bound. */
  needs(resources: Readonly<Record<string, number | string>> | undefined, step: string): Needs {
    const needs = new Map<string, number>()
    for (const [name, amount] of Object.entries(resources ?? {})) {
      const limit = own(this.#capacity, name)
      if (limit === undefined) continue
      if (typeof amount !== 'number' || amount > limit) {
        throw new PipewrightError(
          'DEFINITION_INVALID',
          `step '${step}' needs ${amount} of resource '${name}', there are ${limit}`,
          {
            fix: `ask for at most ${limit}, or raise resources.${name} in the settings`,
          },
        )
      }
      needs.set(name, amount)
    }
    return needs
  }

  /**
   * Calls `begin` with the function that gives the resources back, once they are free; without any when the
   * signal is aborted before: whoever is cancelled need not wait to be told.
   */
  acquire(needs: Needs, begin: (release: () => void) => void, signal: AbortSignal): void {
    const onAbort = (): void => {
      this.#waiting = this.#waiting.filter((other) => other !== waiting)
      begin(() => undefined)
    }
    const waiting: Waiting = {
      needs,
      begin: () => {
        signal.removeEventListener('abort', onAbort)
        begin(this.#releaser(needs))
      },
    }
    if (needs.size === 0) return waiting.begin()
    if (signal.aborted) return onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    this.#waiting.push(waiting)
    this.#admit()
  }

  #releaser(needs: Needs): () => void {
    let held = true
    return () => {
      if (!held) return
      held = false
      for (const [name, amount] of needs) this.#free.set(name, this.#free.get(name)! + amount)
      this.#admit()
    }
  }

  /** First come, first served among those whose needs can be met now. */
  #admit(): void {
    const still: Waiting[] = []
    const admitted: Waiting[] = []
    for (const waiting of this.#waiting) {
      if ([...waiting.needs].every(([name, amount]) => this.#free.get(name)! >= amount)) {
        for (const [name, amount] of waiting.needs) this.#free.set(name, this.#free.get(name)! - amount)
        admitted.push(waiting)
      } else still.push(waiting)
    }
    this.#waiting = still
    for (const { begin } of admitted) begin()
  }
}
