/**
 * Lets so many pieces of work go on at once. What is begun at once is alive at once: of ten thousand look-ups that all
 * wait a little the collector of garbage would copy all again and again.
 */
export class Lane {
  readonly #width: number
  readonly #waiting: (() => void)[] = []
  #next = 0
  #busy = 0

  constructor(width: number) {
    this.#width = width
  }

  /** Does work when there is a place; `leave` gives the place up early, for work that has to wait for others. */
  async run<T>(work: (leave: () => void) => Promise<T>): Promise<T> {
    if (this.#busy < this.#width) this.#busy++
    // Its place is handed on.
    else await new Promise<void>((resolve) => this.#waiting.push(resolve))
    let isIn = true
    const leave = (): void => {
      if (isIn) this.#leave()
      isIn = false
    }
    try {
      return await work(leave)
    } finally {
      leave()
    }
  }

  #leave(): void {
    const next = this.#waiting[this.#next]
    if (next === undefined) {
      this.#busy--
      return
    }
    this.#next++
    if (this.#next === this.#waiting.length) {
      this.#waiting.length = 0
      this.#next = 0
    }
    next()
  }
}
