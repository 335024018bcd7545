import type { Cells, ColumnType } from './table-columns.ts'
import { TextsBuilder } from './texts.ts'

const start = 64

/** Cells of one width; the array doubles when it is full. */
export class Packed<A extends Float64Array | BigInt64Array | Uint8Array> {
  #cells: A
  #count: number

  constructor(cells: A, count = 0) {
    this.#cells = cells
    this.#count = count
  }

  push(cell: A[number]): void {
    if (this.#count === this.#cells.length) {
      const grown = new (this.#cells.constructor as new (length: number) => A)(this.#count * 2)
      grown.set(this.#cells as never)
      this.#cells = grown
    }
    this.#cells[this.#count++] = cell
  }

  build(): A {
    return this.#cells.subarray(0, this.#count) as A
  }
}

/** Collects the cells of one column of a known type. */
export interface CellsBuilder {
  push(cell: unknown): void
  build(): Cells
}

/** Collects cells of a type; `none` stands for a missing one. */
export function cellsBuilder(type: ColumnType): { readonly cells: CellsBuilder; readonly none: unknown } {
  switch (type) {
    case 'number':
    case 'date':
      return { cells: new Packed(new Float64Array(start)) as CellsBuilder, none: 0 }
    case 'bigint':
      return { cells: new Packed(new BigInt64Array(start)) as CellsBuilder, none: 0n }
    case 'boolean':
      return { cells: new Packed(new Uint8Array(start)) as CellsBuilder, none: 0 }
    default:
      return { cells: new TextsBuilder() as CellsBuilder, none: '' }
  }
}

/** One flag for each row; those of the first `rows` are set. */
export function flagsBuilder(rows: number): Packed<Uint8Array> {
  return new Packed(new Uint8Array(Math.max(start, rows)).fill(1, 0, rows), rows)
}
