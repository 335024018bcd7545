import { PipewrightError } from '../internal/error.ts'

/** Refuses what a chart cannot be drawn of. */
export function refuse(chart: string, problem: string, fix: string): never {
  throw new PipewrightError('INPUT_INVALID', `${chart}: ${problem}`, { fix, details: { chart } })
}

/** Refuses lists that are empty or of different lengths. */
export function checkPairs(
  chart: string,
  [leftName, left]: readonly [string, ArrayLike<unknown>],
  [rightName, right]: readonly [string, ArrayLike<unknown>],
): void {
  if (left.length !== right.length)
    refuse(
      chart,
      `there are ${left.length} ${leftName} and ${right.length} ${rightName}`,
      `give one of each for every row`,
    )
  if (left.length === 0) refuse(chart, `there are no ${leftName}`, 'give at least one row')
}

/** Refuses a list with a member that is no finite number. */
export function checkNumbers(chart: string, name: string, values: ArrayLike<unknown>): void {
  for (let row = 0; row < values.length; row++) {
    if (typeof values[row] !== 'number' || !Number.isFinite(values[row]))
      refuse(
        chart,
        `${name}[${row}] is ${String(values[row])}, not a finite number`,
        'leave such rows out, or see where they come from',
      )
  }
}
