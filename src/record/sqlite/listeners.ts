/** Listeners per run of something that happens to a run once; one that comes late is told too. */
export class RunListeners<T> {
  readonly #listeners = new Map<string, Set<(value: T) => void>>()
  readonly #told = new Map<string, T>()

  /** Adds a listener; gives the function that takes it away. */
  add(run: string, listener: (value: T) => void): () => void {
    const set = this.#listeners.get(run) ?? new Set()
    this.#listeners.set(run, set.add(listener))
    const told = this.#told.get(run)
    if (told !== undefined) queueMicrotask(() => set.has(listener) && listener(told))
    return () => {
      set.delete(listener)
      if (set.size === 0 && this.#listeners.get(run) === set) this.#listeners.delete(run)
    }
  }

  /** Tells all listeners of a run, once until {@link RunListeners.reset}. */
  tell(run: string, value: T): void {
    if (this.#told.has(run)) return
    this.#told.set(run, value)
    for (const listener of this.#listeners.get(run) ?? []) listener(value)
  }

  /** Begins anew: a run has a new owner. */
  reset(run: string): void {
    this.#told.delete(run)
  }
}
