import type { Json } from '../../internal/json.ts'
import type { FiringState } from '../../record/trigger.ts'
import type { CatchUp } from '../../schedule/due.ts'
import type { Overlap } from '../../schedule/overlap.ts'
import type { TriggerSource } from '../../schedule/trigger.ts'
import type { RunHandle } from '../handle.ts'
import type { RunOptions } from '../run-options.ts'

/** One time that a schedule or a trigger has fired. */
export interface FiredRecord {
  /** The key of its run is `schedule/<name>/<key>`, or `trigger/<name>/<key>`. */
  readonly key: string
  /** The time that it stands for. */
  readonly at: Date
  /** `pending`: it waits for its turn, or for somebody who drives; `starting`: somebody is about to start it. */
  readonly state: FiringState
  /** Whether its time was missed, and it was made up for. */
  readonly madeUp: boolean
  readonly run: string | null
  /** Why it was skipped or has failed. */
  readonly reason: string | null
}

/**
 * A schedule of a workspace.
 *
 * @example
 * ```ts
 * const nightly = await pw.scheduleNamed('nightly')
 * console.log(nightly.next(3), (await nightly.fired(1))[0]?.state)
 * await nightly.pause()
 * await nightly.resume() // ticks of the time between are not made up for
 * const { outputs } = await (await nightly.run()).result()
 * await nightly.remove()
 * ```
 */
export interface StoredSchedule {
  readonly name: string
  readonly pipeline: string
  readonly cron: string
  readonly timezone: string
  readonly overlap: Overlap
  readonly catchUp: CatchUp
  /** Null where a function of the processes that declare it makes them. */
  readonly inputs: Json
  readonly paused: boolean
  /** Whether the settings have it, or code has declared it. */
  readonly declaredBy: 'settings' | 'code'
  /** The next times, from now. Default: one. */
  next(count?: number): readonly Date[]
  /** What it has fired, the latest first. Default: the last 20. */
  fired(limit?: number): Promise<readonly FiredRecord[]>
  /** Fires nothing until it is resumed; what waits for its turn waits. */
  pause(): Promise<void>
  /** Goes on from now: ticks of the time between are not made up for. */
  resume(): Promise<void>
  /** Forgets it, with what it has fired; its runs stay. One of the settings comes back with the next `up`. */
  remove(): Promise<void>
  /** Starts a run with its inputs now, in this process, whatever `overlap` says. */
  run(options?: Omit<RunOptions, 'key'>): Promise<RunHandle<unknown>>
}

/**
 * A trigger of a workspace.
 *
 * @example
 * ```ts
 * for (const one of await pw.triggers()) {
 *   console.log(one.name, one.on, (await one.fired(1))[0]?.run)
 *   await one.pause()
 *   await one.resume()
 * }
 * await (await pw.triggerNamed('inbox')).remove()
 * ```
 */
export interface StoredTrigger {
  readonly name: string
  readonly pipeline: string
  readonly on: TriggerSource
  /** Null where a function of the processes that declare it makes them. */
  readonly inputs: Readonly<Record<string, string>> | null
  readonly paused: boolean
  readonly declaredBy: 'settings' | 'code'
  /** What it has fired, the latest first. Default: the last 20. */
  fired(limit?: number): Promise<readonly FiredRecord[]>
  /** Looks at nothing until it is resumed; then it goes on where it was. */
  pause(): Promise<void>
  /** Looks again, from where it was. */
  resume(): Promise<void>
  /** Forgets it, with what it has fired; its runs stay. One of the settings comes back with the next `up`. */
  remove(): Promise<void>
}
