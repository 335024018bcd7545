import { milliseconds, type Duration } from '../internal/duration.ts'
import { PipewrightError } from '../internal/error.ts'
import { didYouMean } from '../internal/nearest.ts'

/** A value of an option that the option does not take. */
export function optionError(option: string, value: string, what: string, fix: string): PipewrightError {
  return new PipewrightError('USAGE_INVALID', `${option} ${value} is ${what}`, { fix, details: { option } })
}

/** One of the words that an option takes. */
export function wordOf<const Word extends string>(
  option: string,
  value: string,
  what: string,
  words: readonly Word[],
): Word {
  const found = words.find((word) => word === value)
  if (found !== undefined) return found
  throw optionError(option, value, what, didYouMean(value, words))
}

/** A length of time. */
export function durationOf(option: string, value: string): Duration {
  try {
    milliseconds(value as Duration, option)
    return value as Duration
  } catch {
    throw optionError(
      option,
      value,
      'not a duration',
      'give a number with a unit: 250ms, 30s, 5m, 2h or 7d, without a space',
    )
  }
}

/** A share from 0 to 1, as `5%` or `0.05`. */
export function shareOf(option: string, value: string): number {
  const match = /^(\d+(?:\.\d+)?|\.\d+)(%?)$/.exec(value.trim())
  const share = match === null ? Number.NaN : Number(match[1]) / (match[2] === '%' ? 100 : 1)
  if (share >= 0 && share <= 1) return share
  throw optionError(option, value, 'not a share', 'give a percentage such as 5%, or a number from 0 to 1')
}
