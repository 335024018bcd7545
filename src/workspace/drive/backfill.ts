import { PipewrightError } from '../../internal/error.ts'
import { isPipeline, type AnyPipeline } from '../../define/runnable.ts'
import type { Given } from '../../plan/inputs.ts'
import type { TriggerRecord } from '../../record/trigger.ts'
import { cronTimes, zonedTime } from '../../schedule/cron.ts'
import type { RunOptions } from '../run-options.ts'
import { keptSchedule } from './declarations.ts'
import type { DriverParts } from './driver-parts.ts'

/** A pipeline, or the name of a schedule. */
export type BackfillSubject = string | AnyPipeline

/**
 * What a backfill covers.
 *
 * @example
 * ```ts
 * await pw.backfill('nightly', { from: '2026-01-01', to: '2026-03-31', concurrency: 4 })
 * ```
 */
export interface BackfillOptions<In> {
  /** The first time: a Date, a day (its beginning), or ISO 8601. Without a zone it is one of `timezone`. */
  readonly from: Date | string
  /** The last time, included; a day means its end. */
  readonly to: Date | string
  /** How many runs go on at once. Default 2. */
  readonly concurrency?: number
  /** The inputs for a time. Default: those of the schedule. */
  readonly inputs?: (time: Date) => Given<In> | Promise<Given<In>>
  /** The times. Default: those of the schedule; needed for a pipeline. */
  readonly cron?: string
  /** Default: that of the schedule, else `UTC`. */
  readonly timezone?: string
  /** Options of each run. */
  readonly options?: Omit<RunOptions, 'key' | 'signal'>
  /** Stops: runs that go on are cancelled; the same call goes on with them. */
  readonly signal?: AbortSignal
  /** Told before a run starts and after it has ended. */
  readonly onProgress?: (progress: BackfillProgress) => void
}

/** How far a backfill has come. */
export interface BackfillProgress {
  readonly total: number
  readonly succeeded: number
  readonly failed: number
  readonly running: number
  /** The time that this is about. */
  readonly time: Date
  /** Undefined while it runs. */
  readonly state: 'succeeded' | 'failed' | 'cancelled' | undefined
}

/** What a backfill has done. */
export interface BackfillReport {
  /** How many times there are in the range. */
  readonly total: number
  readonly succeeded: number
  /** Those that did not succeed, in order; the same call again resumes them. */
  readonly failed: readonly { readonly time: Date; readonly run: string | null; readonly message: string }[]
  /** How many were not begun: it was stopped. */
  readonly left: number
}

/** More runs are surely a mistake in the range. */
const mostTimes = 10_000

/** Runs a pipeline for each time of a range. The keys are those of ticks: a time that has run is not run again. */
export async function backfill(
  { parts, runs, declarations }: DriverParts,
  subject: AnyPipeline | TriggerRecord,
  options: BackfillOptions<Readonly<Record<string, unknown>>>,
): Promise<BackfillReport> {
  const record = isPipeline(subject) ? undefined : subject
  const pipeline = isPipeline(subject) ? subject : await declarations.pipeline(subject)
  const kept = record && keptSchedule(record)
  const owner = record === undefined ? `backfill of '${pipeline.name}'` : `backfill of ${record.origin}`
  const origin = record?.origin ?? `backfill/${pipeline.name}`
  const times = timesOf(owner, options, kept)
  const { concurrency = 2, signal, onProgress, inputs } = options
  if (!Number.isInteger(concurrency) || concurrency < 1)
    throw new PipewrightError('CONFIG_INVALID', `concurrency ${concurrency} is not a count`, {
      fix: 'give a whole number from 1',
    })
  const given = async (time: Date): Promise<Readonly<Record<string, unknown>>> =>
    (await inputs?.(time)) ??
    (record === undefined ? {} : declarations.inputs(record, { time: time.toISOString() }))
  if (record !== undefined && inputs === undefined && !declarations.canStart(record))
    throw new PipewrightError(
      'CONFIG_INVALID',
      `${owner}: its inputs are made by a function of another process`,
      {
        fix: 'give inputs: (time) => ({ … }), or declare the schedule in the settings',
      },
    )

  const failed: { time: Date; run: string | null; message: string }[] = []
  let [succeeded, running, next] = [0, 0, 0]
  const isStopped = (): boolean => signal?.aborted ?? false
  const tell = (time: Date, state: BackfillProgress['state']): void =>
    onProgress?.({ total: times.length, succeeded, failed: failed.length, running, time, state })
  const one = async (time: Date): Promise<void> => {
    running++
    tell(time, undefined)
    let run: string | null = null
    let state: BackfillProgress['state'] = 'succeeded'
    try {
      const { tags = [], ...others } = options.options ?? {}
      const handle = await runs.start(
        pipeline,
        await given(time),
        {
          ...others,
          tags: [origin, 'backfill', ...tags],
          key: `${origin}/${time.toISOString()}`,
          ...(signal === undefined ? {} : { signal }),
        },
        parts.root,
      )
      run = handle.id
      await handle.result()
      succeeded++
    } catch (error) {
      state = isStopped() ? 'cancelled' : 'failed'
      failed.push({ time, run, message: (error as Error).message ?? String(error) })
    }
    running--
    tell(time, state)
  }
  const worker = async (): Promise<void> => {
    while (next < times.length && !isStopped() && !runs.closed.aborted) await one(new Date(times[next++]!))
  }
  await Promise.all(Array.from({ length: Math.min(concurrency, times.length) }, worker))
  failed.sort((a, b) => a.time.getTime() - b.time.getTime())
  return { total: times.length, succeeded, failed, left: times.length - next }
}

function timesOf(
  owner: string,
  { from, to, cron: own, timezone: zone }: BackfillOptions<Readonly<Record<string, unknown>>>,
  kept: { readonly cron: string; readonly timezone: string } | undefined,
): number[] {
  const cron = own ?? kept?.cron
  const timezone = zone ?? kept?.timezone ?? 'UTC'
  if (cron === undefined)
    throw new PipewrightError('CONFIG_INVALID', `${owner} does not say for which times`, {
      fix: "give cron: '0 0 * * *' for each day, or the name of a schedule",
    })
  const all = cronTimes(cron, timezone, owner)
  const first = zonedTime(from, timezone, 'start', 'from')
  const last = zonedTime(to, timezone, 'end', 'to')
  const times: number[] = []
  for (let time = all.after(first - 1); time !== undefined && time <= last; time = all.after(time)) {
    times.push(time)
    if (times.length > mostTimes)
      throw new PipewrightError('CONFIG_INVALID', `${owner} has more than ${mostTimes} times`, {
        fix: 'cut the range into parts',
      })
  }
  if (times.length === 0)
    throw new PipewrightError('CONFIG_INVALID', `${owner}: '${cron}' has no time in the range`, {
      fix: 'is `to` after `from`? Both are included',
    })
  return times
}
