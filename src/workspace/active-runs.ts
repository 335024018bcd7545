import { rmdir } from 'node:fs/promises'
import { join } from 'node:path'
import { PipewrightError } from '../internal/error.ts'
import { startCapture, uncaptured } from '../execute/capture.ts'
import { LocalRun } from '../execute/local-run.ts'
import type { RunOutcome, RunRequest, RunServices } from '../execute/run-request.ts'
import type { Lease } from '../record/metadata.ts'
import { currentOwner } from '../record/owner.ts'
import { RecentEnvironment } from './environment.ts'
import { cancelOnAbort, type ActiveRun, type Updates } from './handle.ts'
import type { WorkspaceParts } from './parts.ts'
import type { RunOptions } from './run-options.ts'

/** What the one who starts or resumes a run has to do with it while it is driven. */
export interface DriveOptions extends Pick<RunOptions, 'signal' | 'captureConsole'> {
  readonly updates: Updates
}

/** The runs that this process drives, and what is on its way to drive one. */
export class ActiveRuns {
  readonly #parts: WorkspaceParts
  readonly #services: RunServices
  readonly #environment: RecentEnvironment
  readonly #active = new Map<string, ActiveRun>()
  readonly #pending = new Set<Promise<unknown>>()
  readonly #closed = new AbortController()

  constructor(parts: WorkspaceParts, services: RunServices) {
    this.#parts = parts
    this.#services = services
    this.#environment = new RecentEnvironment(parts.root)
  }

  /** Aborted when the workspace is closed. */
  get closed(): AbortSignal {
    return this.#closed.signal
  }

  /** The time that runs go by, in milliseconds since the epoch. */
  now(): number {
    return this.#services.clock.now()
  }

  /** A run while this process drives it. */
  get(run: string): ActiveRun | undefined {
    return this.#active.get(run)
  }

  /** Does what may end in driving a run, or uses the stores meanwhile: closing refuses it, or waits for it. */
  async pending<T>(work: () => Promise<T>): Promise<T> {
    this.closed.throwIfAborted()
    const done = work()
    this.#pending.add(done)
    try {
      return await done
    } finally {
      this.#pending.delete(done)
    }
  }

  /** Takes a run, and with it the cancel that was asked for; throws `RUN_OWNED`. */
  async acquire(run: string, takeOver = false): Promise<{ lease: Lease; cancelRequested: string | null }> {
    const found = await this.#parts.metadata.acquire(run, currentOwner(), takeOver ? 'any' : undefined)
    if (found.ok) return found
    const { host, pid } = found.owner
    throw new PipewrightError('RUN_OWNED', `run ${run} is being driven by process ${pid} on ${host}`, {
      fix: `wait for it, or take the run from it: \`pipewright resume ${run} --take-over\``,
      details: { run, owner: found.owner },
    })
  }

  /** Gives a run back. */
  async release(lease: Lease): Promise<void> {
    await this.#parts.metadata.release(lease).catch(() => undefined)
  }

  /** Waits until a driver of this process whose run was taken from it has stopped: the record does not tell it. */
  async oust(run: string): Promise<void> {
    const old = this.#active.get(run)
    old?.driver.lose(takenOver(run))
    await old?.ended.catch(() => undefined)
  }

  /** Drives a run and releases it at its end; throws `WORKSPACE_CLOSED`, and then has not taken charge of it. */
  drive(request: Omit<RunRequest, 'onUpdate'>, { updates, ...options }: DriveOptions): ActiveRun {
    const { id } = request
    if (this.closed.aborted) throw givenUp(id)
    const driver = new LocalRun(
      { ...request, onUpdate: (update) => uncaptured(() => updates.push(update)) },
      this.#services,
    )
    const ended = this.#watch(request, driver, updates, options)
    // Whoever does not ask for the result must not end the process by its failure.
    ended.catch(() => undefined)
    const active: ActiveRun = { driver, updates, ended, cancel: (reason) => driver.cancel(reason) }
    this.#active.set(id, active)
    return active
  }

  /** Cancels a run of this process, or asks whoever drives it. */
  async cancel(run: string, reason: string): Promise<void> {
    const active = this.#active.get(run)
    if (active !== undefined) active.cancel(reason)
    else await this.#parts.metadata.requestCancel(run, reason)
  }

  /** Gives up what is driven or about to be; it can be resumed. */
  async close(): Promise<void> {
    const error = new PipewrightError(
      'WORKSPACE_CLOSED',
      'the workspace was closed while the run was going on',
      { fix: 'await the run before closing, or resume it' },
    )
    this.#closed.abort(error)
    const active = [...this.#active.values()]
    for (const { driver } of active) driver.lose(error)
    await Promise.allSettled([...active.map(({ ended }) => ended), ...this.#pending])
  }

  async #watch(
    { id, lease }: Pick<RunRequest, 'id' | 'lease'>,
    driver: LocalRun,
    updates: Updates,
    { signal, captureConsole }: Omit<DriveOptions, 'updates'>,
  ): Promise<RunOutcome> {
    const { metadata } = this.#parts
    const stops = [
      metadata.onCancelRequested(id, (reason) => driver.cancel(reason)),
      metadata.onLost(id, () => driver.lose(takenOver(id))),
      captureConsole === true ? startCapture() : undefined,
    ]
    const leaveServices = this.#services.services.enter()
    try {
      const driven = driver.drive()
      stops.push(cancelOnAbort(signal, (reason) => driver.cancel(reason)))
      // A run that was lost, or whose record is broken, goes without.
      await Promise.all([driven, this.#recordEnvironment(id, lease).catch(() => undefined)])
      return await driven
    } finally {
      for (const stop of stops) stop?.()
      await this.release(lease)
      await leaveServices()
      // Who comes after the run, wherever that is, finds what it has made.
      await this.#services.shared?.flush()
      // Empty but for what an abandoned attempt may still use.
      await rmdir(join(this.#parts.folder, 'work', id)).catch(() => undefined)
      if (this.#active.get(id)?.driver === driver) this.#active.delete(id)
      updates.end()
      this.#services.secrets.forget(id)
    }
  }

  async #recordEnvironment(id: string, lease: Lease): Promise<void> {
    const environment = await this.#environment.recent()
    await this.#parts.metadata.append(
      { run: id, at: this.now(), event: { type: 'run.environment', environment } },
      lease,
    )
  }
}

function takenOver(id: string): PipewrightError {
  return new PipewrightError('LEASE_LOST', `run ${id} was taken over by another process`, {
    fix: 'nothing: that process goes on with it',
  })
}

function givenUp(id: string): PipewrightError {
  return new PipewrightError('WORKSPACE_CLOSED', `the workspace was closed before run ${id} could go on`, {
    fix: `go on with it by \`pipewright resume ${id}\``,
    details: { run: id },
  })
}
