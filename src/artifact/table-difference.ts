import { briefText, isSame, jsonDifference } from './json-difference.ts'
import { cellOf, type Column } from './table-columns.ts'
import { fromIpc } from './table-read.ts'

function columnsText(columns: readonly Column[]): string {
  return columns.map(({ name, type }) => `${name} (${type})`).join(', ')
}

/** Whether two cells hold the same. */
export function isSameCell(a: unknown, b: unknown): boolean {
  return typeof a === 'object' && a !== null ? jsonDifference(a, b) === undefined : isSame(a, b)
}

/** Where two stored tables first differ: their columns, a cell (rows count from 0), or the number of rows. */
export async function tableDifference(before: Uint8Array, after: Uint8Array): Promise<string | undefined> {
  // Copies: a small blob may be shared with others that read it.
  const was = await fromIpc(Uint8Array.from(before))
  const now = await fromIpc(Uint8Array.from(after))
  const [wasColumns, nowColumns] = [columnsText(was.columns), columnsText(now.columns)]
  if (wasColumns !== nowColumns) return `columns: were ${wasColumns}, now ${nowColumns}`
  let first = Math.min(was.rows, now.rows)
  let text = was.rows === now.rows ? undefined : `rows: were ${was.rows}, now ${now.rows}`
  for (const [index, column] of was.columns.entries()) {
    const other = now.columns[index]!
    for (let row = 0; row < first; row++) {
      const [a, b] = [cellOf(column, row), cellOf(other, row)]
      if (isSameCell(a, b)) continue
      first = row
      text = `row ${row}, column '${column.name}': was ${briefText(a)}, now ${briefText(b)}`
    }
  }
  return text
}
