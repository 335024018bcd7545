import type { SchemaIssue } from './schema.ts'
import { setCell } from './table-columns.ts'

/** A cell with all that its text may stand for. */
export interface AmbiguousCell {
  readonly column: string
  readonly readings: readonly unknown[]
}

/** What is tried for one row that is refused; a file may have a million of them. */
const mostTried = 16

function isAt(column: string, path: string): boolean {
  return path === `.${column}` || path.startsWith(`.${column}.`) || path.startsWith(`.${column}[`)
}

/**
 * Other readings of a row that a schema refuses: which type a cell has may depend on another cell, as in a
 * union of rows. The one that keeps the texts comes first; cells that no issue is about stay as they are.
 */
export function* otherRows(
  row: Readonly<Record<string, unknown>>,
  cells: readonly AmbiguousCell[],
  issues: readonly SchemaIssue[],
): Generator<Record<string, unknown>> {
  const isWhole = issues.some(({ path }) => path === '')
  const open = cells.filter(({ column }) => isWhole || issues.some(({ path }) => isAt(column, path)))
  const count = open.reduce((product, { readings }) => product * readings.length, 1)
  for (let number = 0; number < Math.min(count, mostTried); number++) {
    const other = { ...row }
    let isSame = true
    let rest = number
    for (const { column, readings } of open) {
      const value = readings[rest % readings.length]
      rest = Math.floor(rest / readings.length)
      isSame &&= Object.is(value, row[column])
      setCell(other, column, value)
    }
    if (!isSame) yield other
  }
}
