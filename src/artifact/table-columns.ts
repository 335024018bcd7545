import { Texts } from './texts.ts'

/** How the cells of a column are represented. */
export type ColumnType = 'number' | 'boolean' | 'string' | 'bigint' | 'date' | 'json'

/** number: doubles; boolean: 0 or 1; bigint: itself; date: milliseconds; string: text; json: canonical text. */
export type Cells = Float64Array | Uint8Array | BigInt64Array | Texts

/** The cells of a column; `valid` is there when some are missing (1: there, 0: missing). */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** What a missing cell is in a row: null, or nothing at all. */
  readonly missing: 'null' | 'absent'
  readonly valid: Uint8Array | undefined
  /** A missing cell is zero, or the empty text. */
  readonly cells: Cells
}

/** Puts a cell into a row, under any name. */
export function setCell(row: Record<string, unknown>, name: string, cell: unknown): void {
  // An assignment would change the row's prototype.
  if (name === '__proto__') {
    Object.defineProperty(row, name, { value: cell, enumerable: true, writable: true, configurable: true })
  } else row[name] = cell
}

/** One cell as it stands in a row. */
export function cellOf({ type, missing, valid, cells }: Column, row: number): unknown {
  if (valid !== undefined && valid[row] === 0) return missing === 'null' ? null : undefined
  if (cells instanceof Texts) {
    const text = cells.at(row)
    return type === 'json' ? JSON.parse(text) : text
  }
  const cell = cells[row]!
  if (type === 'boolean') return cell === 1
  return type === 'date' ? new Date(cell as number) : cell
}
