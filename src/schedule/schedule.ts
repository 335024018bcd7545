import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import { didYouMean } from '../internal/nearest.ts'
import { checkName } from '../define/name.ts'
import { isPipeline, type AnyPipeline, type Pipeline } from '../define/runnable.ts'
import { checkInputs, type Given } from '../plan/inputs.ts'
import { checkTimezone, cronTimes } from './cron.ts'
import type { CatchUp } from './due.ts'
import { overlaps, type Overlap } from './overlap.ts'

/**
 * When a pipeline runs, and with what.
 *
 * @example
 * ```ts
 * await pw.schedule(tumours, {
 *   name: 'nightly',
 *   cron: '30 2 * * *',
 *   timezone: 'Europe/Berlin',
 *   inputs: { csv: 'data/tumours.csv' },
 *   overlap: 'queue',
 *   catchUp: { all: 7 },
 * })
 * ```
 */
export interface ScheduleOptions<In> {
  /** Names it among the schedules of the workspace. Default: the pipeline's name. */
  readonly name?: string
  /** Minute, hour, day, month, weekday; with seconds in front if need be; or `@hourly`, `@daily`, `@weekly`. */
  readonly cron: string
  /** Whose wall clock is meant: a name of the IANA database. Default `UTC`. */
  readonly timezone?: string
  /**
   * The inputs of each run, or a function of the tick's time; paths are relative to the project. A function is known only
   * to processes that declare the schedule: these alone drive it. Default: none are given.
   */
  readonly inputs?: Given<In> | ((time: Date) => Given<In>)
  /**
   * When the run of an earlier tick goes on: `skip` (default) leaves this one out, `queue` runs it after that, `replace`
   * cancels that one first.
   */
  readonly overlap?: Overlap
  /**
   * Ticks that came while nothing drove the workspace: `latest` (default) runs the last of them, `none` none, `all` all up
   * to the last 100, `{ all: 7 }` up to the last 7, one after another whatever `overlap` says.
   */
  readonly catchUp?: CatchUp
}

const mark: unique symbol = Symbol.for('pipewright.schedule') as never

/** A schedule as it was written: made by {@link schedule}. */
export interface Schedule {
  readonly [mark]: true
  readonly name: string
  /** A pipeline, or the address of one. */
  readonly pipeline: AnyPipeline | string
  readonly cron: string
  readonly timezone: string
  readonly overlap: Overlap
  readonly catchUp: CatchUp
  /** Those of each run, or what makes them for the time of a tick. */
  readonly inputs: Json | ((time: Date) => Readonly<Record<string, unknown>>)
}

/** Tells whether a value is a schedule of any copy of the package. */
export function isSchedule(value: unknown): value is Schedule {
  return typeof value === 'object' && value !== null && mark in value
}

function refuse(owner: string, field: string, what: string, fix: string): never {
  throw new PipewrightError('DEFINITION_INVALID', `${owner}: ${field} ${what}`, { fix, details: { field } })
}

/** The name of what starts a pipeline: its own, or that of the pipeline. */
export function nameOf(what: string, name: string | undefined, pipeline: AnyPipeline | string): string {
  if (!isPipeline(pipeline) && (typeof pipeline !== 'string' || pipeline === '')) {
    throw new PipewrightError('DEFINITION_INVALID', `a ${what} is of no pipeline`, {
      fix: `give what definePipeline returned, or its address: 'src/tumours.ts#tumours'`,
    })
  }
  const known = name ?? (typeof pipeline === 'string' ? pipeline.split('#').at(-1)! : pipeline.name)
  checkName(what, known)
  return known
}

/** Refuses options that there are none of. */
export function checkOptions(owner: string, given: object, known: readonly string[]): void {
  for (const field of Object.keys(given))
    if (!known.includes(field)) refuse(owner, `'${field}'`, 'is not an option', didYouMean(field, known))
}

/**
 * Says when a pipeline runs: for `schedules` of `pipewright.config.ts`; in code, `pw.schedule` takes the same.
 *
 * A pipeline may be given by its address (a name of the settings, or `file#export`): it is then loaded only when it is due.
 * Throws `DEFINITION_INVALID` for a cron expression that is none or never fires, an unknown time zone, `overlap` or
 * `catchUp`; `INPUT_INVALID`, `UNKNOWN_INPUT` for inputs that do not fit.
 *
 * @example
 * ```ts
 * export default defineConfig({
 *   schedules: [
 *     schedule('src/tumours.ts#tumours', {
 *       cron: '30 2 * * *',
 *       timezone: 'Europe/Berlin',
 *       inputs: { csv: 'data/tumours.csv' },
 *     }),
 *   ],
 * })
 * ```
 */
export function schedule(
  pipeline: string,
  options: ScheduleOptions<Readonly<Record<string, unknown>>>,
): Schedule
// Last: that is the one whose mistakes the compiler tells.
export function schedule<In, Out>(
  pipeline: Pipeline<In, Out>,
  options: ScheduleOptions<NoInfer<In>>,
): Schedule
export function schedule(
  pipeline: AnyPipeline | string,
  options: ScheduleOptions<Readonly<Record<string, unknown>>>,
): Schedule {
  const name = nameOf('schedule', options.name, pipeline)
  const owner = `schedule '${name}'`
  checkOptions(owner, options, ['name', 'cron', 'timezone', 'inputs', 'overlap', 'catchUp'])
  const { cron, timezone = 'UTC', overlap = 'skip', catchUp = 'latest', inputs = {} } = options
  checkTimezone(timezone, owner)
  cronTimes(cron, timezone, owner)
  if (!overlaps.includes(overlap))
    refuse(owner, 'overlap', `${JSON.stringify(overlap)} is none`, didYouMean(overlap, overlaps))
  checkCatchUp(owner, catchUp)
  if (typeof inputs !== 'function' && typeof pipeline !== 'string') checkInputs(pipeline, inputs)
  return Object.freeze({
    [mark]: true as const,
    name,
    pipeline,
    cron,
    timezone,
    overlap,
    catchUp,
    inputs:
      typeof inputs === 'function'
        ? (inputs as (time: Date) => Readonly<Record<string, unknown>>)
        : (JSON.parse(canonicalJson(inputs)) as Json),
  })
}

function checkCatchUp(owner: string, catchUp: CatchUp): void {
  const isBound =
    typeof catchUp === 'object' &&
    catchUp !== null &&
    Number.isInteger(catchUp.all) &&
    catchUp.all >= 1 &&
    catchUp.all <= 10_000
  if (!isBound && !['none', 'latest', 'all'].includes(catchUp as string))
    refuse(
      owner,
      'catchUp',
      `${JSON.stringify(catchUp)} is none`,
      "give 'latest', 'none', 'all', or { all: 7 } (1 to 10,000)",
    )
}
