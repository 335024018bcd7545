import { uuidv7 } from '../../internal/id.ts'
import type { Clock } from '../../internal/clock.ts'
import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import type { RunServices } from '../../execute/run-request.ts'
import type { MetadataStore } from '../../record/metadata.ts'
import type { TriggerRecord } from '../../record/trigger.ts'
import { lateAfter } from '../../schedule/due.ts'
import type { Schedule } from '../../schedule/schedule.ts'
import type { Trigger } from '../../schedule/trigger.ts'
import type { WorkspaceParts } from '../parts.ts'
import type { Runs } from '../runs.ts'
import { backfill, type BackfillOptions, type BackfillReport, type BackfillSubject } from './backfill.ts'
import { callHandler } from './call-handler.ts'
import { Declarations, keptSchedule, keptTrigger, nameIn } from './declarations.ts'
import type { DriverParts } from './driver-parts.ts'
import { Driver, type DriveOptions } from './driver.ts'
import type { FiredRecord, StoredSchedule, StoredTrigger } from './stored-schedule.ts'
import { timesOf } from './ticks.ts'

/** What is due in a workspace and has not been begun: nobody drives it, or those who do cannot. */
export interface OverdueWork {
  /** Schedules that have a tick which nobody has taken, by name. */
  readonly schedules: readonly string[]
  /** Firings that nobody has started. */
  readonly firings: number
  /** Runs whose process has died. */
  readonly interrupted: number
  /** Runs whose wait is over. */
  readonly waiting: number
}

/** The schedules and triggers of a workspace, and what drives them. */
export class Automation {
  readonly #metadata: MetadataStore
  readonly #clock: Clock
  readonly #driver: DriverParts
  readonly #declarations: Declarations

  constructor(parts: WorkspaceParts, { clock, json }: RunServices, runs: Runs) {
    this.#metadata = parts.metadata
    this.#clock = clock
    this.#declarations = new Declarations(parts, clock)
    this.#driver = { parts, clock, json, runs, declarations: this.#declarations }
  }

  async schedule(given: Schedule): Promise<StoredSchedule> {
    const origin = await this.#declarations.schedule(given, 'code')
    return this.#schedule(await this.#record(origin))
  }

  async trigger(given: Trigger): Promise<StoredTrigger> {
    const origin = await this.#declarations.trigger(given, 'code')
    return this.#trigger(await this.#record(origin))
  }

