import type { RunEvent, StoredEvent } from '../../record/event.ts'
import type { Draw } from './draw.ts'
import type { SimulatedProcess } from './simulated-process.ts'
import type { VirtualTime } from './virtual-time.ts'

interface Connection {
  readonly life: number
  readonly calls: (() => () => void | Promise<void>)[]
  isBusy: boolean
}

/** How long a lease lasts without a renewal, in milliseconds. */
export const leaseTtl = 150

/** The events of a run and the lease on it, as one consistent store holds them. */
export class SharedLog {
  readonly events: StoredEvent[] = []
  /** By event: the fence that it was appended under; 0 where it needs none. */
  readonly fences: number[] = []
  readonly #time: VirtualTime
  readonly #draw: Draw
  readonly #connections = new Map<SimulatedProcess, Connection>()
  #lease: { readonly fence: number; readonly expiresAt: number } = { fence: 0, expiresAt: 0 }
  #stalledUntil = 0

  constructor(time: VirtualTime, draw: Draw, events: readonly StoredEvent[]) {
    this.#time = time
    this.#draw = draw
    for (const { event } of events) this.append(event)
  }

  get isFinished(): boolean {
    return this.events.at(-1)?.event.type === 'run.finished'
  }

  get takeOvers(): number {
    return this.#lease.fence
  }

  /** Answers nobody for a while. */
  stall(ms: number): void {
    this.#stalledUntil = this.#time.now + ms
  }

  /**
   * Asks the store for something, which takes its time. What a process asks for while it waits goes together, in order;
   * of one that dies, what is on its way arrives all the same.
   */
  call<T>(from: SimulatedProcess, work: () => T, answered: (result: T) => void | Promise<void>): void {
    let connection = this.#connections.get(from)
    if (connection?.life !== from.life) {
      connection = { life: from.life, calls: [], isBusy: false }
      this.#connections.set(from, connection)
    }
    connection.calls.push(() => {
      const result = work()
      return () => answered(result)
    })
    if (!connection.isBusy) this.#send(from, connection)
  }

  #send(from: SimulatedProcess, connection: Connection): void {
    connection.isBusy = true
    const group = connection.calls.splice(0)
    const arrive = (): void => {
      if (this.#time.now < this.#stalledUntil) return this.#time.at(this.#stalledUntil, arrive)
      const answers = group.map((call) => call())
      from.after(1 + this.#draw(3), async () => {
        for (const answer of answers) await answer()
        connection.isBusy = false
        if (connection.calls.length > 0) this.#send(from, connection)
      })
    }
    this.#time.at(this.#time.now + 1 + this.#draw(3), arrive)
  }

  /** Takes a lease that has expired, or that nobody had; undefined where somebody has it. */
  acquire(): number | undefined {
    const { fence, expiresAt } = this.#lease
    if (fence > 0 && this.#time.now < expiresAt) return undefined
    this.#lease = { fence: fence + 1, expiresAt: this.#time.now + leaseTtl }
    return fence + 1
  }

  /** Keeps a lease; false where another one has been given since. */
  renew(fence: number): boolean {
    if (fence !== this.#lease.fence) return false
    this.#lease = { fence, expiresAt: this.#time.now + leaseTtl }
    return true
  }

  /** Appends an event; undefined where the lease has been lost. Without a fence it needs none. */
  append(event: RunEvent, fence?: number): StoredEvent | undefined {
    if (fence !== undefined && fence !== this.#lease.fence) return undefined
    const stored = { seq: this.events.length + 1, run: 'run', at: this.#time.now, event }
    this.events.push(stored)
    this.fences.push(fence ?? 0)
    return stored
  }
}
