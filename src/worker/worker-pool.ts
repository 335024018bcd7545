import { availableParallelism } from 'node:os'
import { fileLook } from './file-look.ts'
import type { WorkerState } from './protocol.ts'
import type { WorkerProcess } from './worker-process.ts'

/** How long workers are kept. */
export interface PoolLimits {
  /** Milliseconds without use. Default 60,000. */
  readonly idle?: number
  /** Calls. Default 200. */
  readonly calls?: number
  /** Bytes that its memory may grow beyond what it has when its code is loaded. Default 512 MiB. */
  readonly growth?: number
  /** Workers that wait for a call. Default: twice the processors. */
  readonly spare?: number
}

/** A worker with what is known of it. */
interface Kept {
  readonly key: string
  readonly worker: WorkerProcess
  /** By file that it has loaded: how it looked. */
  readonly files: Map<string, string>
  readonly memory: number
  /** Bytes that its calls have left. */
  growth: number
  calls: number
  stopIdle?: NodeJS.Timeout
}

/** A worker in use. */
export interface Leased {
  readonly worker: WorkerProcess
  /** Takes note of what the worker says of itself. */
  readonly note: (state: WorkerState) => void
  /** Gives it back; one that is not to be used again ends. */
  readonly done: (isFit: boolean) => Promise<void>
}

/** What earlier calls have left counts for the memory limit of a call: that may be so much of it. */
const shareOfGrowth = 0.1

/** Workers that have loaded their code, by what was loaded; each one serves one call at a time. */
export class WorkerPool {
  readonly #limits: Required<PoolLimits>
  #spare: Kept[] = []
  readonly #used = new Set<WorkerProcess>()
  #closed = false

  constructor(limits: PoolLimits = {}) {
    this.#limits = {
      idle: 60_000,
      calls: 200,
      growth: 512 * 1024 * 1024,
      spare: availableParallelism() * 2,
      ...limits,
    }
  }

  /** How many workers wait for a call. */
  get spare(): number {
    return this.#spare.length
  }

  /**
   * A worker that waits, whose files are as it has loaded them, and in which earlier calls have left little of the memory
   * limit (bytes); else one that `start` makes.
   */
  async lease(
    key: string,
    start: () => Promise<{ worker: WorkerProcess; state: WorkerState }>,
    memoryLimit = Infinity,
  ): Promise<Leased> {
    const found = this.#takeSpare(key, memoryLimit * shareOfGrowth)
    if (found !== undefined) return this.#leased(found)
    const { worker, state } = await start()
    const kept: Kept = { key, worker, files: new Map(), memory: state.memory ?? 0, growth: 0, calls: 0 }
    const leased = this.#leased(kept)
    leased.note(state)
    return leased
  }

  /** Ends all workers, those in use too. */
  async close(): Promise<void> {
    this.#closed = true
    const spare = this.#spare
    this.#spare = []
    for (const { stopIdle } of spare) clearTimeout(stopIdle)
    for (const worker of this.#used) worker.kill()
    await Promise.all(spare.map(({ worker }) => worker.close()))
  }

  #takeSpare(key: string, mostGrowth: number): Kept | undefined {
    const last = (): Kept | undefined =>
      this.#spare.findLast((one) => one.key === key && one.growth <= mostGrowth)
    // The one that was used last has the warmest memory.
    for (let found = last(); found !== undefined; found = last()) {
      this.#remove(found)
      const isFresh = [...found.files].every(([path, seen]) => fileLook(path) === seen)
      if (isFresh && found.worker.end === undefined) return found
      void found.worker.close()
    }
    return undefined
  }

  #remove(kept: Kept): void {
    clearTimeout(kept.stopIdle)
    this.#spare = this.#spare.filter((one) => one !== kept)
  }

  #leased(kept: Kept): Leased {
    const { worker, files } = kept
    this.#used.add(worker)
    kept.calls++
    return {
      worker,
      note: (state) => {
        if (state.memory !== undefined) kept.growth = state.memory - kept.memory
        for (const path of state.files ?? []) files.set(path, fileLook(path))
      },
      done: async (isFit) => {
        this.#used.delete(worker)
        const { calls, growth } = this.#limits
        const isSpent = kept.calls >= calls || kept.growth > growth
        if (!isFit || isSpent || this.#closed || worker.end !== undefined) return worker.close()
        this.#keep(kept)
      },
    }
  }

  #keep(kept: Kept): void {
    kept.worker.release()
    kept.stopIdle = setTimeout(() => {
      this.#remove(kept)
      void kept.worker.close()
    }, this.#limits.idle).unref()
    this.#spare.push(kept)
    const oldest = this.#spare.length > this.#limits.spare ? this.#spare[0] : undefined
    if (oldest === undefined) return
    this.#remove(oldest)
    void oldest.worker.close()
  }
}
