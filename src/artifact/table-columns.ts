import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'

/** How the cells of a column are represented. */
export type ColumnType = 'number' | 'boolean' | 'string' | 'bigint' | 'date' | 'json'

/** The cells of a column; `valid` is there when some are missing (1: there, 0: missing). */
export interface Column {
  readonly name: string
  readonly type: ColumnType
  /** What a missing cell is in a row: null, or nothing at all. */
  readonly missing: 'null' | 'absent'
  readonly valid: Uint8Array | undefined
  /** number: doubles; boolean: 0 or 1; bigint: itself; date: milliseconds; string: text; json: canonical text. */
  readonly cells: Float64Array | Uint8Array | BigInt64Array | readonly string[]
}

/** Puts a cell into a row, under any name. */
export function setCell(row: Record<string, unknown>, name: string, cell: unknown): void {
  // An assignment would change the row's prototype.
  if (name === '__proto__') {
    Object.defineProperty(row, name, { value: cell, enumerable: true, writable: true, configurable: true })
  } else row[name] = cell
}

/** One cell as it stands in a row. */
export function cellOf(column: Column, row: number): unknown {
  if (column.valid !== undefined && column.valid[row] === 0)
    return column.missing === 'null' ? null : undefined
  const cell = column.cells[row]!
  switch (column.type) {
    case 'boolean':
      return cell === 1
    case 'date':
      return new Date(cell as number)
    case 'json':
      return JSON.parse(cell as string)
    default:
      return cell
  }
}

const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n

/** A method of texts that this package's `lib` does not know yet; Node 20 does. */
type WellFormed = { isWellFormed(): boolean }

function typeOf(value: unknown): ColumnType | undefined {
  switch (typeof value) {
    case 'number':
    case 'boolean':
    case 'string':
    case 'bigint':
      return typeof value as ColumnType
    case 'object':
      return value instanceof Date ? 'date' : 'json'
    default:
      return undefined
  }
}

function place(name: string, row: number): string {
  return `row ${row + 1}, column '${name}'`
}

/** Collects the cells of one column, row by row. */
class ColumnBuilder {
  readonly name: string
  #type: ColumnType | undefined
  #missing: Column['missing'] | undefined
  #missingRows: number[] = []
  readonly #cells: unknown[] = []

  constructor(name: string) {
    this.name = name
  }

  get length(): number {
    return this.#cells.length
  }

  /** Fills up to a row: the column did not occur in the rows before. */
  fill(rows: number): void {
    while (this.#cells.length < rows) this.push(undefined)
  }

  push(value: unknown): void {
    const row = this.#cells.length
    if (value === null || value === undefined) {
      const missing = value === null ? 'null' : 'absent'
      if (this.#missing !== undefined && this.#missing !== missing) {
        throw new PipewrightError(
          'VALUE_NOT_STORABLE',
          `${place(this.name, row)} is ${String(value)}, but the column has ${missing === 'null' ? 'undefined' : 'null'} elsewhere`,
          {
            fix: 'use one of the two in a column: they could not be told apart when it is read',
          },
        )
      }
      this.#missing = missing
      this.#missingRows.push(row)
      this.#cells.push(undefined)
      return
    }
    const type = typeOf(value)
    if (type === undefined)
      throw new PipewrightError('VALUE_NOT_STORABLE', `${place(this.name, row)} is a ${typeof value}`, {
        fix: 'return data only',
      })
    if (this.#type !== undefined && this.#type !== type) {
      throw new PipewrightError(
        'VALUE_NOT_STORABLE',
        `${place(this.name, row)} is a ${type}, but the column is a ${this.#type}`,
        { fix: 'give a column one type' },
      )
    }
    this.#type = type
    this.#cells.push(this.#stored(value, type, row))
  }

  build(declared: ColumnType): Column {
    const type = this.#type ?? declared
    const count = this.#cells.length
    let valid: Uint8Array | undefined
    if (this.#missingRows.length > 0) {
      valid = new Uint8Array(count).fill(1)
      for (const row of this.#missingRows) valid[row] = 0
    }
    return { name: this.name, type, missing: this.#missing ?? 'null', valid, cells: this.#pack(type, count) }
  }

  #stored(value: unknown, type: ColumnType, row: number): unknown {
    if (type === 'date') {
      const time = (value as Date).getTime()
      if (Number.isNaN(time))
        throw new PipewrightError('VALUE_NOT_STORABLE', `${place(this.name, row)} is an invalid date`, {
          fix: 'return null for a date that is not known',
        })
      return time
    }
    if (type === 'bigint' && ((value as bigint) < smallest || (value as bigint) > largest)) {
      throw new PipewrightError('VALUE_NOT_STORABLE', `${place(this.name, row)} is outside of 64 bits`, {
        fix: 'return it as a string',
      })
    }
    if (type === 'string' && !(value as WellFormed).isWellFormed()) {
      throw new PipewrightError('VALUE_NOT_STORABLE', `${place(this.name, row)} holds half a character`, {
        fix: 'UTF-8 has no lone surrogates: cut texts between characters, or use text.toWellFormed()',
      })
    }
    if (type !== 'json') return value
    try {
      return canonicalJson(value)
    } catch (error) {
      throw new PipewrightError(
        'VALUE_NOT_STORABLE',
        `${place(this.name, row)}: ${(error as Error).message}`,
        { cause: error },
      )
    }
  }

  #pack(type: ColumnType, count: number): Column['cells'] {
    const cells = this.#cells
    switch (type) {
      case 'number':
      case 'date': {
        const packed = new Float64Array(count)
        for (let i = 0; i < count; i++) packed[i] = (cells[i] as number | undefined) ?? 0
        return packed
      }
      case 'boolean': {
        const packed = new Uint8Array(count)
        for (let i = 0; i < count; i++) packed[i] = cells[i] === true ? 1 : 0
        return packed
      }
      case 'bigint': {
        const packed = new BigInt64Array(count)
        for (let i = 0; i < count; i++) packed[i] = (cells[i] as bigint | undefined) ?? 0n
        return packed
      }
      default:
        for (let i = 0; i < count; i++) cells[i] ??= ''
        return cells as string[]
    }
  }
}

/** Collects rows into columns: first the declared ones, then others in the order in which they occur. */
export class ColumnsBuilder {
  readonly #builders = new Map<string, ColumnBuilder>()
  readonly #declared: ReadonlyMap<string, ColumnType>
  #rows = 0

  constructor(declared: ReadonlyMap<string, ColumnType>) {
    this.#declared = declared
    for (const name of declared.keys()) this.#builders.set(name, new ColumnBuilder(name))
  }

  get rows(): number {
    return this.#rows
  }

  add(row: Readonly<Record<string, unknown>>): void {
    for (const name in row) {
      let builder = this.#builders.get(name)
      if (builder === undefined) this.#builders.set(name, (builder = new ColumnBuilder(name)))
      builder.fill(this.#rows)
      builder.push(row[name])
    }
    this.#rows++
    for (const builder of this.#builders.values()) if (builder.length < this.#rows) builder.fill(this.#rows)
  }

  build(): Column[] {
    return [...this.#builders.values()].map((builder) =>
      builder.build(this.#declared.get(builder.name) ?? 'string'),
    )
  }
}
