import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PipewrightError } from '../internal/error.ts'
import type { Artifact } from './artifact.ts'
import type { Blob, BlobWriter } from './blob.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { RowCollector } from './row-collector.ts'
import { columnTypes, rowShape } from './row-schema.ts'
import { issueLines, jsonSchemaOf, type Schema, type SchemaIssue } from './schema.ts'
import { toIpc } from './table-arrow.ts'
import type { Column } from './table-columns.ts'
import { artifactOf } from './stored.ts'
import { tableDigest } from './table-digest.ts'
import { fromIpc } from './table-read.ts'
import { ColumnTable, type Table } from './table-value.ts'

export type { Table } from './table-value.ts'

/** What a step returns for a table: a table, or rows. */
export type TableOutput<Row, RowInput> = Table<Row> | Iterable<RowInput> | AsyncIterable<RowInput>

/** A table up to this size is stored in one piece; and copied when it is read, as readers may share a small blob. */
const onePiece = 1024 * 1024

function putPieces(pieces: readonly Uint8Array[], blobs: BlobWriter): Promise<Blob> {
  const size = pieces.reduce((sum, { byteLength }) => sum + byteLength, 0)
  if (size <= onePiece) return blobs.put(Buffer.concat(pieces))
  return blobs.putStream(
    (async function* () {
      yield* pieces
    })(),
  )
}

/** Checks rows one by one and collects them into columns. */
export async function collectRows(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  schema: Schema,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
): Promise<ColumnTable> {
  const collector = new RowCollector(schema)
  if (Symbol.iterator in rows) {
    for (const row of rows) {
      const added = collector.add(row)
      // Waiting at each row of an array would cost more than the row.
      if (added !== undefined) await added
    }
  } else for await (const row of rows) await collector.add(row)
  return collector.build(code)
}

/** Tells whether cells are missing in a column that is declared without. */
function isKnownToLack(column: Column, types: readonly string[], isRequired: boolean): boolean {
  if (column.valid === undefined || types.includes('unknown')) return false
  return column.missing === 'null' ? !types.includes('null') : isRequired
}

class TableKind implements Kind<unknown, never> {
  readonly [kindMark] = true
  readonly name = 'table'
  readonly row: Schema

  constructor(row: Schema) {
    this.row = row
  }

  declare(): KindDeclaration {
    const schema = jsonSchemaOf(this.row)
    return schema === undefined ? { kind: 'table' } : { kind: 'table', schema }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const table = await this.#tableOf(value)
    const stored = artifactOf(table, 'table')
    if (stored !== undefined) return stored
    const columns = ColumnTable.columnsOf(table)
    const blob = await putPieces(await toIpc(columns, table.length), context.blobs)
    return {
      kind: 'table',
      digest: tableDigest(columns, table.length),
      blob: blob.digest,
      size: blob.size,
      mediaType: 'application/vnd.apache.arrow.file',
      meta: {
        rows: table.length,
        columns: table.columns.map(({ name, type, nullable }) => ({ name, type, nullable })),
      },
    }
  }

  async decode(artifact: Artifact, context: DecodeContext): Promise<unknown> {
    const { blobs } = context
    const bytes = await (blobs.shared?.(artifact) ?? blobs.bytes(artifact))
    const { columns, rows } = await fromIpc(bytes.byteLength <= onePiece ? Uint8Array.from(bytes) : bytes)
    this.#checkColumns(columns, rows, 'INPUT_INVALID')
    return new ColumnTable(columns, rows, artifact)
  }

  async #tableOf(value: unknown): Promise<ColumnTable> {
    const table = ColumnTable.from(value)
    if (table !== undefined) {
      this.#checkColumns(ColumnTable.columnsOf(table), table.length, 'OUTPUT_INVALID')
      return table
    }
    const isRows =
      typeof value === 'object' &&
      value !== null &&
      (Symbol.iterator in value || Symbol.asyncIterator in value)
    if (!isRows)
      throw new PipewrightError(
        'OUTPUT_INVALID',
        `the value is a ${value === null ? 'null' : typeof value}, not a table`,
        { fix: 'return an array of rows, or a table' },
      )
    return collectRows(value as Iterable<unknown>, this.row, 'OUTPUT_INVALID')
  }

  /** Columns against the declared row; the cells were checked when the table was made. */
  #checkColumns(columns: readonly Column[], rows: number, code: 'INPUT_INVALID' | 'OUTPUT_INVALID'): void {
    const shape = rowShape(this.row, 'output')
    if (shape === undefined || rows === 0) return
    const issues: SchemaIssue[] = []
    for (const [name, types] of shape.properties) {
      const isRequired = shape.required.has(name)
      const column = columns.find((candidate) => candidate.name === name)
      if (column === undefined) {
        if (isRequired) issues.push({ path: name, message: 'the column is missing' })
        continue
      }
      // An all-null column has no type of its own; an unknown one may be anything.
      const isKnown = !types.includes('unknown') && column.valid?.includes(1) !== false
      if (isKnown && !types.some((type) => columnTypes[type] === column.type))
        issues.push({
          path: name,
          message: `the column is a ${column.type}, declared is ${types.join(' or ')}`,
        })
      else if (isKnownToLack(column, types, isRequired))
        issues.push({ path: name, message: `cells are ${column.missing}: declared is ${types.join(' or ')}` })
    }
    if (issues.length > 0)
      throw new PipewrightError(code, `the table does not fit the declared rows:\n${issueLines(issues)}`, {
        details: { issues },
      })
  }
}

/** Tells whether a kind is that of tables. */
export function isTableKind(
  kind: Kind<unknown, never>,
): kind is Kind<unknown, never> & { readonly row: Schema } {
  return kind.name === 'table'
}

/**
 * Rows of one shape, stored as an Arrow file. Its content digest covers the cells, not the bytes.
 *
 * A step returns an array, any (also asynchronous) iterable of rows, or a table; each row is checked by the
 * schema, and all problems are listed. A step receives a {@link Table}. Cells are numbers (NaN too), booleans,
 * texts, bigints of 64 bits, dates, and plain data (kept as JSON); a column has one type, and null or undefined
 * for what is missing.
 *
 * @example
 * ```ts
 * export const clean = defineStep({
 *   name: 'clean',
 *   inputs: { rows: table(Tumour) },
 *   outputs: { rows: table(Tumour) },
 *   run: ({ rows }) => ({ rows: rows.toArray().filter(({ radius }) => radius > 0) }),
 * })
 * ```
 */
export function table<S extends StandardSchemaV1>(
  row: S,
): Kind<
  Table<StandardSchemaV1.InferOutput<S>>,
  TableOutput<StandardSchemaV1.InferOutput<S>, StandardSchemaV1.InferInput<S>>
> {
  return new TableKind(row) as never
}
