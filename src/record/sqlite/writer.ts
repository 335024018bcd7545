import { PipewrightError } from '../../internal/error.ts'
import type { Lease } from '../metadata.ts'
import { jitter, patience } from './busy.ts'
import type { SqliteDriver } from './driver.ts'
import { isBusy, isGeneral, translate } from './failure.ts'
import type { Statements } from './statements.ts'
import { immediate } from './transaction.ts'

/** Jobs that share one transaction at most: a bound on how long a turn of the event loop can take. */
const groupSize = 1_000

interface Job {
  readonly work: () => unknown
  readonly lease: Lease | undefined
  readonly resolve: (result: never) => void
  readonly reject: (error: unknown) => void
}

type Outcome = { readonly result: unknown } | { readonly error: unknown }

/**
 * The one writer of a connection: what is asked for in one turn of the event loop is committed together, in
 * order, in one synchronous transaction at the turn's end, so that its cost (an fsync) is shared.
 */
export class GroupWriter {
  readonly #driver: SqliteDriver
  readonly #statements: Statements
  readonly #patience: number
  readonly #fences = new Map<string, number | undefined>()
  #queue: Job[] = []
  #scheduled = false
  #tries = 0
  #busySince = 0
  #closed = false

  constructor(driver: SqliteDriver, statements: Statements, wait: number = patience) {
    this.#driver = driver
    this.#statements = statements
    this.#patience = wait
  }

  /**
   * Does something in the next group; resolves with its result when that is durable. The work may be done
   * again (a group with a failing job is rolled back and repeated), so it must change nothing but the database.
   * With a lease it is refused (`LEASE_LOST`) unless the lease is the run's current one in that transaction.
   */
  write<T>(work: () => T, lease?: Lease): Promise<T> {
    if (this.#closed) return Promise.reject(closedError(this.#driver.path))
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ work, lease, resolve, reject })
      this.#schedule()
    })
  }

  /** Resolves when all that was asked for so far is durable or was refused. */
  async flush(): Promise<void> {
    if (this.#queue.length > 0) await this.write(() => undefined)
  }

  /** Writes what is left; later calls are refused. */
  async close(): Promise<void> {
    const flushed = this.flush()
    this.#closed = true
    await flushed
  }

  /** To be called by work that changes a lease: later jobs of its group are judged by the new one. */
  leaseChanged(run: string): void {
    this.#fences.delete(run)
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    setImmediate(() => this.#commit())
  }

  #commit(): void {
    const group = this.#queue.slice(0, groupSize)
    let outcomes: Outcome[]
    try {
      outcomes = this.#transact(group)
    } catch (error) {
      if (isBusy(error)) return this.#later(error)
      const reason = translate(error, this.#driver.path)
      outcomes = group.map(() => ({ error: reason }))
    }
    this.#queue = this.#queue.slice(group.length)
    this.#tries = 0
    this.#scheduled = false
    if (this.#queue.length > 0) this.#schedule()
    for (const [at, job] of group.entries()) settle(job, outcomes[at]!)
  }

  #transact(group: readonly Job[]): Outcome[] {
    try {
      return this.#attempt(group, (job) => ({ result: job.work() }))
    } catch (error) {
      if (isGeneral(error)) throw error
    }
    // One of them fails by itself: once more, each behind a savepoint, so that the others are kept.
    return this.#attempt(group, (job) => {
      this.#driver.exec('savepoint job')
      try {
        const result = job.work()
        this.#driver.exec('release job')
        return { result }
      } catch (error) {
        if (isGeneral(error)) throw error
        this.#driver.exec('rollback to job')
        this.#driver.exec('release job')
        return { error }
      }
    })
  }

  #attempt(group: readonly Job[], run: (job: Job) => Outcome): Outcome[] {
    this.#fences.clear()
    return immediate(this.#driver, () =>
      group.map((job) => {
        const lost = job.lease === undefined ? undefined : this.#lost(job.lease)
        return lost === undefined ? run(job) : { error: lost }
      }),
    )
  }

  /** The refusal of a lease that is not current; each run is looked up once per group. */
  #lost({ run, fence }: Lease): PipewrightError | undefined {
    if (!this.#fences.has(run)) {
      const row = this.#statements.lease.get({ run })
      this.#fences.set(run, row === undefined || row['owner'] === null ? undefined : (row['fence'] as number))
    }
    const current = this.#fences.get(run)
    return current === fence ? undefined : leaseLost(run, fence, current)
  }

  /** Somebody else writes: the group waits, without the thread, and grows meanwhile. */
  #later(error: unknown): void {
    if (this.#tries === 0) this.#busySince = performance.now()
    if (performance.now() - this.#busySince > this.#patience) {
      const reason = translate(error, this.#driver.path)
      const given = this.#queue
      this.#queue = []
      this.#tries = 0
      this.#scheduled = false
      for (const job of given) job.reject(reason)
      return
    }
    setTimeout(() => this.#commit(), jitter(this.#tries++))
  }
}

function settle(job: Job, outcome: Outcome): void {
  if ('error' in outcome) job.reject(outcome.error)
  else job.resolve(outcome.result as never)
}

/** The error of a process that no longer owns the run that it writes to. */
export function leaseLost(run: string, fence: number, current: number | undefined): PipewrightError {
  return new PipewrightError(
    'LEASE_LOST',
    current === undefined
      ? `this process does not own run ${run} (any more)`
      : `another process has taken over run ${run} (fence ${current}, ours was ${fence})`,
    {
      fix: 'nothing was lost: the owner goes on from what is recorded; `pipewright show` tells who it is',
      details: { run, fence, current: current ?? null },
    },
  )
}

/** The error of a store that is used after `close()`. */
export function closedError(path: string): PipewrightError {
  return new PipewrightError('WORKSPACE_CLOSED', `the metadata database ${path} is closed`, {
    fix: 'await all runs before closing the workspace',
    details: { path },
  })
}
