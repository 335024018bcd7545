import { ColumnBuilder } from './column-builder.ts'
import type { Column, ColumnType } from './table-columns.ts'

/** Collects rows into columns: first the declared ones, then others in the order in which they occur. */
export class ColumnsBuilder {
  readonly #builders = new Map<string, ColumnBuilder>()
  readonly #declared: ReadonlyMap<string, ColumnType>
  #rows = 0
  /** The keys of the row before, the columns they name, and the columns they leave out. */
  #keys: readonly string[] = []
  #named: readonly ColumnBuilder[] = []
  #others: readonly ColumnBuilder[]

  constructor(declared: ReadonlyMap<string, ColumnType>) {
    this.#declared = declared
    for (const name of declared.keys()) this.#builders.set(name, new ColumnBuilder(name, 0))
    this.#others = [...this.#builders.values()]
  }

  /** Takes the next row; what is wrong with a cell is handed to `refuse`. */
  add(row: Readonly<Record<string, unknown>>, refuse: (column: string, message: string) => void): void {
    const keys = Object.keys(row)
    if (!this.#areNamed(keys)) this.#name(keys)
    for (let i = 0; i < keys.length; i++) {
      const message = this.#named[i]!.push(row[keys[i]!])
      if (message !== undefined) refuse(keys[i]!, message)
    }
    for (const builder of this.#others) {
      const message = builder.push(undefined)
      if (message !== undefined) refuse(builder.name, message)
    }
    this.#rows++
  }

  build(): Column[] {
    return [...this.#builders.values()].map((builder) =>
      builder.build(this.#declared.get(builder.name) ?? 'string'),
    )
  }

  #areNamed(keys: readonly string[]): boolean {
    if (keys.length !== this.#keys.length) return false
    for (let i = 0; i < keys.length; i++) if (keys[i] !== this.#keys[i]) return false
    return true
  }

  #name(keys: readonly string[]): void {
    const named = keys.map((name) => {
      let builder = this.#builders.get(name)
      if (builder === undefined) this.#builders.set(name, (builder = new ColumnBuilder(name, this.#rows)))
      return builder
    })
    const present = new Set(named)
    this.#keys = keys
    this.#named = named
    this.#others = [...this.#builders.values()].filter((builder) => !present.has(builder))
  }
}
