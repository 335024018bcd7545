import type { ColumnInfo } from './table-value.ts'

/** The text forms that rows can be written in. */
export type TextForm = 'csv' | 'ndjson'

interface Rows extends Iterable<unknown> {
  readonly columns: readonly Pick<ColumnInfo, 'name'>[]
}

const pieceLength = 64 * 1024

function csvCell(cell: unknown): string {
  if (cell === undefined || cell === null) return ''
  const text = cell instanceof Date ? cell.toISOString() : String(cell as string | number | bigint | boolean)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}

function jsonCell(_name: string, cell: unknown): unknown {
  // JSON has neither: as text they can be told from a missing cell.
  if (typeof cell === 'bigint') return String(cell)
  return typeof cell === 'number' && !Number.isFinite(cell) ? String(cell) : cell
}

/**
 * Rows as CSV with a head, or as NDJSON; in pieces of some 64 KiB. Dates are ISO texts, missing cells are empty in CSV
 * (as a null is) and absent in NDJSON.
 */
export function* textPieces(rows: Rows, form: TextForm): Generator<string> {
  const names = rows.columns.map(({ name }) => name)
  let piece = form === 'csv' ? `${names.map(csvCell).join(',')}\n` : ''
  for (const row of rows) {
    const cells = row as Readonly<Record<string, unknown>>
    piece +=
      form === 'csv'
        ? `${names.map((name) => csvCell(cells[name])).join(',')}\n`
        : `${JSON.stringify(cells, jsonCell)}\n`
    if (piece.length < pieceLength) continue
    yield piece
    piece = ''
  }
  if (piece !== '') yield piece
}
