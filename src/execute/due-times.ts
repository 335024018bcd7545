import type { Clock } from '../internal/clock.ts'

/** So often the clock is looked at while something is waited for: it may have been set, or the machine slept. */
const look = 60_000

interface Due {
  readonly at: number
  readonly call: () => void
}

/** Calls functions at points in time, any number of them with one timer: a binary heap, the next one on top. */
export class DueTimes {
  readonly #clock: Clock
  readonly #heap: Due[] = []
  #stop: (() => void) | undefined
  #armedFor = Number.POSITIVE_INFINITY

  constructor(clock: Clock) {
    this.#clock = clock
  }

  /** Calls a function at a time in milliseconds since the epoch, or soon where that has passed. */
  add(at: number, call: () => void): void {
    const heap = this.#heap
    heap.push({ at, call })
    for (let child = heap.length - 1; child > 0;) {
      const parent = (child - 1) >> 1
      if (heap[parent]!.at <= heap[child]!.at) break
      ;[heap[parent], heap[child]] = [heap[child]!, heap[parent]!]
      child = parent
    }
    if (at < this.#armedFor) this.#arm()
  }

  /** Forgets all that is due. */
  end(): void {
    this.#heap.length = 0
    this.#stop?.()
  }

  #arm(): void {
    this.#stop?.()
    const [next] = this.#heap
    this.#armedFor = next?.at ?? Number.POSITIVE_INFINITY
    if (next === undefined) return
    const left = Math.max(0, next.at - this.#clock.now())
    this.#stop = this.#clock.after(Math.min(left, look), () => this.#fire())
  }

  #fire(): void {
    const now = this.#clock.now()
    const due: Due[] = []
    for (let next = this.#heap[0]; next !== undefined && next.at <= now; next = this.#heap[0]) {
      due.push(next)
      this.#drop()
    }
    this.#arm()
    for (const { call } of due) call()
  }

  /** Takes the top away. */
  #drop(): void {
    const heap = this.#heap
    const last = heap.pop()!
    if (heap.length === 0) return
    heap[0] = last
    for (let parent = 0; ;) {
      const left = 2 * parent + 1
      const right = left + 1
      let least = parent
      if (left < heap.length && heap[left]!.at < heap[least]!.at) least = left
      if (right < heap.length && heap[right]!.at < heap[least]!.at) least = right
      if (least === parent) return
      ;[heap[parent], heap[least]] = [heap[least]!, heap[parent]!]
      parent = least
    }
  }
}
