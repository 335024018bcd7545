import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { cellReader, type CellReader, type Convert } from './csv-cells.ts'
import type { CsvOptions } from './csv-options.ts'
import { otherRows, type AmbiguousCell } from './csv-readings.ts'
import { RowCollector } from './row-collector.ts'
import { rowShape, type RowShape } from './row-schema.ts'
import { check, type Checked, type Schema } from './schema.ts'
import { setCell } from './table-columns.ts'
import type { ColumnTable } from './table-value.ts'

function checkHeader(names: readonly string[], shape: RowShape | undefined, file: string): void {
  const isDeclared = (name: string): boolean => shape?.properties.has(name) === true
  // Of two columns that are passed over nobody would miss one.
  const all = shape === undefined || shape.properties.size === 0 || shape.others !== undefined
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

type Refused = Extract<Checked, { ok: false }>

/** Makes rows of the records of a CSV file: the first one names the columns, unless they are named already. */
export class RowReader {
  readonly #schema: Schema
  readonly #file: string
  readonly #shape: RowShape | undefined
  readonly #missing: ReadonlySet<string>
  readonly #textColumns: ReadonlySet<string>
  readonly #headerRecords: 0 | 1
  readonly #collector: RowCollector
  #names: readonly string[] | undefined
  #converters: readonly Convert[] = []
  #cells: readonly CellReader[] = []
  #isAmbiguous = false
  #record: readonly string[] = []

  /** Cells of `textColumns` are kept as texts where the schema takes them. */
  constructor(row: Schema, file: string, options: CsvOptions, textColumns: ReadonlySet<string> = new Set()) {
    const { header = true, missing = [''] } = options
    this.#schema = row
    this.#file = file
    this.#shape = rowShape(row, 'input')
    this.#missing = new Set(missing)
    this.#textColumns = textColumns
    this.#collector = new RowCollector(row, (path) => this.#note(path))
    this.#headerRecords = header === true ? 1 : 0
    if (header !== true) this.#useNames(header)
  }

  /** How many columns there are, once they are named. */
  get columnCount(): number | undefined {
    return this.#names?.length
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
    const checked = check(this.#schema, row)
    if (checked instanceof Promise) return checked.then((result) => this.#settle(row, result))
    return this.#settle(row, checked)
  }

  /** The numbers of the records that have problems; a header counts as one. */
  get badRecords(): ReadonlySet<number> {
    return new Set(this.#collector.badRows.map((row) => row + this.#headerRecords))
  }

  /** Columns that got cells of several types, for which their texts could stand as well. */
  get mixedColumns(): ReadonlySet<string> {
    const isAmbiguous = (_: string, i: number): boolean => this.#cells[i]!.readings !== undefined
    const ambiguous = this.#names?.filter(isAmbiguous) ?? []
    return new Set(ambiguous.filter((name) => this.#collector.unstorableColumns.has(name)))
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
    this.#cells = names.map((name) => {
      const types = shape?.properties.get(name) ?? shape?.others ?? ['unknown']
      return cellReader(types, shape?.required.has(name) === true, this.#missing, this.#textColumns.has(name))
    })
    this.#converters = this.#cells.map(({ convert }) => convert)
    this.#isAmbiguous = this.#cells.some(({ readings }) => readings !== undefined)
  }

  #settle(row: Readonly<Record<string, unknown>>, checked: Checked): void | Promise<void> {
    if (checked.ok || !this.#isAmbiguous) return this.#collector.take(checked)
    return this.#retry(checked, otherRows(row, this.#ambiguousCells(), checked.issues))
  }

  /** Takes the first of other rows that the schema accepts, else tells why it refused the one that fits best. */
  #retry(refused: Refused, others: Iterator<unknown>): void | Promise<void> {
    const isTaken = (checked: Checked): boolean => {
      if (checked.ok) this.#collector.take(checked)
      else if (checked.issues.length < refused.issues.length) refused = checked
      return checked.ok
    }
    for (let next = others.next(); next.done !== true; next = others.next()) {
      const checked = check(this.#schema, next.value)
      if (checked instanceof Promise) {
        return checked.then((result) => (isTaken(result) ? undefined : this.#retry(refused, others)))
      }
      if (isTaken(checked)) return
    }
    this.#collector.take(refused)
  }

  /** Those of the last record. */
  #ambiguousCells(): AmbiguousCell[] {
    return this.#cells
      .map(({ readings }, i) => ({
        column: this.#names![i]!,
        readings: readings?.(this.#record[i]!) ?? [],
      }))
      .filter(({ readings }) => readings.length > 1)
  }

  /** The text of the cell at a path of the last row. */
  #note(path: string): string {
    const column = (this.#names ?? []).findIndex((name) => path === `.${name}`)
    return column < 0 ? '' : ` (${shown(this.#record[column]!)})`
  }
}
