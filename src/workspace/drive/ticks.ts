import type { MetadataStore } from '../../record/metadata.ts'
import type { Firing, NewFiring, TriggerRecord } from '../../record/trigger.ts'
import { cronTimes, type CronTimes } from '../../schedule/cron.ts'
import { dueTicks } from '../../schedule/due.ts'
import { keptSchedule } from './declarations.ts'

/** So many ticks of a schedule wait for their turn; later ones are skipped. */
const mostQueued = 100

/** The times of a schedule that is kept. */
export function timesOf(record: TriggerRecord): CronTimes {
  const { cron, timezone } = keptSchedule(record)
  return cronTimes(cron, timezone, record.origin)
}

/** Fires the ticks of a schedule that are due; of several processes one does. */
export async function fireTicks(
  metadata: MetadataStore,
  record: TriggerRecord,
  now: number,
): Promise<readonly Firing[]> {
  const { origin, position } = record
  const { catchUp } = keptSchedule(record)
  const { onTime, madeUp, missed } = dueTicks(timesOf(record), position, now, catchUp)
  const last = onTime.at(-1) ?? madeUp.at(-1) ?? missed
  if (last === undefined) return []
  const pending = (await metadata.firings(origin, mostQueued)).filter(
    ({ state }) => state === 'pending',
  ).length
  const free = Math.max(0, mostQueued - pending)
  const catchingUp = madeUp.length
  const firings = [...madeUp, ...onTime].map((time, at): NewFiring => {
    const key = new Date(time).toISOString()
    // What is made up for has a bound of its own.
    const isTooMany = at >= catchingUp && at - catchingUp >= free
    return {
      key,
      at: time,
      madeUp: at < catchingUp,
      event: { time: key },
      ...(isTooMany ? { skipped: `${mostQueued} ticks were waiting already` } : {}),
    }
  })
  const gone: NewFiring[] =
    missed === undefined
      ? []
      : [
          {
            key: new Date(missed).toISOString(),
            at: missed,
            event: { time: new Date(missed).toISOString() },
            skipped: 'missed: nothing drove the workspace; neither it nor what was before it is made up for',
          },
        ]
  return metadata.fire(origin, [...gone, ...firings], { from: position, to: last })
}
