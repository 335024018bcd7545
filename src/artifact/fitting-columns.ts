import { isAscii, isUtf8 } from 'node:buffer'
import { plainFields, type Bound, type PlainField } from './plain-fields.ts'
import type { Schema } from './schema.ts'
import type { Cells, Column } from './table-columns.ts'
import type { Texts } from './texts.ts'

/** The latest time of a `Date`, and less it the earliest, in milliseconds since the epoch. */
const latest = 8.64e15

function isAbove(value: number, { value: least, inclusive }: Bound): boolean {
  return inclusive ? value >= least : value > least
}

function isBelow(value: number, { value: most, inclusive }: Bound): boolean {
  return inclusive ? value <= most : value < most
}

function isThere(valid: Uint8Array | undefined, row: number): boolean {
  return valid === undefined || valid[row] !== 0
}

/** Doubles that fit, with zeros for those that are missing; undefined where one does not. */
function doubles(
  cells: Float64Array,
  valid: Uint8Array | undefined,
  fits: (value: number) => boolean,
): Float64Array | undefined {
  const result = valid === undefined ? cells : cells.slice()
  for (let row = 0; row < cells.length; row++)
    if (!isThere(valid, row)) result[row] = 0
    else if (!fits(cells[row]!)) return undefined
  return result
}

function numbers(
  cells: Float64Array,
  valid: Uint8Array | undefined,
  { least, most, whole }: PlainField,
): Float64Array | undefined {
  // As zod has it, no number is infinite.
  if (least === undefined && most === undefined && !whole) return doubles(cells, valid, Number.isFinite)
  return doubles(
    cells,
    valid,
    (value) =>
      Number.isFinite(value) &&
      (!whole || Number.isSafeInteger(value)) &&
      (least === undefined || isAbove(value, least)) &&
      (most === undefined || isBelow(value, most)),
  )
}

/** Whole numbers as doubles; undefined where one is not exact. */
function exactDoubles(cells: BigInt64Array, valid: Uint8Array | undefined): Float64Array | undefined {
  const result = new Float64Array(cells.length)
  for (let row = 0; row < cells.length; row++) {
    if (!isThere(valid, row)) continue
    result[row] = Number(cells[row])
    if (!Number.isSafeInteger(result[row])) return undefined
  }
  return result
}

/** Texts that are UTF-8 each, and among those that there may be. */
function texts(
  cells: Texts,
  valid: Uint8Array | undefined,
  oneOf: ReadonlySet<string> | undefined,
): Texts | undefined {
  const { offsets, bytes, length } = cells
  const used = bytes.subarray(offsets[0], offsets[length])
  const isPlain = isAscii(used)
  if (!isPlain && !isUtf8(used)) return undefined
  if (offsets[0]! < 0 || offsets[length]! > bytes.length) return undefined
  for (let row = 0; row < length; row++) {
    const [from, to] = [offsets[row]!, offsets[row + 1]!]
    // In the middle of a character, or not in order, or something where nothing is to be.
    if (to < from || (!isPlain && from < to && (bytes[from]! & 0xc0) === 0x80)) return undefined
    if (!isThere(valid, row)) {
      if (to !== from) return undefined
    } else if (oneOf?.has(cells.at(row)) === false) return undefined
  }
  return cells
}

function zeroed<T extends Uint8Array | BigInt64Array>(cells: T, valid: Uint8Array | undefined): T {
  if (valid === undefined) return cells
  const result = cells.slice() as T
  for (let row = 0; row < cells.length; row++) if (!isThere(valid, row)) result.fill(0 as never, row, row + 1)
  return result
}

function fittingCells({ type, valid, cells }: Column, field: PlainField): Cells | undefined {
  if (field.type === 'number' && type === 'bigint') {
    const exact = exactDoubles(cells as BigInt64Array, valid)
    return exact && numbers(exact, valid, field)
  }
  if (type !== field.type) return undefined
  switch (type) {
    case 'number':
      return numbers(cells as Float64Array, valid, field)
    case 'date':
      return doubles(cells as Float64Array, valid, (time) => Math.abs(time) <= latest)
    case 'string':
      return texts(cells as Texts, valid, field.oneOf)
    default:
      return zeroed(cells as Uint8Array | BigInt64Array, valid)
  }
}

/**
 * The columns of a table of another language as a row schema takes them; undefined where the rows have to be looked at
 * one by one: a schema that is more than plain fields, or a cell that does not fit.
 */
export function fittingColumns(columns: readonly Column[], schema: Schema): Column[] | undefined {
  const fields = plainFields(schema)
  if (fields === undefined) return undefined
  const fitting: Column[] = []
  for (const [name, field] of fields) {
    const [column, ...others] = columns.filter((candidate) => candidate.name === name)
    if (column === undefined || others.length > 0) return undefined
    if (column.valid !== undefined && field.missing === undefined) return undefined
    const cells = fittingCells(column, field)
    if (cells === undefined) return undefined
    const { valid } = column
    fitting.push({
      name,
      type: field.type,
      missing: valid === undefined ? 'null' : field.missing!,
      valid,
      cells,
    })
  }
  return fitting
}
