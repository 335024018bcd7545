import { milliseconds, type Duration } from '../../internal/duration.ts'
import { PipewrightError } from '../../internal/error.ts'
import { isPipeline, type AnyPipeline } from '../../define/runnable.ts'
import { errorRecord, shortError } from '../../execute/error-record.ts'
import type { RunUpdate } from '../../execute/run-request.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import { currentOwner } from '../../record/owner.ts'
import type { Firing, TriggerRecord, Verdict } from '../../record/trigger.ts'
import { judgeOverlap } from '../../schedule/overlap.ts'
import type { RunHandle } from '../handle.ts'
import type { RunOptions } from '../run-options.ts'
import { keptSchedule } from './declarations.ts'
import type { DriveEvent, DriveReport } from './drive-event.ts'
import type { DriverParts } from './driver-parts.ts'
import { Watches } from './watches.ts'

/**
 * How a workspace is driven.
 *
 * @example
 * ```ts
 * const stop = new AbortController()
 * process.once('SIGTERM', () => stop.abort())
 * await pw.drive({ signal: stop.signal, pipelines: [tumours], runs: 4, onEvent: (event) => console.log(event.type) })
 * ```
 */
export interface DriveOptions {
  /** Stops: nothing new is started, and runs that go on are given up; whoever drives next goes on with them. */
  readonly signal?: AbortSignal
  /** Pipelines whose orphaned and waiting runs are taken up, beside those of the settings and of schedules and triggers. */
  readonly pipelines?: readonly AnyPipeline[]
  /** How many runs this process drives at once; what only waits does not count. Default 8. */
  readonly runs?: number
  /** How often it looks for what is due. Default 1 s. */
  readonly interval?: Duration
  /** Told what happens. */
  readonly onEvent?: (event: DriveEvent) => void
  /** As for a run. Default false. */
  readonly captureConsole?: boolean
}

/** A firing that was taken is given to others when its taker, of elsewhere, has not been heard of for so long. */
const takenFor = 60_000
/** What did not work is tried again after so long. */
const patience = 60_000
/** Firings, and orphans, that are looked at together. */
const together = 1_000

/** These pass: the firing stays. */
const passing = new Set(['STORE_FULL', 'STORE_READ_ONLY', 'WORKSPACE_CLOSED'])

/** These stay until the code changes again. */
const lasting = new Set(['CODE_CHANGED', 'STRUCTURE_CHANGED', 'PIPELINE_NOT_FOUND', 'RUN_NOT_RESUMABLE'])

/** A run while this driver drives it. */
interface Driven {
  readonly state: { isWaiting: boolean }
  readonly ended: Promise<void>
}

/** Drives a workspace: starts what is due, and goes on with what nobody drives. */
export class Driver {
  readonly #parts: DriverParts
  readonly #metadata: MetadataStore
  readonly #options: DriveOptions
  readonly #most: number
  readonly #interval: number
  readonly #watches: Watches
  /** The runs that this driver drives. */
  readonly #driven = new Map<string, Driven>()
  /** What is on its way to drive one. */
  readonly #starting = new Set<Promise<void>>()
  readonly #pipelines = new Map<string, AnyPipeline>()
  readonly #cancelled = new Set<string>()
  /** Runs that nobody drives and that cannot be gone on with as the code is now: no tick waits for them. */
  readonly #stuck = new Set<string>()
  readonly #troubles = new Map<string, number>()
  #stopped = false

