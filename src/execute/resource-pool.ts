import { PipewrightError } from '../internal/error.ts'
import { own } from '../internal/own.ts'
import { onAbort } from './abortable.ts'

/** How much of each named resource there is. */
export type Capacity = Readonly<Record<string, number>>

/** Resources of a machine: counted for each process by itself, and not refused to who asks for more than there is. */
export const perProcess: ReadonlySet<string> = new Set(['cpu', 'memory'])

/** How much of each named resource a piece of work takes. */
export type Needs = ReadonlyMap<string, number>

interface Waiting {
  readonly order: number
  readonly needs: Needs
  readonly begin: (release: () => void) => void
  /** No longer waits: admitted, or aborted. */
  isDone: boolean
}

/** Counts named resources over all runs of a workspace; work waits until what it needs is free. */
export class ResourcePool {
  readonly capacity: Capacity
  readonly #free: Map<string, number>
  /** Those that wait, by what they need: of equal needs the first is admitted first, or none. */
  readonly #waiting = new Map<string, Waiting[]>()
  #order = 0
  #isAdmitting = false

  constructor(capacity: Capacity) {
    this.capacity = capacity
    this.#free = new Map(Object.entries(capacity))
  }

  /** The needs among a step's resources that are counted: those that are bounded. Memory is in bytes. */
  needs(resources: Readonly<Record<string, number | string>> | undefined, step: string): Needs {
    const needs = new Map<string, number>()
    for (const [name, amount] of Object.entries(resources ?? {})) {
      const limit = own(this.capacity, name)
      if (limit === undefined) continue
      if (perProcess.has(name) && typeof amount === 'number') {
        // On a smaller machine it runs too, alone.
        needs.set(name, Math.min(amount, limit))
        continue
      }
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
    const nothing = (): void => undefined
    if (needs.size === 0 || signal.aborted) return begin(nothing)
    const stop = onAbort(signal, () => {
      if (waiting.isDone) return
      waiting.isDone = true
      begin(nothing)
    })
    const waiting: Waiting = {
      order: this.#order++,
      needs,
      begin: (release) => {
        stop()
        begin(release)
      },
      isDone: false,
    }
    const key = JSON.stringify([...needs])
    const queue = this.#waiting.get(key) ?? []
    this.#waiting.set(key, queue)
    queue.push(waiting)
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
    // Whoever begins may acquire or release: the loop that is under way takes notice.
    if (this.#isAdmitting) return
    this.#isAdmitting = true
    try {
      for (let next = this.#first(); next !== undefined; next = this.#first()) {
        next.isDone = true
        for (const [name, amount] of next.needs) this.#free.set(name, this.#free.get(name)! - amount)
        next.begin(this.#releaser(next.needs))
      }
    } finally {
      this.#isAdmitting = false
    }
  }

  /** Of the first of each queue the one that waits longest, among those whose needs are free. */
  #first(): Waiting | undefined {
    let found: Waiting | undefined
    for (const [key, queue] of this.#waiting) {
      while (queue[0]?.isDone === true) queue.shift()
      const [first] = queue
      if (first === undefined) this.#waiting.delete(key)
      else if ((found === undefined || first.order < found.order) && this.#isFree(first.needs)) found = first
    }
    return found
  }

  #isFree(needs: Needs): boolean {
    for (const [name, amount] of needs) if (this.#free.get(name)! < amount) return false
    return true
  }
}
