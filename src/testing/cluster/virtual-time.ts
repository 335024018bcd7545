interface Due {
  readonly at: number
  readonly run: () => void | Promise<void>
}

/** Time that passes from one thing that is due to the next, each done to its end before. */
export class VirtualTime {
  /** In the order in which they are due; what is due at one time in the order in which it was planned. */
  #due: Due[] = []
  #now = 0

  /** Milliseconds since the beginning. */
  get now(): number {
    return this.#now
  }

  /** Does something at a time, or now where that is past. */
  at(time: number, run: Due['run']): void {
    const at = Math.max(time, this.#now)
    let place = this.#due.length
    while (place > 0 && this.#due[place - 1]!.at > at) place--
    this.#due.splice(place, 0, { at, run })
  }

  /** Lets time pass until nothing is due; false when after so many things there still is. */
  async pass(most: number): Promise<boolean> {
    for (let count = 0; count < most; count++) {
      const next = this.#due.shift()
      if (next === undefined) return true
      this.#now = next.at
      await next.run()
    }
    return false
  }
}
