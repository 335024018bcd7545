import { canonicalJson } from '../internal/canonical.ts'
import { cellsBuilder, flagsBuilder, type CellsBuilder, type Packed } from './cells-builder.ts'
import type { Column, ColumnType } from './table-columns.ts'

const smallest = -(2n ** 63n)
const largest = 2n ** 63n - 1n

/** A method of texts that this package's `lib` does not know yet; Node 20 does. */
type WellFormed = { isWellFormed(): boolean }

/** Why a value cannot be a cell, as it goes on after the cell's place. */
class Refused {
  readonly message: string

  constructor(message: string) {
    this.message = message
  }
}

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

/** The cell of a value of a type. */
function stored(value: unknown, type: ColumnType): unknown {
  switch (type) {
    case 'number':
      return value
    case 'boolean':
      return value === true ? 1 : 0
    case 'string':
      // UTF-8 has no lone surrogates.
      if ((value as WellFormed).isWellFormed()) return value
      return new Refused(' holds half a character; cut texts between characters, or use text.toWellFormed()')
    case 'bigint':
      if ((value as bigint) >= smallest && (value as bigint) <= largest) return value
      return new Refused(' is outside of 64 bits; return it as a string')
    case 'date': {
      const time = (value as Date).getTime()
      return Number.isNaN(time)
        ? new Refused(' is an invalid date; return null for one that is not known')
        : time
    }
    default:
      try {
        return canonicalJson(value)
      } catch (error) {
        return new Refused(`: ${(error as Error).message.replace('\nFix: ', '; ')}`)
      }
  }
}

/** Collects the cells of one column, row by row; the first one that is there tells the type. */
export class ColumnBuilder {
  readonly name: string
  #rows = 0
  #type: ColumnType | undefined
  #cells: CellsBuilder | undefined
  #none: unknown
  #missing: Column['missing'] | undefined
  #valid: Packed<Uint8Array> | undefined

  /** `rows` is the number of rows before the first in which the column occurs. */
  constructor(name: string, rows: number) {
    this.name = name
    for (let i = 0; i < rows; i++) this.push(undefined)
  }

  /** Takes the cell of the next row; gives back what is wrong with it, as it goes on after the cell's place. */
  push(value: unknown): string | undefined {
    if (value === null || value === undefined) return this.#pushMissing(value)
    const type = typeOf(value)
    if (type === undefined) return this.#refuse(` is a ${typeof value}; return data only`)
    if (this.#type !== type) {
      if (this.#type !== undefined)
        return this.#refuse(` is a ${type}, but the column is a ${this.#type}; give a column one type`)
      this.#begin(type)
    }
    const cell = stored(value, type)
    if (cell instanceof Refused) return this.#refuse(cell.message)
    this.#cells!.push(cell)
    this.#valid?.push(1)
    this.#rows++
    return undefined
  }

  /** The column; `declared` is the type of one of which no cell is there. */
  build(declared: ColumnType): Column {
    const type = this.#type ?? this.#begin(declared)
    return {
      name: this.name,
      type,
      missing: this.#missing ?? 'null',
      valid: this.#valid?.build(),
      cells: this.#cells!.build(),
    }
  }

  #begin(type: ColumnType): ColumnType {
    const { cells, none } = cellsBuilder(type)
    for (let i = 0; i < this.#rows; i++) cells.push(none)
    this.#type = type
    this.#cells = cells
    this.#none = none
    return type
  }

  #pushMissing(value: null | undefined): string | undefined {
    const missing = value === null ? 'null' : 'absent'
    if (this.#valid === undefined) {
      this.#missing = missing
      this.#valid = flagsBuilder(this.#rows)
    }
    this.#cells?.push(this.#none)
    this.#valid.push(0)
    this.#rows++
    if (this.#missing === missing) return undefined
    const other = missing === 'null' ? 'undefined' : 'null'
    return ` is ${String(value)}, but the column has ${other} elsewhere; use one of the two: they could not be told apart when it is read`
  }

  /** The row keeps its place; a column with a problem is never built. */
  #refuse(message: string): string {
    this.#cells?.push(this.#none)
    this.#valid?.push(0)
    this.#rows++
    return message
  }
}
