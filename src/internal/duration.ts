import { PipewrightError } from './error.ts'

/**
 * A length of time: milliseconds, or a number with a unit: `'250ms'`, `'30s'`, `'5m'`, `'2h'`, `'7d'`.
 *
 * @example
 * ```ts
 * await pw.run(tumours, { csv: 'tumours.csv' }, { timeout: '2h' }) // or 7_200_000
 * ```
 */
export type Duration = number | `${number}${'ms' | 's' | 'm' | 'h' | 'd'}`

const units: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 }

/** The milliseconds of a {@link Duration}; anything else throws `DEFINITION_INVALID` naming the field. */
export function milliseconds(duration: Duration, field: string): number {
  if (typeof duration === 'number' && Number.isFinite(duration) && duration >= 0) return duration
  const match = typeof duration === 'string' ? /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(duration) : null
  if (match === null) {
    throw new PipewrightError(
      'DEFINITION_INVALID',
      `${field}: ${JSON.stringify(duration)} is not a duration`,
      {
        fix: "give milliseconds, or a number with a unit such as '250ms', '30s', '5m', '2h' or '7d'",
        details: { field },
      },
    )
  }
  return Number(match[1]) * units[match[2]!]!
}
