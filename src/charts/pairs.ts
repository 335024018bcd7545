import { PipewrightError } from '../internal/error.ts'

/** Refuses what a chart cannot be drawn of. */
export function refuse(chart: string, problem: string, fix: string): never {
  throw new PipewrightError('INPUT_INVALID', `${chart}: ${problem}`, { fix, details: { chart } })
}

function isList(value: unknown): value is ArrayLike<unknown> {
  return (
    typeof value === 'object' && value !== null && Number.isInteger((value as { length?: unknown }).length)
  )
}

/** Refuses what is no list, and lists that are empty or of different lengths. */
export function checkPairs(
  chart: string,
  [leftName, left]: readonly [string, ArrayLike<unknown>],
  [rightName, right]: readonly [string, ArrayLike<unknown>],
): void {
  for (const [name, list] of [
    [leftName, left],
    [rightName, right],
  ] as const)
    if (!isList(list)) refuse(chart, `the ${name} are no list`, 'give an array, or a typed array')
  if (left.length !== right.length)
    refuse(
      chart,
      `there are ${left.length} ${leftName} and ${right.length} ${rightName}`,
      `give one of each for every row`,
    )
  if (left.length === 0) refuse(chart, `there are no ${leftName}`, 'give at least one row')
}

/** A member of a list in a message: a text in quotes, so that '0.3' is not taken for a number. */
export function memberText(value: unknown): string {
  if (typeof value === 'object' && value !== null) return 'an object'
  return typeof value === 'string'
    ? JSON.stringify(value)
    : `${String(value)}${typeof value === 'bigint' ? 'n' : ''}`
}

/** Refuses a list with a member that is no finite number. */
export function checkNumbers(chart: string, name: string, values: ArrayLike<unknown>): void {
  for (let row = 0; row < values.length; row++) {
    if (typeof values[row] !== 'number' || !Number.isFinite(values[row]))
      refuse(
        chart,
        `${name}[${row}] is ${memberText(values[row])}, not a finite number`,
        'leave such rows out, or see where they come from',
      )
  }
}
