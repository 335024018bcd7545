import type { Table as ArrowTable } from 'apache-arrow'
import type { StandardSchemaV1 } from '@standard-schema/spec'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import type { Artifact } from './artifact.ts'
import { kindMark, type DecodeContext, type EncodeContext, type Kind, type KindDeclaration } from './kind.ts'
import { check, issueLines, jsonSchemaOf, type Schema, type SchemaIssue } from './schema.ts'
import { kindOf, type Stored } from './stored.ts'
import { fromIpc, loadArrow, toArrow, toIpc } from './table-arrow.ts'
import { cellOf, ColumnsBuilder, setCell, type Column, type ColumnType } from './table-columns.ts'
import { tableDigest } from './table-digest.ts'

/** What a column of a {@link Table} is. */
export interface ColumnInfo {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
}

/** Rows of one shape, held in columns. */
export interface Table<out Row> extends Stored<'table'>, Iterable<Row> {
  /** The number of rows. */
  readonly length: number
  readonly columns: readonly ColumnInfo[]
  /** The cells of a column: a `Float64Array` for numbers without missing ones, else an array. */
  column<K extends keyof Row & string>(name: K): ArrayLike<Row[K]>
  /** A row by its number from 0. */
  row(index: number): Row
  /** The rows one by one, made as they are asked for. */
  rows(): Iterable<Row>
  /** All rows. */
  toArray(): Row[]
  /** The table for Arrow; number columns share their memory with it. */
  arrow(): Promise<ArrowTable>
}

/** What a step returns for a table: a table, or rows. */
export type TableOutput<Row, RowInput> = Table<Row> | Iterable<RowInput> | AsyncIterable<RowInput>

/** The one implementation of {@link Table}. */
export class ColumnTable implements Table<unknown> {
  readonly [kindOf] = 'table'
  readonly length: number
  readonly #columns: readonly Column[]
  readonly #artifact: Artifact | undefined

  constructor(columns: readonly Column[], length: number, artifact?: Artifact) {
    this.#columns = columns
    this.length = length
    this.#artifact = artifact
  }

  get columns(): readonly ColumnInfo[] {
    return this.#columns.map(({ name, type, valid }) => ({ name, type, nullable: valid !== undefined }))
  }

  column(name: string): ArrayLike<never> {
    const column = this.#columns.find((candidate) => candidate.name === name)
    if (column === undefined) {
      const names = this.#columns.map((candidate) => candidate.name)
      const close = nearest(name, names)
      throw new PipewrightError('INPUT_INVALID', `the table has no column '${name}'`, {
        fix: close === undefined ? `columns: ${names.join(', ')}` : `did you mean '${close}'?`,
      })
    }
    if (column.type === 'number' && column.valid === undefined)
      return column.cells as ArrayLike<unknown> as ArrayLike<never>
    return Array.from({ length: this.length }, (_, row) => cellOf(column, row) as never)
  }

  row(index: number): Record<string, unknown> {
    if (!(Number.isInteger(index) && index >= 0 && index < this.length)) {
      throw new PipewrightError('INPUT_INVALID', `the table has no row ${index}`, {
        fix: `it has ${this.length} rows, counted from 0`,
      })
    }
    const row: Record<string, unknown> = {}
    for (const column of this.#columns) {
      const cell = cellOf(column, index)
      if (cell !== undefined) setCell(row, column.name, cell)
    }
    return row
  }

  *rows(): Generator<Record<string, unknown>> {
    for (let index = 0; index < this.length; index++) yield this.row(index)
  }

  [Symbol.iterator](): Generator<Record<string, unknown>> {
    return this.rows()
  }

  toArray(): Record<string, unknown>[] {
    return [...this.rows()]
  }

