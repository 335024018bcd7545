import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { converter, type Convert } from './csv-cells.ts'
import { RowCollector } from './row-collector.ts'
import { rowShape, type RowShape } from './row-schema.ts'
import type { Schema } from './schema.ts'
import { setCell } from './table-columns.ts'
import type { ColumnTable } from './table-value.ts'

/** How a CSV file is written. */
export interface CsvOptions {
  /** Default `,`. */
  readonly delimiter?: string
  /** `true` (default): the first line names the columns; else their names. */
  readonly header?: true | readonly string[]
  /** Lines to pass over at the start. Default 0. */
  readonly skipLines?: number
  /** Texts that stand for a missing cell. Default: the empty one. */
  readonly missing?: readonly string[]
}

function checkHeader(names: readonly string[], shape: RowShape | undefined, file: string): void {
  const isDeclared = (name: string): boolean => shape?.properties.has(name) === true
  const all = shape === undefined || shape.properties.size === 0
  const twice = names.find((name, i) => names.indexOf(name) !== i && (all || isDeclared(name)))
  if (twice !== undefined) {
    throw new PipewrightError('INPUT_INVALID', `file '${file}' has two columns '${twice}'`, {
      fix: 'rename one, or name the columns with the option header and skip the first line',
    })
  }
  const lacking = [...(shape?.required ?? [])].filter((name) => !names.includes(name))
  if (lacking.length === 0) return
  const others = names.filter((name) => !isDeclared(name))
  const lines = lacking.map((name) => {
    const close = nearest(name, others)
    return `  ${name}${close === undefined ? '' : ` (is it '${close}'?)`}`
  })
  throw new PipewrightError('INPUT_INVALID', `file '${file}' lacks columns:\n${lines.join('\n')}`, {
    fix: `its columns are: ${names.join(', ')}`,
    details: { missing: lacking },
  })
}

function shown(text: string): string {
  if (text === '') return 'the cell is empty'
  return `the text is '${text.length > 60 ? `${text.slice(0, 60)}…` : text}'`
}

/** Makes rows of the records of a CSV file: the first one names the columns, unless they are named already. */
export class RowReader {
  readonly #file: string
  readonly #shape: RowShape | undefined
  readonly #missing: ReadonlySet<string>
  readonly #headerRecords: 0 | 1
  readonly #collector: RowCollector
  #names: readonly string[] | undefined
  #converters: readonly Convert[] = []
  #record: readonly string[] = []

  constructor(row: Schema, file: string, { header = true, missing = [''] }: CsvOptions) {
    this.#file = file
    this.#shape = rowShape(row, 'input')
    this.#missing = new Set(missing)
    this.#collector = new RowCollector(row, (path) => this.#note(path))
    this.#headerRecords = header === true ? 1 : 0
    if (header !== true) this.#useNames(header)
  }

  /** Takes the next record; a promise only where the schema is asynchronous. */
  add(record: readonly string[]): void | Promise<void> {
    const names = this.#names
    if (names === undefined) return this.#useNames(record.map((name) => name.trim()))
    if (record.length !== names.length) {
      return this.#collector.refuse(
        `${record.length} cells, but ${names.length} columns; look for a missing or an extra delimiter, or a quote that is not closed`,
      )
    }
    this.#record = record
    const row: Record<string, unknown> = {}
    for (let i = 0; i < names.length; i++) {
      const cell = this.#converters[i]!(record[i]!)
      if (cell !== undefined) setCell(row, names[i]!, cell)
    }
    return this.#collector.add(row)
  }

  /** The numbers of the records that have problems; a header counts as one. */
  get badRecords(): ReadonlySet<number> {
    return new Set(this.#collector.badRows.map((row) => row + this.#headerRecords))
  }

  /** The table; `label` names a record in messages. */
  build(label: (record: number) => string): ColumnTable {
    if (this.#names === undefined) {
      throw new PipewrightError('INPUT_INVALID', `file '${this.#file}' has no line that names its columns`, {
        fix: 'name them with the option header',
      })
    }
    return this.#collector.build('INPUT_INVALID', (row) => label(row + this.#headerRecords))
  }

  #useNames(names: readonly string[]): void {
    const shape = this.#shape
    checkHeader(names, shape, this.#file)
    this.#names = names
    this.#converters = names.map((name) => {
      const types = shape?.properties.get(name) ?? ['unknown']
      return converter(types, shape?.required.has(name) === true, this.#missing)
    })
  }

  /** The text of the cell at a path of the last row. */
  #note(path: string): string {
    const column = (this.#names ?? []).findIndex((name) => path === `.${name}`)
    return column < 0 ? '' : ` (${shown(this.#record[column]!)})`
  }
}
