import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { RunOutcome } from '../execute/run-request.ts'
import type { RunEvent, Values } from '../record/event.ts'
import type { MetadataStore } from '../record/metadata.ts'
import type { RunDetail, RunRecord } from '../record/records.ts'
import type { ActiveRuns } from './active-runs.ts'
import { follow, goesOn, isOrphan, recordedOutcome } from './follow.ts'
import { cancelOnAbort, Updates, type ActiveRun, type FollowedRun } from './handle.ts'
import type { Compiled } from './program.ts'
import { checkStructure } from './resume.ts'
import { driveOptions, type RunOptions } from './run-options.ts'
import { takeUp, type TakenUp, type TakeUpOptions } from './take-up.ts'

type Started = Extract<RunEvent, { type: 'run.started' }>

/** A run that was there, and the part in it of the one who asked for it. */
export interface Attached {
  readonly id: string
  readonly run: FollowedRun
}

/** Attaches to runs that were started before: here or elsewhere, going on, given up or ended. */
export class Attachments {
  readonly #metadata: MetadataStore
  readonly #runs: ActiveRuns

  constructor(metadata: MetadataStore, runs: ActiveRuns) {
    this.#metadata = metadata
    this.#runs = runs
  }

  /** Attaches to the run with a key, or resumes it; undefined when there is none. Throws `RUN_KEY_CONFLICT`. */
  async byKey(
    key: string,
    inputs: Values,
    compiled: Compiled,
    options: RunOptions,
  ): Promise<Attached | undefined> {
    const { pipeline } = compiled.plan
    const record = await this.#metadata.runByKey(pipeline, key)
    const started = record === undefined ? undefined : await this.#startOf(record.id)
    // What garbage collection removes meanwhile was not there: here and below.
    if (record === undefined || started === undefined) return undefined
    const { id } = record
    if (canonicalJson(started.inputs) !== canonicalJson(inputs)) {
      throw new PipewrightError(
        'RUN_KEY_CONFLICT',
        `key '${key}' of pipeline '${pipeline}' belongs to run ${id}, which has other inputs`,
        {
          fix: 'use another key, or the same inputs',
          details: { key, run: id },
        },
      )
    }
    const active = this.#runs.get(id)
    const run =
      active === undefined ? await this.#join(record, started, compiled, options) : listenTo(active, options)
    return run === undefined ? undefined : { id, run }
  }

  async #startOf(run: string): Promise<Started | undefined> {
    for await (const { event } of this.#metadata.events(run))
      return event.type === 'run.started' ? event : undefined
    return undefined
  }

  async #join(
    record: RunRecord,
    { structure }: Started,
    compiled: Compiled,
    options: RunOptions,
  ): Promise<FollowedRun | undefined> {
    const { id, state } = record
    const updates = new Updates(options.onUpdate)
    if (goesOn(state) && !isOrphan(record)) {
      checkStructure({ ...record, structure }, compiled)
      return this.#follow(id, compiled, options, updates)
    }
    const seen = await this.#metadata.detail(id)
    if (seen === undefined) return undefined
    if (seen.state === 'succeeded') return ended(seen)
    // One that somebody else has driven to another end has been resumed already.
    const isWanted = (now: RunDetail): boolean => goesOn(now.state) || now.finishedAt === seen.finishedAt
    try {
      const taken = await this.#takeUp(seen, compiled, { ...driveOptions(options), updates, isWanted })
      return taken?.active ?? this.#follow(id, compiled, options, updates)
    } catch (error) {
      if (PipewrightError.isInstance(error) && error.code === 'RUN_NOT_FOUND') return undefined
      throw error
    }
  }

  /** Takes up a run; undefined where somebody else was quicker. */
  async #takeUp(seen: RunDetail, compiled: Compiled, options: TakeUpOptions): Promise<TakenUp | undefined> {
    try {
      return await takeUp(this.#metadata, this.#runs, seen, compiled, options)
    } catch (error) {
      if (PipewrightError.isInstance(error) && error.code === 'RUN_OWNED') return undefined
      throw error
    }
  }

  /** Follows a run, and goes on with it where whoever drove it has died. */
  #follow(id: string, compiled: Compiled, options: RunOptions, updates: Updates): FollowedRun {
    let cancelled: string | null = null
    const cancel = (reason: string): void => {
      cancelled ??= reason
      void this.#runs.cancel(id, reason).catch(() => undefined)
    }
    const outcome = this.#runs.pending(() => this.#outcomeOf(id, compiled, options, updates, () => cancelled))
    const stop = cancelOnAbort(options.signal, cancel)
    const ended = outcome.finally(() => {
      stop()
      updates.end()
    })
    ended.catch(() => undefined)
    return { updates, ended, cancel }
  }

  async #outcomeOf(
    id: string,
    compiled: Compiled,
    options: RunOptions,
    updates: Updates,
    cancelled: () => string | null,
  ): Promise<RunOutcome> {
    const metadata = this.#metadata
    const followed = { seq: await metadata.lastEvent(id) }
    for (;;) {
      const outcome = await follow(
        metadata,
        id,
        followed,
        (update) => updates.push(update),
        this.#runs.closed,
      )
      if (outcome !== undefined) return outcome
      const seen = await metadata.detail(id)
      if (seen === undefined) throw new PipewrightError('RUN_NOT_FOUND', `run ${id} was removed`)
      // Its process has died: this one goes on with it, unless a third has done so meanwhile.
      if (!isOrphan(seen)) continue
      const isWanted = (now: RunDetail): boolean => goesOn(now.state)
      const taken = await this.#takeUp(seen, compiled, { ...driveOptions(options), updates, isWanted })
      if (taken === undefined) continue
      // Nobody has asked for this run anew since somebody wanted it cancelled.
      const reason = cancelled() ?? taken.cancelRequested
      if (reason !== null) taken.active.cancel(reason)
      return taken.active.ended
    }
  }
}

/** Attaches to a run that this process drives. */
function listenTo(active: ActiveRun, { signal, onUpdate }: RunOptions): FollowedRun {
  const stops = [cancelOnAbort(signal, active.cancel), active.updates.tell(onUpdate)]
  const stop = (): void => {
    for (const each of stops) each()
  }
  active.ended.then(stop, stop)
  return active
}

function ended(detail: RunDetail): FollowedRun {
  const updates = new Updates()
  updates.end()
  return { updates, ended: Promise.resolve(recordedOutcome(detail)), cancel: () => undefined }
}
