import { Cron } from 'croner'
import { PipewrightError } from '../internal/error.ts'

/** The times of a cron expression in a time zone; all in milliseconds since the epoch. */
export interface CronTimes {
  /** The first time after another. */
  after(time: number): number | undefined
  /** The latest times up to another and after `since`, in rising order, at most so many. */
  latest(most: number, since: number, until: number): readonly number[]
}

function refuse(owner: string, field: string, what: string, fix: string, cause?: unknown): never {
  throw new PipewrightError('DEFINITION_INVALID', `${owner}: ${field} ${what}`, {
    fix,
    details: { field },
    cause,
  })
}

/** Refuses a time zone that is none. */
export function checkTimezone(timezone: unknown, owner: string): asserts timezone is string {
  try {
    if (typeof timezone !== 'string') throw new Error('it is not a text')
    Intl.DateTimeFormat('en', { timeZone: timezone }).format()
  } catch (cause) {
    refuse(
      owner,
      'timezone',
      `${JSON.stringify(timezone)} is not known`,
      "give a name of the IANA database, such as 'Europe/Berlin', 'America/New_York' or 'UTC'",
      cause,
    )
  }
}

const known = new Map<string, CronTimes>()

/** Reads a cron expression; one that is none, or that never fires, is `DEFINITION_INVALID`. */
export function cronTimes(cron: string, timezone: string, owner: string): CronTimes {
  const key = `${timezone} ${cron}`
  const found = known.get(key)
  if (found !== undefined) return found
  checkTimezone(timezone, owner)
  const job = parse(cron, timezone, owner)
  if (job.nextRun(new Date(0)) === null)
    refuse(owner, `cron '${cron}'`, 'never fires', 'no month has such a day: correct the expression')
  const times: CronTimes = {
    after: (time) => job.nextRun(new Date(time))?.getTime(),
    latest: (most, since, until) => {
      const found: number[] = []
      // What is at the time itself counts.
      let before = until + 1
      while (found.length < most) {
        const time = job.previousRuns(1, new Date(before))[0]?.getTime()
        if (time === undefined || time <= since) break
        found.push(time)
        before = time
      }
      return found.toReversed()
    },
  }
  known.set(key, times)
  return times
}

function parse(cron: string, timezone: string, owner: string): Cron {
  try {
    if (typeof cron !== 'string') throw new Error('it is not a text')
    // A text that is a date would be a schedule of one tick.
    if (/^\d{4}-/.test(cron)) throw new Error('it is a point in time')
    return new Cron(cron, { timezone, mode: '5-or-6-parts', fixedTimeRule: 'no-wildcard' })
  } catch (cause) {
    const reason = (cause as Error).message.replace(/^Cron\w+: /, '')
    refuse(
      owner,
      `cron ${JSON.stringify(cron)}`,
      `cannot be read: ${reason}`,
      "give minute, hour, day, month, weekday, such as '30 2 * * *', with seconds in front if need be, or '@daily'",
      cause,
    )
  }
}

const withZone = /T.*(?:Z|[+-]\d\d:?\d\d)$/
const withoutZone = /^(\d{4}-\d\d-\d\d)(?:T(\d\d:\d\d)(:\d\d)?)?$/
const dayLength = 86_400_000

/**
 * A point in time, in milliseconds since the epoch; a text without a zone is one of the time zone, a day alone its beginning
 * or its end. Anything else is `CONFIG_INVALID`.
 */
export function zonedTime(
  given: Date | string,
  timezone: string,
  edge: 'start' | 'end',
  field: string,
): number {
  const time =
    given instanceof Date
      ? given.getTime()
      : withZone.test(given)
        ? Date.parse(given)
        : localTime(given, timezone, edge)
  if (!Number.isNaN(time)) return time
  throw new PipewrightError('CONFIG_INVALID', `${field}: ${JSON.stringify(given)} is not a point in time`, {
    fix: "give a Date, a day ('2026-03-01'), or ISO 8601 ('2026-03-01T06:00:00+01:00')",
    details: { field },
  })
}

function localTime(text: string, timezone: string, edge: 'start' | 'end'): number {
  const [, day, minutes, seconds = ':00'] = withoutZone.exec(text) ?? []
  const asUtc = Date.parse(`${day}T${minutes ?? '00:00'}${seconds}Z`)
  // A day that is none would become another one.
  if (Number.isNaN(asUtc) || new Date(asUtc).toISOString().slice(0, 10) !== day) return Number.NaN
  if (minutes !== undefined || edge === 'start') return onceAt(asUtc, timezone)
  return onceAt(asUtc + dayLength, timezone) - 1
}

/** The time at which the wall clock of a time zone shows what that of UTC shows at another. */
function onceAt(asUtc: number, timezone: string): number {
  return new Cron(new Date(asUtc).toISOString().slice(0, 19), { timezone }).getOnce()!.getTime()
}
