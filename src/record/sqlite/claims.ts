import type { Digest } from '../../internal/digest.ts'
import type { Claims, Lease } from '../metadata.ts'
import { jitter } from './busy.ts'
import { openClaimTable, type Claim, type ClaimTable } from './claim-table.ts'
import type { SqliteEngine } from './engine.ts'
import { isBusy } from './failure.ts'

/** How long a lock is waited for, in milliseconds; after that work goes on without its claim. */
const patience = 2_000

/** How often, in milliseconds, it is tried after that to give back what is left. */
const seldom = 500

/** For so long, in milliseconds, a holder that was found alive is taken for alive: asking the system costs. */
const surelyAlive = 500

interface Job extends Claim {
  readonly resolve: (holder: Lease | undefined) => void
}

/**
 * The claims of one process: what is claimed and given back in one turn of the event loop is one transaction, at the
 * turn's end. The database is opened with the first claim.
 */
export class SqliteClaims implements Claims {
  readonly #path: string
  readonly #engine: SqliteEngine
  readonly #isHeld: (lease: Lease) => Promise<boolean>
  readonly #alive = new Map<string, number>()
  #opening: Promise<ClaimTable | undefined> | undefined
  #jobs: Job[] = []
  #released: Claim[] = []
  #scheduled = false
  /** Tries again to give back what nobody here waits for. */
  #retry: NodeJS.Timeout | undefined
  #tries = 0
  #busySince = 0
  #broken = false

  /** `isHeld` tells whether a run is driven under a lease. */
  constructor(path: string, engine: SqliteEngine, isHeld: (lease: Lease) => Promise<boolean>) {
    this.#path = path
    this.#engine = engine
    this.#isHeld = isHeld
  }

  async claim(key: Digest, lease: Lease): Promise<boolean> {
    const holder = await this.#exchange({ key, lease })
    if (holder === undefined) return true
    if (await this.#lives(holder)) return false
    // Whoever is first finds the dead holder's claim: any other finds the first one's.
    return (await this.#exchange({ key, lease, instead: holder })) === undefined
  }

  release(key: Digest, lease: Lease): void {
    if (this.#broken || this.#opening === undefined) return
    this.#released.push({ key, lease })
    this.#schedule()
  }

  /** Gives back what is left. */
  async close(): Promise<void> {
    const table = await this.#opening
    this.#broken = true
    clearTimeout(this.#retry)
    for (const { resolve } of this.#jobs.splice(0)) resolve(undefined)
    if (table === undefined) return
    try {
      table.exchange(this.#released, [])
    } catch {
      // They end with the leases of their runs.
    }
    table.close()
  }

  #exchange(claim: Claim): Promise<Lease | undefined> {
    if (this.#broken) return Promise.resolve(undefined)
    return new Promise((resolve) => {
      // Each has its patience, however long a lock has been in the way of what was to be given back.
      if (this.#jobs.length === 0) this.#tries = 0
      this.#jobs.push({ ...claim, resolve })
      this.#schedule()
    })
  }

  async #lives(holder: Lease): Promise<boolean> {
    const name = `${holder.run} ${holder.fence}`
    const now = performance.now()
    if (now - (this.#alive.get(name) ?? -Infinity) < surelyAlive) return true
    this.#alive.delete(name)
    if (!(await this.#isHeld(holder))) return false
    if (this.#alive.size > 100) this.#alive.clear()
    this.#alive.set(name, now)
    return true
  }

  #schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    clearTimeout(this.#retry)
    setImmediate(() => void this.#commit())
  }

  async #commit(): Promise<void> {
    const table = await (this.#opening ??= this.#open())
    this.#scheduled = false
    if (table === undefined || this.#broken) return
    const [jobs, released] = [this.#jobs, this.#released]
    let holders: (Lease | undefined)[]
    try {
      holders = table.exchange(released, jobs)
    } catch (error) {
      if (isBusy(error)) this.#later()
      else this.#give(error)
      return
    }
    this.#jobs = []
    this.#released = []
    this.#tries = 0
    for (const [at, { resolve }] of jobs.entries()) resolve(holders[at])
  }

  async #open(): Promise<ClaimTable | undefined> {
    try {
      const table = await openClaimTable(this.#path, this.#engine)
      // What nobody asks for again would stay for ever.
      for (const holder of table.holders()) if (!(await this.#isHeld(holder))) table.drop(holder)
      return table
    } catch (error) {
      this.#give(error)
      return undefined
    }
  }

  /** Another process writes: all wait, without the thread, but claims not for ever. */
  #later(): void {
    if (this.#tries === 0) this.#busySince = performance.now()
    const isOver = performance.now() - this.#busySince > patience
    if (isOver) for (const { resolve } of this.#jobs.splice(0)) resolve(undefined)
    const wait = isOver ? seldom : jitter(this.#tries++)
    if (this.#jobs.length > 0) {
      this.#scheduled = true
      setTimeout(() => void this.#commit(), wait)
    } else if (this.#released.length > 0) {
      // Nobody waits for it here: a process that has nothing else to do may end.
      this.#retry = setTimeout(() => this.#schedule(), wait).unref()
    }
  }

  /** From now on every claim is granted: equal executions of several processes may run twice, and that is all. */
  #give(error: unknown): void {
    if (!this.#broken)
      process.emitWarning(`${this.#path} cannot be used: ${String(error)}`, {
        code: 'PIPEWRIGHT_CLAIMS',
        detail: 'equal steps that several processes execute at once may run more than once',
      })
    this.#broken = true
    this.#released = []
    for (const { resolve } of this.#jobs.splice(0)) resolve(undefined)
  }
}
