import { PipewrightError } from '../internal/error.ts'
import { ColumnsBuilder } from './columns-builder.ts'
import { declaredColumns } from './row-schema.ts'
import { check, type Checked, type Schema, type SchemaIssue } from './schema.ts'
import { ColumnTable } from './table-value.ts'

const mostShown = 20
/** What an error holds of the problems of a large table. */
const mostKept = 1_000

/** A problem of a row: `place` goes on after the row's label, `message` after the place. */
interface RowIssue {
  readonly row: number
  readonly place: string
  readonly message: string
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  // Objects of another realm have a prototype whose own prototype is null.
  return prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null
}

/** Checks rows one by one and collects them into columns; all problems are remembered, and thrown at the end. */
export class RowCollector {
  readonly #schema: Schema
  readonly #columns: ColumnsBuilder
  readonly #note: (path: string) => string
  readonly #issues: RowIssue[] = []
  #issueCount = 0
  #isMisfit = false
  #rows = 0
  readonly #unstorableColumns = new Set<string>()
  readonly #unstorable = (column: string, message: string): void => {
    this.#unstorableColumns.add(column)
    this.#report(`, column '${column}'`, message)
  }

  /** `note` adds to the message of a problem at a path of the row that was just given. */
  constructor(schema: Schema, note: (path: string) => string = () => '') {
    this.#schema = schema
    this.#note = note
    this.#columns = new ColumnsBuilder(declaredColumns(schema))
  }

  /** Takes the next row; a promise only where the schema is asynchronous. */
  add(row: unknown): void | Promise<void> {
    const checked = check(this.#schema, row)
    if (checked instanceof Promise) return checked.then((result) => this.take(result))
    this.take(checked)
  }

  /** Takes the outcome of a check of the next row. */
  take(checked: Checked): void {
    if (!checked.ok) {
      this.#isMisfit = true
      for (const { path, message } of checked.issues)
        this.#report(path === '' ? '' : `, ${path.replace(/^\./, '')}`, `: ${message}${this.#note(path)}`)
    } else if (isRecord(checked.value)) this.#columns.add(checked.value, this.#unstorable)
    else {
      this.#isMisfit = true
      this.#report('', ': is not a record, that is a plain object')
    }
    this.#rows++
  }

  /** Counts a row that is none. */
  refuse(message: string): void {
    this.#isMisfit = true
    this.#report('', `: ${message}`)
    this.#rows++
  }

  /** The numbers of the rows that are named as having problems, from 0. */
  get badRows(): readonly number[] {
    return [...new Set(this.#issues.map(({ row }) => row))]
  }

  /** The columns with a cell that cannot be kept. */
  get unstorableColumns(): ReadonlySet<string> {
    return this.#unstorableColumns
  }

  /** The table; throws `code` when rows do not fit the schema, `VALUE_NOT_STORABLE` when a cell cannot be kept. */
  build(
    code: 'INPUT_INVALID' | 'OUTPUT_INVALID',
    label: (row: number) => string = (row) => `row ${row + 1}`,
  ): ColumnTable {
    const count = this.#issueCount
    if (count === 0) return new ColumnTable(this.#columns.build(), this.#rows)
    const lines = this.#issues
      .slice(0, mostShown)
      .map(({ row, place, message }) => `  ${label(row)}${place}${message}`)
    if (count > mostShown) lines.push(`  … and ${count - mostShown} more`)
    const issues: SchemaIssue[] = this.#issues.map(({ row, place, message }) => ({
      path: label(row) + place,
      message: message.replace(/^:? /, ''),
    }))
    throw new PipewrightError(
      this.#isMisfit ? code : 'VALUE_NOT_STORABLE',
      `${count} problem${count === 1 ? '' : 's'} in the rows:\n${lines.join('\n')}`,
      { details: { issues, problems: count } },
    )
  }

  #report(place: string, message: string): void {
    if (this.#issueCount++ < mostKept) this.#issues.push({ row: this.#rows, place, message })
  }
}
