/** ISO 8601 with its zone: a text without one would mean another time on another machine. */
const zoned = /T.*(?:Z|[+-]\d\d:?\d\d)$/

/** Milliseconds since the epoch of a Date, or of ISO 8601 with its zone; undefined for all else. */
export function instantOf(at: unknown): number | undefined {
  const time =
    at instanceof Date ? at.getTime() : typeof at === 'string' && zoned.test(at) ? Date.parse(at) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}