  constructor(parts: DriverParts, options: DriveOptions) {
    this.#parts = parts
    this.#metadata = parts.parts.metadata
    this.#options = options
    this.#most = options.runs ?? 8
    if (!Number.isInteger(this.#most) || this.#most < 1)
      throw new PipewrightError('CONFIG_INVALID', `runs ${this.#most} is not a count`, {
        fix: 'give a whole number from 1',
      })
    this.#interval = Math.max(10, milliseconds(options.interval ?? '1s', 'interval'))
    this.#watches = new Watches(parts)
  }

  /** Drives until the signal is aborted or the workspace is closed; throws where the settings cannot be used. */
  async drive(): Promise<void> {
    const { runs, declarations } = this.#parts
    const { signal, pipelines = [] } = this.#options
    const stop = AbortSignal.any(signal === undefined ? [runs.closed] : [runs.closed, signal])
    await declarations.settings()
    await declarations.removeVanished()
    for (const each of pipelines) this.#know(each)
    await this.#knowSettings()
    const records = await this.#metadata.triggers()
    this.#tell({
      type: 'drive.started',
      schedules: records.filter(({ origin }) => origin.startsWith('schedule/')).length,
      triggers: records.filter(({ origin }) => origin.startsWith('trigger/')).length,
      pipelines: [...new Set([...this.#pipelines.keys(), ...records.map(({ pipeline }) => pipeline)])],
    })
    while (!stop.aborted) {
      await this.#round(stop)
      await this.#pause(stop)
    }
    await this.#stop()
  }

  #know(pipeline: AnyPipeline): void {
    if (isPipeline(pipeline)) this.#pipelines.set(pipeline.name, pipeline)
  }

  async #knowSettings(): Promise<void> {
    const { project } = this.#parts.parts
    for (const name of project?.pipelines ?? [])
      await this.#try(`pipeline ${name}`, async () => this.#know(await project!.pipelineAt(name)))
  }

  async #round(stop: AbortSignal): Promise<void> {
    await this.#try('schedules and triggers', async () => {
      const records = await this.#metadata.triggers()
      const now = this.#parts.clock.now()
      for (const record of records) {
        if (stop.aborted) return
        await this.#try(record.origin, async () => {
          if (!this.#parts.declarations.canStart(record)) return
          for (const { origin, key, state, reason } of await this.#watches.look(record, now))
            this.#tell(
              state === 'skipped'
                ? { type: 'firing.skipped', origin, key, reason: reason ?? '' }
                : { type: 'firing.fired', origin, key },
            )
        })
      }
      await this.#takeUp(records, stop)
      await this.#dispatch(new Map(records.map((record) => [record.origin, record])), stop)
    })
  }

  get #isFull(): boolean {
    const running = [...this.#driven.values()].filter(({ state }) => !state.isWaiting).length
    return running + this.#starting.size >= this.#most
  }

  async #dispatch(records: ReadonlyMap<string, TriggerRecord>, stop: AbortSignal): Promise<void> {
    for (const firing of await this.#metadata.pendingFirings(this.#parts.clock.now(), together)) {
      const record = records.get(firing.origin)
      if (stop.aborted) return
      if (record === undefined || record.paused || !this.#parts.declarations.canStart(record)) continue
      const taken = await this.#metadata.takeFiring(
        firing.number,
        { owner: currentOwner(), at: this.#parts.clock.now(), ttl: takenFor },
        (around): Verdict => {
          const runs = around.runs.filter((run) => !this.#stuck.has(run))
          const verdict = firing.origin.startsWith('schedule/')
            ? judgeOverlap(keptSchedule(record).overlap, firing.madeUp, { ...around, runs })
            : 'start'
          return verdict === 'start' && this.#isFull ? 'wait' : verdict
        },
      )
      const { origin, key, madeUp } = firing
      if (taken.verdict === 'start') this.#track(this.#start(record, firing))
      else if (taken.verdict === 'wait') {
        const replaces = origin.startsWith('schedule/') && keptSchedule(record).overlap === 'replace'
        if (replaces && !madeUp) for (const run of taken.surroundings.runs) await this.#replace(run, key)
      } else if (taken.verdict !== 'gone')
        this.#tell({ type: 'firing.skipped', origin, key, reason: taken.verdict.skip })
    }
  }

  /** Once for each run: it is told, and ends when its steps have. */
  async #replace(run: string, by: string): Promise<void> {
    if (this.#cancelled.has(run)) return
    await this.#parts.runs.cancel(run, `replaced by the tick of ${by}`)
    this.#cancelled.add(run)
  }

  async #start(record: TriggerRecord, firing: Firing): Promise<void> {
    const { runs, declarations, parts } = this.#parts
    const { number, origin, event } = firing
    const key = `${origin}/${firing.key}`
    try {
      // One whose starter has died before it could say so: it is an orphan like any other.
      const known = await this.#metadata.runByKey(record.pipeline, key)
      if (known !== undefined) {
        await this.#metadata.settleFiring(number, { state: 'started', run: known.id })
        return
      }
      const pipeline = await declarations.pipeline(record)
      const inputs = declarations.inputs(record, event)
      const { hooks, state } = this.#hooks()
      const handle = await runs.start(pipeline, inputs, { key, tags: [origin], ...hooks }, parts.root)
      await this.#metadata.settleFiring(number, { state: 'started', run: handle.id })
      this.#tell({ type: 'run.started', run: handle.id, pipeline: pipeline.name, origin, key })
      this.#follow(handle, pipeline.name, state)
    } catch (error) {
      const isPassing = PipewrightError.isInstance(error) && passing.has(error.code)
      const end = isPassing ? 'pending' : 'failed'
      const reason = (error as Error).message ?? String(error)
      await this.#metadata.settleFiring(number, { state: end, reason }).catch(() => undefined)
      if (isPassing) this.#trouble(origin, error)
      else
        this.#tell({ type: 'firing.failed', origin, key: firing.key, error: shortError(errorRecord(error)) })
    }
  }

  /** Goes on with runs that nobody drives: interrupted ones, and those that wait for what has come. */
  async #takeUp(records: readonly TriggerRecord[], stop: AbortSignal): Promise<void> {
    const ours = new Set([...this.#pipelines.keys(), ...records.map(({ pipeline }) => pipeline)])
    const now = this.#parts.clock.now()
    const { items } = await this.#metadata.runs({
      state: 'interrupted',
      orderBy: 'startedAt',
      limit: together,
    })
    const found: { run: string; pipeline: string; because: 'interrupted' | 'due' | 'posted' }[] = items.map(
      ({ id, pipeline }) => ({ run: id, pipeline, because: 'interrupted' }),
    )
    for (const { run, pipeline, until, isPosted } of await this.#metadata.waiting())
      if (isPosted || (until !== null && until <= now))
        found.push({ run, pipeline, because: isPosted ? 'posted' : 'due' })
    for (const { run, pipeline, because } of found) {
      if (stop.aborted || this.#isFull) return
      if (!ours.has(pipeline) || this.#driven.has(run) || this.#isTroubled(`run ${run}`)) continue
      this.#track(this.#goOn(run, pipeline, because, records))
      // One after another: each counts before the next is judged.
      await Promise.all(this.#starting)
    }
  }

  async #goOn(
    run: string,
    name: string,
    because: 'interrupted' | 'due' | 'posted',
    records: readonly TriggerRecord[],
  ): Promise<void> {
    try {
      const detail = await this.#metadata.detail(run)
      if (detail === undefined) return
      const { hooks, state } = this.#hooks()
      const record = records.find(({ pipeline }) => pipeline === name)
      const known =
        this.#pipelines.get(name) ??
        (record === undefined ? undefined : await this.#parts.declarations.pipeline(record))
      const handle = await this.#parts.runs.goOn(detail, known, hooks)
      this.#stuck.delete(run)
      if (handle === undefined) return
      this.#tell({ type: 'run.taken-up', run, pipeline: name, because })
      this.#follow(handle, name, state)
    } catch (error) {
      // Somebody else was quicker.
      if (PipewrightError.isInstance(error) && error.code === 'RUN_OWNED') return
      if (PipewrightError.isInstance(error) && lasting.has(error.code)) this.#stuck.add(run)
      this.#trouble(`run ${run}`, error)
    }
  }

  /** What only waits leaves its place to others; updates may come before the run is known. */
  #hooks(): {
    hooks: Pick<RunOptions, 'onUpdate' | 'captureConsole'>
    state: Driven['state']
  } {
    const state = { isWaiting: false }
    const onUpdate = ({ event }: RunUpdate): void => {
      if (event.type === 'run.waiting') state.isWaiting = true
      else if (event.type === 'run.proceeded') state.isWaiting = false
    }
    const { captureConsole = false } = this.#options
    return { hooks: { onUpdate, captureConsole }, state }
  }

  #follow(handle: RunHandle<unknown>, pipeline: string, state: Driven['state']): void {
    const run = handle.id
    const ended = handle
      .result()
      .then(
        () => this.#ended(run, pipeline, undefined),
        (error: unknown) => this.#ended(run, pipeline, error),
      )
      .finally(() => {
        this.#driven.delete(run)
        this.#cancelled.delete(run)
      })
    this.#driven.set(run, { state, ended })
  }

  #ended(run: string, pipeline: string, error: unknown): void {
    const end = { type: 'run.ended', run, pipeline } as const
    if (error === undefined) return this.#tell({ ...end, state: 'succeeded' })
    const code = PipewrightError.isInstance(error) ? error.code : undefined
    const state =
      code === 'WORKSPACE_CLOSED'
        ? 'given-up'
        : code === 'LEASE_LOST'
          ? 'lost'
          : code === 'RUN_CANCELLED'
            ? 'cancelled'
            : 'failed'
    this.#tell({ ...end, state, ...(state === 'given-up' ? {} : { error: shortError(errorRecord(error)) }) })
  }

  async #stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#starting)
    const { runs } = this.#parts
    const reason = new PipewrightError(
      'WORKSPACE_CLOSED',
      'the driver was stopped while the run was going on',
      {
        fix: 'drive the workspace again, or resume the run',
      },
    )
    // One that another process drives, by the same key, is that process's.
    const own = [...this.#driven].filter(([run]) => runs.giveUp(run, reason))
    await Promise.all(own.map(([, { ended }]) => ended))
    this.#tell({ type: 'drive.stopped', givenUp: own.map(([run]) => run) })
  }

  #track(work: Promise<void>): void {
    this.#starting.add(work)
    void work.finally(() => this.#starting.delete(work))
  }

  async #pause(stop: AbortSignal): Promise<void> {
    if (stop.aborted) return
    const { clock } = this.#parts
    const now = clock.now()
    const next = await this.#watches.nextTick(now).catch(() => undefined)
    if (stop.aborted) return
    const until = next === undefined ? this.#interval : Math.min(this.#interval, next - now)
    await new Promise<void>((resolve) => {
      const prevent = clock.after(until, () => {
        stop.removeEventListener('abort', onAbort)
        resolve()
      })
      const onAbort = (): void => {
        prevent()
        resolve()
      }
      stop.addEventListener('abort', onAbort, { once: true })
    })
  }

  async #try(subject: string, work: () => Promise<void>): Promise<void> {
    try {
      await work()
    } catch (error) {
      const isClosed = PipewrightError.isInstance(error) && error.code === 'WORKSPACE_CLOSED'
      if (!isClosed) this.#trouble(subject, error)
    }
  }

  /** Told once a while: it is tried again and again. */
  #trouble(subject: string, error: unknown): void {
    if (this.#isTroubled(subject)) return
    this.#troubles.set(subject, this.#parts.clock.now())
    this.#tell({ type: 'drive.trouble', subject, error: shortError(errorRecord(error)) })
  }

  #isTroubled(subject: string): boolean {
    const since = this.#troubles.get(subject)
    if (since === undefined) return false
    if (this.#parts.clock.now() - since < patience) return true
    this.#troubles.delete(subject)
    return false
  }

  #tell(report: DriveReport): void {
    if (this.#stopped && report.type === 'drive.trouble') return
    try {
      this.#options.onEvent?.({ at: this.#parts.clock.now(), ...report })
    } catch {
      // Its own affair.
    }
  }
}
