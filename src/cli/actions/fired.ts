import { tableText } from '../../ui/table-text.ts'
import { printable } from '../../ui/text.ts'
import type { FiredRecord } from '../../workspace/drive/stored-schedule.ts'

/** A point in time by the wall clock of a time zone, with its distance to UTC: an hour may come twice. */
export function whenText(time: Date | undefined, timezone: string): string {
  if (time === undefined) return ''
  const parts = new Intl.DateTimeFormat('en-CA', {
    timeZone: timezone,
    hourCycle: 'h23',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
    hour: '2-digit',
    minute: '2-digit',
    second: '2-digit',
    timeZoneName: 'longOffset',
  }).formatToParts(time)
  const part = (type: string): string => parts.find((one) => one.type === type)?.value ?? ''
  const offset = part('timeZoneName').replace('GMT', '') || '+00:00'
  const clock = `${part('hour')}:${part('minute')}:${part('second')}`
  return `${part('year')}-${part('month')}-${part('day')} ${clock} ${offset}`
}

/** What was fired, as programs get it. */
export function firedDocument({ key, at, state, madeUp, run, reason }: FiredRecord): object {
  return { key, at: at.toISOString(), state, madeUp, run, reason }
}

/** What was fired, as a table. */
export function firedRows(fired: readonly FiredRecord[], timezone: string): string[] {
  if (fired.length === 0) return ['nothing has fired yet']
  const rows = fired.map(({ at, key, state, run, reason, madeUp }) => [
    whenText(at, timezone),
    printable(key.length > 60 ? `${key.slice(0, 59)}…` : key),
    state,
    run ?? printable(reason?.split('\n')[0] ?? ''),
    madeUp ? 'made up for' : '',
  ])
  return [tableText(['time', 'key', 'state', 'run or reason', ''], rows, { columns: process.stdout.columns })]
}
