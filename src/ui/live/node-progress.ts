import { thinned } from './gauges.ts'

/** One try that is going on. */
export interface Running {
  readonly startedAt: number
  readonly attempt: number
  /** From 0 to 1; undefined while the step has said nothing. */
  share: number | undefined
}

/** How a node ended. */
export type Ended = 'succeeded' | 'reused' | 'failed' | 'blocked' | 'skipped' | 'cancelled'

const mostPoints = 64

/**
 * What is known of one node of the plan while it runs. A node in the body of a map stands for all of its items: it
 * counts, and holds only what is going on.
 */
export class NodeProgress {
  readonly running = new Map<string, Running>()
  /** When the next try begins, by the node's path, in milliseconds since the epoch. */
  readonly waiting = new Map<string, number>()
  /** The points of one try; in the body of a map one value for each item, its last, in the order in which they ended. */
  readonly metrics = new Map<string, number[]>()
  readonly ended: Record<Ended, number> = {
    succeeded: 0,
    reused: 0,
    failed: 0,
    blocked: 0,
    skipped: 0,
    cancelled: 0,
  }
  /** Tries after the first. */
  retries = 0
  /** Of a map: its items, when they are known. */
  items: number | undefined
  /** Of a map: items of which every node has ended. */
  itemsDone = 0
  startedAt: number | undefined
  finishedAt: number | undefined
  /** Of a node that waits for its time, a signal or a decision, by its path: when that ends by itself; null: never. */
  readonly opened = new Map<string, number | null>()
  /** Of a branch: which ones were taken, of one that stands for several. */
  readonly taken = new Set<string>()
  /** Of a loop: how many rounds were begun. */
  rounds: number | undefined
  /** Of an effect that is taken back. */
  undone: 'running' | 'undone' | 'failed' | undefined
  /** Of the latest failure. */
  error: string | undefined

  #executed = 0
  #time = 0

  /** How long an execution took on average, in milliseconds; undefined before there was one. Hits do not count. */
  get meanTime(): number | undefined {
    return this.#executed === 0 ? undefined : this.#time / this.#executed
  }

  get endedCount(): number {
    return Object.values(this.ended).reduce((sum, count) => sum + count, 0)
  }

  start(path: string, at: number, attempt: number): void {
    this.startedAt ??= at
    this.waiting.delete(path)
    this.running.set(path, { startedAt: at, attempt, share: undefined })
    if (attempt > 1) this.retries++
  }

  open(path: string, at: number, until: number | null): void {
    this.startedAt ??= at
    this.opened.set(path, until)
  }

  stop(path: string, retryAt?: number): void {
    this.running.delete(path)
    if (retryAt !== undefined) this.waiting.set(path, retryAt)
  }

  executed(time: number): void {
    this.#executed++
    this.#time += time
  }

  end(path: string, how: Ended, at: number): void {
    this.running.delete(path)
    this.waiting.delete(path)
    this.opened.delete(path)
    this.startedAt ??= at
    this.finishedAt = at
    this.ended[how]++
  }

  progress(path: string, done: number, total: number): void {
    const running = this.running.get(path)
    if (running !== undefined && total > 0) running.share = Math.min(1, Math.max(0, done / total))
  }

  metric(name: string, value: number): void {
    const values = this.metrics.get(name)
    if (values === undefined) this.metrics.set(name, [value])
    else {
      values.push(value)
      if (values.length > mostPoints) this.metrics.set(name, thinned(values, mostPoints))
    }
  }
}
