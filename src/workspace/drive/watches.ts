import { join } from 'node:path'
import type { Firing, TriggerRecord } from '../../record/trigger.ts'
import { keptTrigger } from './declarations.ts'
import type { DriverParts } from './driver-parts.ts'
import { fireTicks, timesOf } from './ticks.ts'
import { FilesWatch } from './watch-files.ts'
import { RecordWatch } from './watch-record.ts'

/** Looks at what schedules and triggers wait for. */
export class Watches {
  readonly #parts: DriverParts
  readonly #record: RecordWatch
  readonly #files = new Map<string, FilesWatch>()

  constructor(parts: DriverParts) {
    this.#parts = parts
    this.#record = new RecordWatch(parts.parts.metadata, parts.json)
  }

  /** Fires what is due of one of them. */
  async look(record: TriggerRecord, now: number): Promise<readonly Firing[]> {
    const { metadata, root, folder } = this.#parts.parts
    const { origin } = record
    if (record.paused) {
      // What it has seen was not recorded.
      this.#files.delete(origin)
      return []
    }
    if (origin.startsWith('schedule/')) return fireTicks(metadata, record, now)
    const { on } = keptTrigger(record)
    if ('run' in on) return this.#record.runs(record, on)
    if ('artifact' in on) return this.#record.artifacts(record, on)
    if ('model' in on) return this.#record.models(record, on)
    if (!('files' in on)) return []
    const watch = this.#files.get(origin) ?? new FilesWatch(metadata, root, join(folder, 'sources'))
    this.#files.set(origin, watch)
    return watch.look(record, on, now)
  }

  /** When the next tick is due that this process can start, in milliseconds since the epoch. */
  async nextTick(now: number): Promise<number | undefined> {
    const { parts, declarations } = this.#parts
    const times = (await parts.metadata.triggers())
      .filter((record) => record.origin.startsWith('schedule/') && !record.paused)
      .filter((record) => declarations.canStart(record))
      .map((record) => timesOf(record).after(now))
      .filter((time) => time !== undefined)
    return times.length === 0 ? undefined : Math.min(...times)
  }
}
