const longest = 60

/** A value as a few characters; what is not there is said so. */
export function briefText(value: unknown): string {
  if (value === undefined) return 'nothing'
  const text =
    typeof value === 'number' || typeof value === 'bigint'
      ? String(value)
      : value instanceof Date
        ? dateText(value)
        : JSON.stringify(value)
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

function dateText(date: Date): string {
  return Number.isNaN(date.getTime()) ? 'an invalid date' : date.toISOString()
}

/** Whether two plain values that are no records are the same; NaN is NaN, and -0 is 0. */
export function isSame(a: unknown, b: unknown): boolean {
  if (a instanceof Date && b instanceof Date) return Object.is(a.getTime(), b.getTime())
  return a === b || (Number.isNaN(a) && Number.isNaN(b))
}

function stepOf(key: string | number): string {
  if (typeof key === 'number') return `[${key}]`
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`
}

/** The members of a list or a record; undefined for any other value. */
function membersOf(value: unknown): ReadonlyMap<string | number, unknown> | undefined {
  if (Array.isArray(value)) return new Map((value as unknown[]).entries())
  if (typeof value !== 'object' || value === null || value instanceof Date) return undefined
  return new Map(Object.entries(value))
}

/** Where two plain values first differ, with both: `.folds[2].auc: was 0.91, now 0.93`; undefined when they do not. */
export function jsonDifference(before: unknown, after: unknown): string | undefined {
  // Iterative: a value may be nested deeper than the stack.
  const open = [{ path: '', before, after }]
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const was = membersOf(next.before)
    const now = membersOf(next.after)
    const isComparable = Array.isArray(next.before) === Array.isArray(next.after)
    if (was === undefined || now === undefined || !isComparable) {
      if (isSame(next.before, next.after)) continue
      const place = next.path === '' ? '' : `${next.path}: `
      return `${place}was ${briefText(next.before)}, now ${briefText(next.after)}`
    }
    const keys = [...new Set([...was.keys(), ...now.keys()])]
    for (const key of keys.toReversed())
      open.push({ path: next.path + stepOf(key), before: was.get(key), after: now.get(key) })
  }
  return undefined
}
