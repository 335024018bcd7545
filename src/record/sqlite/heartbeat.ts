import { Worker } from 'node:worker_threads'
import type { Lease } from '../metadata.ts'
import type { SqliteDriver } from './driver.ts'
import { libsqlPath } from './engine-libsql.ts'
import {
  heartbeatWorker,
  type HeartbeatCommand,
  type HeartbeatReport,
  type HeartbeatSettings,
} from './heartbeat-worker.ts'

/** How often the flags of owned runs are looked at, in milliseconds: owners see a cancel within one second. */
const poll = 250

/** The wait before a thread that ended by itself is started again, in milliseconds. */
const restartAfter = 1_000

/**
 * Keeps leases alive from a thread with its own connection, so that a blocked event loop does not lose them.
 * The thread is started with the first lease and keeps no process alive.
 */
export class Heartbeat {
  readonly #settings: HeartbeatSettings
  readonly #report: (report: HeartbeatReport) => void
  readonly #watched = new Map<string, Lease>()
  #worker: Worker | undefined
  #closed = false

  constructor(
    driver: SqliteDriver,
    timing: { readonly interval: number; readonly ttl: number },
    report: (report: HeartbeatReport) => void,
  ) {
    this.#settings = {
      path: driver.path,
      // The same engine as the main thread's: two copies of SQLite in one process break each other's file locks.
      engine: driver.engine,
      library: libsqlPath() ?? 'libsql',
      ...timing,
      poll: Math.min(poll, timing.interval),
    }
    this.#report = report
  }

  watch(lease: Lease): void {
    if (this.#closed) return
    this.#watched.set(lease.run, lease)
    if (this.#worker === undefined) this.#start()
    else this.#send({ type: 'watch', ...lease })
  }

  unwatch(lease: Lease): void {
    if (this.#watched.get(lease.run)?.fence !== lease.fence) return
    this.#watched.delete(lease.run)
    this.#send({ type: 'unwatch', ...lease })
  }

  /** Ends the thread; resolves when its connection is closed. */
  async close(): Promise<void> {
    this.#closed = true
    const worker = this.#worker
    if (worker === undefined) return
    const ended = new Promise<void>((resolve) => worker.once('exit', () => resolve()))
    worker.ref()
    this.#send({ type: 'close' })
    await ended
  }

  #send(command: HeartbeatCommand): void {
    this.#worker?.postMessage(command)
  }

  #start(): void {
    const worker = new Worker(heartbeatWorker, {
      eval: true,
      workerData: this.#settings,
      name: 'pipewright-heartbeat',
      // Loaders and coverage of the main thread have no business here.
      execArgv: [],
    })
    this.#worker = worker
    worker.on('message', (report: HeartbeatReport) => {
      // A lease that was released meanwhile is not lost.
      if (this.#watched.get(report.run)?.fence !== report.fence) return
      if (report.type === 'lost') this.#watched.delete(report.run)
      this.#report(report)
    })
    worker.on('error', () => undefined)
    worker.once('exit', () => {
      this.#worker = undefined
      if (this.#closed || this.#watched.size === 0) return
      setTimeout(() => this.#restart(), restartAfter).unref()
    })
    // After the listeners: adding one for messages makes the thread count again.
    worker.unref()
    for (const lease of this.#watched.values()) this.#send({ type: 'watch', ...lease })
  }

  #restart(): void {
    if (!this.#closed && this.#worker === undefined && this.#watched.size > 0) this.#start()
  }
}