  async arrow(): Promise<ArrowTable> {
    return toArrow(await loadArrow(), this.#columns, this.length)
  }

  static artifactOf(table: ColumnTable): Artifact | undefined {
    return table.#artifact
  }

  static columnsOf(table: ColumnTable): readonly Column[] {
    return table.#columns
  }
}

const jsonTypes: Readonly<Record<string, ColumnType>> = {
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  string: 'string',
  object: 'json',
  array: 'json',
}

/** The types that JSON Schema gives a property, through unions and lists of types; `unknown` for an empty schema. */
export function propertyTypes(property: unknown): readonly string[] {
  if (typeof property !== 'object' || property === null) return ['unknown']
  const declared = property as Partial<Record<'anyOf' | 'oneOf' | 'allOf' | 'enum', unknown[]>> & {
    readonly type?: unknown
    readonly const?: unknown
  }
  const { type } = declared
  if (typeof type === 'string') return [type]
  if (Array.isArray(type)) return type as string[]
  const either = declared.anyOf ?? declared.oneOf
  if (either !== undefined) return either.flatMap(propertyTypes)
  if (declared.allOf !== undefined) {
    const known = declared.allOf.flatMap(propertyTypes).filter((part) => part !== 'unknown')
    return known.length > 0 ? known : ['unknown']
  }
  const values = declared.enum ?? ('const' in declared ? [declared.const] : [])
  if (values.length === 0) return ['unknown']
  return [...new Set(values.map((value) => (value === null ? 'null' : typeof value)))]
}

/** The properties that a row schema declares, where its library can tell. */
export function rowProperties(
  row: Schema,
  side: 'input' | 'output' = 'output',
): Readonly<Record<string, unknown>> {
  return (jsonSchemaOf(row, side) as { properties?: Record<string, unknown> } | undefined)?.properties ?? {}
}

function declaredColumns(row: Schema): Map<string, ColumnType> {
  const columns = new Map<string, ColumnType>()
  for (const [name, property] of Object.entries(rowProperties(row))) {
    const type = propertyTypes(property).find((candidate) => candidate in jsonTypes)
    columns.set(name, jsonTypes[type ?? ''] ?? 'string')
  }
  return columns
}

/** What an error holds of the problems of a large table. */
const mostIssues = 1_000

/** Checks rows one by one and collects them into columns; `label` names a row in messages. */
export async function collectRows(
  rows: Iterable<unknown> | AsyncIterable<unknown>,
  schema: Schema,
  code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
  label: (row: number) => string = (row) => `row ${row + 1}`,
): Promise<ColumnTable> {
  const builder = new ColumnsBuilder(declaredColumns(schema))
  const issues: SchemaIssue[] = []
  let problems = 0
  let count = 0
  const report = (issue: SchemaIssue): void => {
    if (problems++ < mostIssues) issues.push(issue)
  }
  const take = (result: Awaited<ReturnType<typeof check>>): void => {
    if (!result.ok)
      for (const { path, message } of result.issues)
        report({ path: `${label(count)}${path === '' ? '' : `, ${path.replace(/^\./, '')}`}`, message })
    else if (typeof result.value !== 'object' || result.value === null || Array.isArray(result.value))
      report({ path: label(count), message: 'is not a record' })
    else if (issues.length === 0) builder.add(result.value as Record<string, unknown>)
    count++
  }
  for await (const row of rows) {
    const result = check(schema, row)
    take(result instanceof Promise ? await result : result)
  }
  if (issues.length > 0) {
    throw new PipewrightError(
      code,
      `${problems} problem${problems === 1 ? '' : 's'} in the rows:\n${issueLines(issues, 20, problems)}`,
      { details: { issues, problems } },
    )
  }
  return new ColumnTable(builder.build(), count)
}

/** Tells whether cells are missing in a column that is declared without. */
function isKnownToLack(column: Column, types: readonly string[], isRequired: boolean): boolean {
  if (column.valid === undefined || types.includes('unknown')) return false
  return column.missing === 'null' ? !types.includes('null') : isRequired
}

class TableKind implements Kind<unknown, never> {
  readonly [kindMark] = true
  readonly name = 'table'
  readonly #row: Schema

  constructor(row: Schema) {
    this.#row = row
  }

  declare(): KindDeclaration {
    const schema = jsonSchemaOf(this.#row)
    return schema === undefined ? { kind: 'table' } : { kind: 'table', schema }
  }

  async encode(value: unknown, context: EncodeContext): Promise<Artifact> {
    const table = await this.#tableOf(value)
    const stored = ColumnTable.artifactOf(table)
    if (stored !== undefined) return stored
    const columns = ColumnTable.columnsOf(table)
    const blob = await context.blobs.put(await toIpc(columns, table.length))
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
    const { columns, rows } = await fromIpc(await context.blobs.bytes(artifact))
    this.#checkColumns(columns, rows)
    return new ColumnTable(columns, rows, artifact)
  }

  async #tableOf(value: unknown): Promise<ColumnTable> {
    if (value instanceof ColumnTable) {
      this.#checkColumns(ColumnTable.columnsOf(value), value.length)
      return value
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
    return collectRows(value as Iterable<unknown>, this.#row, 'OUTPUT_INVALID')
  }

  /** Columns against the declared row; the cells were checked when the table was made. */
  #checkColumns(columns: readonly Column[], rows: number): void {
    const required = new Set((jsonSchemaOf(this.#row) as { required?: string[] } | undefined)?.required ?? [])
    const issues: SchemaIssue[] = []
    for (const [name, property] of Object.entries(rowProperties(this.#row))) {
      const column = columns.find((candidate) => candidate.name === name)
      if (column === undefined) {
        if (required.has(name) && rows > 0) issues.push({ path: name, message: 'the column is missing' })
        continue
      }
      const types = propertyTypes(property)
      // An all-null column has no type of its own; an unknown one may be anything.
      const isKnown = rows > 0 && !types.includes('unknown') && column.valid?.includes(1) !== false
      if (isKnown && !types.some((type) => jsonTypes[type] === column.type))
        issues.push({
          path: name,
          message: `the column is a ${column.type}, declared is ${types.join(' or ')}`,
        })
      else if (isKnownToLack(column, types, required.has(name)))
        issues.push({ path: name, message: `cells are ${column.missing}: declared is ${types.join(' or ')}` })
    }
    if (issues.length > 0)
      throw new PipewrightError(
        'INPUT_INVALID',
        `the table does not fit the declared rows:\n${issueLines(issues)}`,
        { details: { issues } },
      )
  }
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
 * outputs: { rows: table(z.object({ radius: z.number(), malignant: z.boolean() })) }
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
