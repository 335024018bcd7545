import type { Table as ArrowTable } from 'apache-arrow'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import type { Artifact } from './artifact.ts'
import { artifactMark, artifactOf, isStored, kindOf, type Stored } from './stored.ts'
import { loadArrow, toArrow } from './table-arrow.ts'
import { cellOf, setCell, type Column, type ColumnType } from './table-columns.ts'
import { Texts } from './texts.ts'

/** Where a table has its columns for another copy of this package. */
const columnsMark: unique symbol = Symbol.for('pipewright.table-columns') as never

/** What a column of a {@link Table} is. */
export interface ColumnInfo {
  readonly name: string
  readonly type: ColumnType
  readonly nullable: boolean
}

/**
 * Rows of one shape, held in columns.
 *
 * @example
 * ```ts
 * const radii = rows.column('radius') // a Float64Array: no value is missing
 * let sum = 0
 * for (const { texture } of rows.rows()) sum += texture
 * const { malignant } = rows.row(0)
 * const large = rows.toArray().filter(({ radius }) => radius > 20)
 * const arrow = await rows.arrow()
 * ```
 */
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
  /** The table for Arrow; numbers and texts share their memory with it. */
  arrow(): Promise<ArrowTable>
}

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
      // A copy: the cells may be those of other steps, too.
      return (column.cells as Float64Array).slice() as ArrayLike<unknown> as ArrayLike<never>
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

  /** Undefined for one that was just made. */
  get [artifactMark](): Artifact | undefined {
    return this.#artifact
  }

  get [columnsMark](): readonly Column[] {
    return this.#columns
  }

  static columnsOf(table: ColumnTable): readonly Column[] {
    return table.#columns
  }

  /** A value as a table of this copy of the package, with the same cells; undefined for what is no table. */
  static from(value: unknown): ColumnTable | undefined {
    if (value instanceof ColumnTable) return value
    if (!isStored(value) || value[kindOf] !== 'table') return undefined
    const { length, [columnsMark]: columns } = value as ColumnTable
    return new ColumnTable(columns.map(ownColumn), length, artifactOf(value, 'table'))
  }
}

/** Texts are told from other cells by their class. */
function ownColumn(column: Column): Column {
  const { cells } = column
  return 'offsets' in cells ? { ...column, cells: new Texts(cells.offsets, cells.bytes) } : column
}
