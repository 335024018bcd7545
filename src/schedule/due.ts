import type { CronTimes } from './cron.ts'

/** What becomes of ticks that nobody was there for. */
export type CatchUp = 'none' | 'latest' | 'all' | { readonly all: number }

/** So many missed ticks are made up for with `all`, the latest ones. */
const mostMissed = 100

/** A tick that is noticed so late, in milliseconds, was missed. */
export const lateAfter = 60_000

/** So many ticks that are on time are looked at together: one each second, and more than a minute has. */
const mostOnTime = 120

/** Ticks that are due; times in milliseconds since the epoch. */
export interface DueTicks {
  readonly onTime: readonly number[]
  /** Missed, and to be made up for. */
  readonly madeUp: readonly number[]
  /** Missed, and not made up for: the latest of them; undefined where there are none. */
  readonly missed: number | undefined
}

/** The ticks after a position, up to now. */
export function dueTicks(times: CronTimes, position: number, now: number, catchUp: CatchUp): DueTicks {
  // Looked at each second: mostly there is nothing to be counted.
  if ((times.after(position) ?? Infinity) > now) return { onTime: [], madeUp: [], missed: undefined }
  const onTime = times.latest(mostOnTime, Math.max(position, now - lateAfter), now)
  const most = catchUp === 'all' ? mostMissed : typeof catchUp === 'object' ? catchUp.all : 1
  const late = times.latest(most + 1, position, now - lateAfter)
  const wanted = catchUp === 'none' ? 0 : catchUp === 'latest' && onTime.length > 0 ? 0 : most
  const madeUp = wanted === 0 ? [] : late.slice(-wanted)
  return { onTime, madeUp, missed: late[late.length - madeUp.length - 1] }
}