  async schedules(): Promise<readonly StoredSchedule[]> {
    return (await this.#records('schedule/')).map((record) => this.#schedule(record))
  }

  async triggers(): Promise<readonly StoredTrigger[]> {
    return (await this.#records('trigger/')).map((record) => this.#trigger(record))
  }

  async scheduleNamed(name: string): Promise<StoredSchedule> {
    await this.#declarations.settings()
    return this.#schedule(await this.#record(`schedule/${name}`))
  }

  async triggerNamed(name: string): Promise<StoredTrigger> {
    await this.#declarations.settings()
    return this.#trigger(await this.#record(`trigger/${name}`))
  }

  drive(options: DriveOptions): Promise<void> {
    return new Driver(this.#driver, options).drive()
  }

  callHandler(): (request: Request) => Promise<Response> {
    return callHandler(this.#metadata, this.#declarations, this.#clock)
  }

  async backfill(
    subject: BackfillSubject,
    options: BackfillOptions<Readonly<Record<string, unknown>>>,
  ): Promise<BackfillReport> {
    if (typeof subject !== 'string') return backfill(this.#driver, subject, options)
    await this.#declarations.settings()
    return backfill(this.#driver, await this.#record(`schedule/${subject}`), options)
  }

  /** What is due and has not been begun. */
  async overdue(): Promise<OverdueWork> {
    const now = this.#clock.now()
    const records = await this.#metadata.triggers()
    const schedules = records
      .filter(({ origin, paused }) => origin.startsWith('schedule/') && !paused)
      .filter((record) => (timesOf(record).after(record.position) ?? now) < now - lateAfter)
      .map(({ origin }) => nameIn(origin))
    const paused = new Set(records.filter((record) => record.paused).map(({ origin }) => origin))
    const pending = await this.#metadata.pendingFirings(now, 1_000)
    const waiting = await this.#metadata.waiting()
    const { items } = await this.#metadata.runs({ state: 'interrupted', limit: 1_000 })
    return {
      schedules,
      firings: pending.filter(({ origin, at }) => at < now - lateAfter && !paused.has(origin)).length,
      interrupted: items.length,
      waiting: waiting.filter(({ until, isPosted }) => isPosted || (until !== null && until <= now)).length,
    }
  }

  async #records(start: string): Promise<readonly TriggerRecord[]> {
    await this.#declarations.settings()
    return (await this.#metadata.triggers()).filter(({ origin }) => origin.startsWith(start))
  }

  async #record(origin: string): Promise<TriggerRecord> {
    const records = await this.#metadata.triggers()
    const found = records.find((record) => record.origin === origin)
    if (found !== undefined) return found
    const [kind, name] = [origin.slice(0, origin.indexOf('/')), nameIn(origin)]
    const names = records
      .filter((record) => record.origin.startsWith(`${kind}/`))
      .map((record) => nameIn(record.origin))
    throw new PipewrightError(
      kind === 'schedule' ? 'SCHEDULE_NOT_FOUND' : 'TRIGGER_NOT_FOUND',
      `there is no ${kind} '${name}'`,
      { fix: didYouMean(name, names), details: { name } },
    )
  }

  #schedule(record: TriggerRecord): StoredSchedule {
    const { cron, timezone, overlap, catchUp, inputs } = keptSchedule(record)
    const { origin, pipeline, paused, declaredBy } = record
    return {
      ...this.#common(record),
      name: nameIn(origin),
      pipeline,
      cron,
      timezone,
      overlap,
      catchUp,
      inputs,
      paused,
      declaredBy,
      next: (count = 1) => {
        const times: Date[] = []
        let time: number | undefined = this.#clock.now()
        while (times.length < count) {
          time = timesOf(record).after(time)
          if (time === undefined) break
          times.push(new Date(time))
        }
        return times
      },
      resume: () => this.#pause(origin, false, this.#clock.now()),
      run: async (options = {}) => {
        const time = new Date(this.#clock.now()).toISOString()
        const { runs, parts } = this.#driver
        return runs.start(
          await this.#declarations.pipeline(record),
          this.#declarations.inputs(record, { time }),
          { ...options, tags: [origin, ...(options.tags ?? [])], key: `${origin}/by-hand-${uuidv7()}` },
          parts.root,
        )
      },
    }
  }

  #trigger(record: TriggerRecord): StoredTrigger {
    const { origin, pipeline, paused, declaredBy } = record
    const { on, inputs } = keptTrigger(record)
    return {
      ...this.#common(record),
      name: nameIn(origin),
      pipeline,
      on,
      inputs,
      paused,
      declaredBy,
      resume: () => this.#pause(origin, false),
    }
  }

  #common({ origin }: TriggerRecord): Pick<StoredTrigger, 'fired' | 'pause' | 'remove'> {
    return {
      fired: async (limit = 20) =>
        (await this.#metadata.firings(origin, limit)).map(
          ({ key, at, state, madeUp, run, reason }): FiredRecord => ({
            key,
            at: new Date(at),
            state,
            madeUp,
            run,
            reason,
          }),
        ),
      pause: () => this.#pause(origin, true),
      remove: async () => {
        if (!(await this.#metadata.removeTrigger(origin))) await this.#record(origin)
      },
    }
  }

  /** Throws where it was removed meanwhile. */
  async #pause(origin: string, paused: boolean, position?: number): Promise<void> {
    if (!(await this.#metadata.pauseTrigger(origin, paused, position))) await this.#record(origin)
  }
}
