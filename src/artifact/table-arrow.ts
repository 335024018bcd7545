import type { Data, Table as ArrowTable } from 'apache-arrow'
import type { Column } from './table-columns.ts'
import { Texts } from './texts.ts'

/** The module of Arrow for JavaScript. */
export type Arrow = typeof import('apache-arrow')

/** Arrow is loaded when the first table is stored or read. */
export async function loadArrow(): Promise<Arrow> {
  return import('apache-arrow')
}

/** What a field's metadata tells beyond Arrow's types. */
export const metadataKeys = {
  /** The type of the column: json is text to Arrow. */
  type: 'pipewright:type',
  /** What missing cells are in a row: Arrow knows only null. */
  missing: 'pipewright:missing',
  /** Arrow for JavaScript reads an empty name as the text null. */
  unnamed: 'pipewright:unnamed',
} as const

function bitmap(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8))
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}

function nullsOf(valid: Uint8Array | undefined): { nullCount: number; nullBitmap?: Uint8Array } {
  if (valid === undefined) return { nullCount: 0 }
  let nullCount = 0
  for (const flag of valid) if (flag === 0) nullCount++
  return { nullCount, nullBitmap: bitmap(valid) }
}

function milliseconds(cells: Float64Array): BigInt64Array {
  const result = new BigInt64Array(cells.length)
  for (let i = 0; i < cells.length; i++) result[i] = BigInt(cells[i]!)
  return result
}

function dataOf(arrow: Arrow, { type, valid, cells }: Column): Data {
  const common = { length: cells.length, ...nullsOf(valid) }
  if (cells instanceof Texts)
    return arrow.makeData({
      type: new arrow.Utf8(),
      ...common,
      valueOffsets: cells.offsets,
      data: cells.bytes,
    })
  if (cells instanceof BigInt64Array)
    return arrow.makeData({ type: new arrow.Int64(), ...common, data: cells })
  if (cells instanceof Float64Array)
    return type === 'date'
      ? arrow.makeData({ type: new arrow.TimestampMillisecond(), ...common, data: milliseconds(cells) })
      : arrow.makeData({ type: new arrow.Float64(), ...common, data: cells })
  return arrow.makeData({ type: new arrow.Bool(), ...common, data: bitmap(cells) })
}

/** An Arrow table over columns; numbers, bigints and texts share their memory. */
export function toArrow(arrow: Arrow, columns: readonly Column[], rows: number): ArrowTable {
  const children = columns.map((column) => dataOf(arrow, column))
  const fields = columns.map(
    ({ name, type, valid, missing }, i) =>
      new arrow.Field(
        name,
        children[i]!.type,
        valid !== undefined,
        new Map([
          [metadataKeys.type, type],
          [metadataKeys.missing, missing],
          ...(name === '' ? [[metadataKeys.unnamed, 'yes'] as const] : []),
        ]),
      ),
  )
  const schema = new arrow.Schema(fields)
  const struct = arrow.makeData({ type: new arrow.Struct(fields), length: rows, nullCount: 0, children })
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)])
}

/** Columns as an Arrow IPC file, piece by piece: the large pieces are views on the columns. */
export async function toIpc(columns: readonly Column[], rows: number): Promise<Uint8Array[]> {
  const arrow = await loadArrow()
  const pieces: Uint8Array[] = []
  for await (const piece of arrow.RecordBatchFileWriter.writeAll(toArrow(arrow, columns, rows)))
    pieces.push(piece as Uint8Array)
  return pieces
}
