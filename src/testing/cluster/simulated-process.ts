import type { VirtualTime } from './virtual-time.ts'

/** A process that crashes (and is started again without its memory) and hangs (and goes on as if nothing had been). */
export class SimulatedProcess {
  readonly name: string
  readonly #time: VirtualTime
  #life = 1
  #running = new AbortController()
  #downUntil = 0
  #hangsUntil = 0
  /** Lets the memory of a life go, and begins the next. */
  onRestart: () => void = () => undefined

  constructor(name: string, time: VirtualTime) {
    this.name = name
    this.#time = time
  }

  /** Rises with each crash. */
  get life(): number {
    return this.#life
  }

  /** Aborted when this life ends. */
  get signal(): AbortSignal {
    return this.#running.signal
  }

  get isDown(): boolean {
    return this.#time.now < this.#downUntil
  }

  /** Does something after a time, unless its life has ended by then; one that hangs does it later. */
  after(ms: number, run: () => void | Promise<void>): void {
    const life = this.#life
    const look = (): void | Promise<void> => {
      if (life !== this.#life) return
      if (this.#time.now < this.#hangsUntil) return this.#time.at(this.#hangsUntil, look)
      return run()
    }
    this.#time.at(this.#time.now + ms, look)
  }

  crash(downFor: number): void {
    this.#life++
    this.#running.abort()
    this.#running = new AbortController()
    this.#hangsUntil = 0
    this.#downUntil = this.#time.now + downFor
    this.after(downFor, () => this.onRestart())
  }

  hang(ms: number): void {
    this.#hangsUntil = Math.max(this.#hangsUntil, this.#time.now + ms)
  }
}
