import type { Data, DataType, Table as ArrowTable, Vector } from 'apache-arrow'
import { PipewrightError } from '../internal/error.ts'
import { ColumnBuilder } from './column-builder.ts'
import { loadArrow, metadataKeys, type Arrow } from './table-arrow.ts'
import type { Cells, Column, ColumnType } from './table-columns.ts'
import { Texts } from './texts.ts'

function flags(bits: Uint8Array, length: number): Uint8Array {
  const result = new Uint8Array(length)
  for (let i = 0; i < length; i++) result[i] = (bits[i >> 3]! >> (i & 7)) & 1
  return result
}

function milliseconds(cells: BigInt64Array): Float64Array {
  const result = new Float64Array(cells.length)
  for (let i = 0; i < cells.length; i++) result[i] = Number(cells[i])
  return result
}

/** The type of a column of plain values, by Arrow's type; undefined for lists, structures and the like. */
function columnType({ DataType }: Arrow, type: DataType): ColumnType | undefined {
  if (DataType.isDictionary(type)) return columnType({ DataType } as Arrow, type.dictionary)
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return 'string'
  if (DataType.isBool(type)) return 'boolean'
  if (DataType.isDate(type) || DataType.isTimestamp(type)) return 'date'
  if (DataType.isInt(type)) return type.bitWidth === 64 ? 'bigint' : 'number'
  return DataType.isFloat(type) ? 'number' : undefined
}

/** The cells of data that is as this package writes it, mostly as views; undefined for any other. */
function viewsOf(arrow: Arrow, { type, length, offset, values, valueOffsets }: Data): Cells | undefined {
  const { DataType, Precision, TimeUnit } = arrow
  // Sliced data begins in the middle of its bitmaps.
  if (offset !== 0) return undefined
  if (DataType.isUtf8(type)) {
    const offsets = length === 0 ? new Int32Array(1) : (valueOffsets as Int32Array).subarray(0, length + 1)
    return new Texts(offsets, values as Uint8Array)
  }
  if (DataType.isBool(type)) return flags(values as Uint8Array, length)
  if (DataType.isFloat(type) && type.precision === Precision.DOUBLE)
    return (values as Float64Array).subarray(0, length)
  if (DataType.isInt(type) && type.bitWidth === 64 && type.isSigned)
    return (values as BigInt64Array).subarray(0, length)
  if (DataType.isTimestamp(type) && type.unit === TimeUnit.MILLISECOND)
    return milliseconds((values as BigInt64Array).subarray(0, length))
  return undefined
}

/** A column cell by cell: several batches, dictionaries and other widths, as other programs write them. */
function collected(name: string, type: ColumnType, vector: Vector, missing: Column['missing']): Column {
  const builder = new ColumnBuilder(name, 0)
  for (let row = 0; row < vector.length; row++) {
    const cell: unknown = vector.get(row)
    const value = type === 'date' ? new Date(Number(cell)) : cell
    const problem = builder.push(cell !== null ? value : missing === 'null' ? null : undefined)
    if (problem !== undefined)
      throw new PipewrightError(
        'INPUT_INVALID',
        `row ${row + 1}, column '${name}' of the stored table${problem}`,
      )
  }
  return builder.build(type)
}

function columnOf(arrow: Arrow, table: ArrowTable, index: number): Column {
  const { name: written, metadata, type } = table.schema.fields[index]!
  const name = metadata.has(metadataKeys.unnamed) ? '' : written
  const missing = metadata.get(metadataKeys.missing) === 'absent' ? 'absent' : 'null'
  const plain = columnType(arrow, type as DataType)
  if (plain === undefined)
    throw new PipewrightError('INPUT_INVALID', `column '${name}' of the stored table is a ${String(type)}`, {
      fix: 'store numbers, booleans, texts, dates, or JSON as text',
    })
  const declared = (metadata.get(metadataKeys.type) as ColumnType | undefined) ?? plain
  const vector = table.getChildAt(index)!
  const data = vector.data.length === 1 ? vector.data[0] : undefined
  const cells = data === undefined ? undefined : viewsOf(arrow, data)
  if (data === undefined || cells === undefined)
    return { ...collected(name, plain, vector, missing), type: declared }
  const valid = data.nullCount > 0 ? flags(data.nullBitmap, data.length) : undefined
  return { name, type: declared, missing, valid, cells }
}

/** The columns behind the bytes of an Arrow IPC file; numbers, bigints and texts are views on them. */
export async function fromIpc(bytes: Uint8Array): Promise<{ columns: Column[]; rows: number }> {
  const arrow = await loadArrow()
  // Views need aligned memory; bytes that came out of a pool may start anywhere.
  const table = arrow.tableFromIPC(bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes))
  const columns = table.schema.fields.map((_, index) => columnOf(arrow, table, index))
  return { columns, rows: table.numRows }
}
