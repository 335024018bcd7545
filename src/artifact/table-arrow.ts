import type { Data, RecordBatch, Table as ArrowTable } from 'apache-arrow'
import { PipewrightError } from '../internal/error.ts'
import type { Column, ColumnType } from './table-columns.ts'

type Arrow = typeof import('apache-arrow')

/** Arrow is loaded when the first table is stored or read. */
export async function loadArrow(): Promise<Arrow> {
  return import('apache-arrow')
}

const typeKey = 'pipewright:type'
const missingKey = 'pipewright:missing'
/** Arrow for JavaScript reads an empty name as the text null. */
const unnamedKey = 'pipewright:unnamed'

function bitmap(flags: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(flags.length / 8))
  for (let i = 0; i < flags.length; i++) if (flags[i] !== 0) bits[i >> 3]! |= 1 << (i & 7)
  return bits
}

function flags(bits: Uint8Array, offset: number, length: number): Uint8Array {
  const result = new Uint8Array(length)
  for (let i = 0; i < length; i++) result[i] = (bits[(i + offset) >> 3]! >> ((i + offset) & 7)) & 1
  return result
}

function textBuffers(texts: readonly string[]): { valueOffsets: Int32Array; data: Uint8Array } {
  const valueOffsets = new Int32Array(texts.length + 1)
  let size = 0
  for (let i = 0; i < texts.length; i++) valueOffsets[i + 1] = size += Buffer.byteLength(texts[i]!)
  if (size > 2 ** 31 - 1) {
    throw new PipewrightError('VALUE_NOT_STORABLE', 'the texts of one column are larger than 2 GiB', {
      fix: 'split the table, or store the texts as files',
    })
  }
  const data = Buffer.allocUnsafe(size)
  for (let i = 0; i < texts.length; i++) data.write(texts[i]!, valueOffsets[i]!, 'utf8')
  return { valueOffsets, data }
}

function dataOf(arrow: Arrow, { type, valid, cells }: Column): Data {
  const length = cells.length
  const nulls =
    valid === undefined
      ? { nullCount: 0 }
      : { nullCount: valid.reduce((sum, flag) => sum + (1 - flag), 0), nullBitmap: bitmap(valid) }
  switch (type) {
    case 'number':
      return arrow.makeData({ type: new arrow.Float64(), length, ...nulls, data: cells as Float64Array })
    case 'date':
      return arrow.makeData({
        type: new arrow.TimestampMillisecond(),
        length,
        ...nulls,
        data: BigInt64Array.from(cells as Float64Array, (ms) => BigInt(ms)),
      })
    case 'bigint':
      return arrow.makeData({ type: new arrow.Int64(), length, ...nulls, data: cells as BigInt64Array })
    case 'boolean':
      return arrow.makeData({ type: new arrow.Bool(), length, ...nulls, data: bitmap(cells as Uint8Array) })
    default:
      return arrow.makeData({
        type: new arrow.Utf8(),
        length,
        ...nulls,
        ...textBuffers(cells as readonly string[]),
      })
  }
}

/** An Arrow table over columns; number columns share their memory. */
export function toArrow(arrow: Arrow, columns: readonly Column[], rows: number): ArrowTable {
  const children = columns.map((column) => dataOf(arrow, column))
  const fields = columns.map(
    ({ name, type, valid, missing }, i) =>
      new arrow.Field(
        name,
        children[i]!.type,
        valid !== undefined,
        new Map([
          [typeKey, type],
          [missingKey, missing],
          ...(name === '' ? [[unnamedKey, 'yes'] as const] : []),
        ]),
      ),
  )
  const schema = new arrow.Schema(fields)
  const struct = arrow.makeData({ type: new arrow.Struct(fields), length: rows, nullCount: 0, children })
  return new arrow.Table(schema, [new arrow.RecordBatch(schema, struct)])
}

/** Columns as the bytes of an Arrow IPC file. */
export async function toIpc(columns: readonly Column[], rows: number): Promise<Uint8Array> {
  const arrow = await loadArrow()
  return arrow.tableToIPC(toArrow(arrow, columns, rows), 'file')
}

function textsOf(data: Data): string[] {
  const { valueOffsets, values, length } = data as unknown as {
    valueOffsets: Int32Array
    values: Uint8Array
    length: number
  }
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return Array.from({ length }, (_, i) => bytes.toString('utf8', valueOffsets[i], valueOffsets[i + 1]))
}

function cellsOf(data: Data, type: ColumnType): Column['cells'] {
  const { length, offset } = data
  const values = data.values as unknown
  switch (type) {
    case 'number':
      return (values as Float64Array).subarray(0, length)
    case 'bigint':
      return (values as BigInt64Array).subarray(0, length)
    case 'date':
      return Float64Array.from((values as BigInt64Array).subarray(0, length), Number)
    case 'boolean':
      return flags(values as Uint8Array, offset, length)
    default:
      return textsOf(data)
  }
}

/** The columns behind the bytes of an Arrow IPC file that {@link toIpc} made; number columns are views on them. */
export async function fromIpc(bytes: Uint8Array): Promise<{ columns: Column[]; rows: number }> {
  const arrow = await loadArrow()
  // Views need aligned memory; bytes that came out of a pool may start anywhere.
  const aligned = bytes.byteOffset % 8 === 0 ? bytes : Uint8Array.from(bytes)
  const table = arrow.tableFromIPC(aligned)
  const batch = table.batches[0] as RecordBatch | undefined
  const columns = table.schema.fields.map((field, i): Column => {
    const name = field.metadata.has(unnamedKey) ? '' : field.name
    const type = (field.metadata.get(typeKey) ?? 'string') as ColumnType
    const missing = (field.metadata.get(missingKey) ?? 'null') as Column['missing']
    const data = batch?.data.children[i]
    if (data === undefined) return { name, type, missing, valid: undefined, cells: [] }
    const valid = data.nullCount > 0 ? flags(data.nullBitmap, data.offset, data.length) : undefined
    return { name, type, missing, valid, cells: cellsOf(data, type) }
  })
  return { columns, rows: table.numRows }
}
