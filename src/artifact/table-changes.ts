import { cellOf, type Column } from './table-columns.ts'
import { isSameCell } from './table-difference.ts'

interface Cells {
  readonly columns: readonly Column[]
  readonly rows: number
}

/** So many columns are named. */
const mostColumns = 10

/**
 * What differs between two tables, by line: columns that are new, gone or of another type, the number of rows, and
 * among the rows that both have by their number which columns differ in how many of them, from which row on.
 */
export function tableChanges(before: Cells, after: Cells): string[] {
  const lines: string[] = []
  const olds = new Map(before.columns.map((column) => [column.name, column]))
  const news = new Map(after.columns.map((column) => [column.name, column]))
  const gone = [...olds.keys()].filter((name) => !news.has(name))
  const added = [...news.keys()].filter((name) => !olds.has(name))
  if (gone.length > 0) lines.push(`columns that are gone: ${named(gone)}`)
  if (added.length > 0) lines.push(`columns that are new: ${named(added)}`)
  if (before.rows !== after.rows) lines.push(`rows: ${before.rows} -> ${after.rows}`)
  const rows = Math.min(before.rows, after.rows)
  let first = rows
  const changed: string[] = []
  for (const [name, column] of news) {
    const old = olds.get(name)
    if (old === undefined) continue
    if (old.type !== column.type) {
      lines.push(`column ${name}: ${old.type} -> ${column.type}`)
      continue
    }
    let count = 0
    for (let row = 0; row < rows; row++) {
      if (isSameCell(cellOf(old, row), cellOf(column, row))) continue
      if (count++ === 0) first = Math.min(first, row)
    }
    if (count > 0) changed.push(`${name} (${count})`)
  }
  if (changed.length > 0)
    lines.push(`columns whose cells differ, in how many rows: ${named(changed)}; first in row ${first}`)
  return lines
}

function named(names: readonly string[]): string {
  const more = names.length - mostColumns
  return names.slice(0, mostColumns).join(', ') + (more > 0 ? ` and ${more} more` : '')
}
