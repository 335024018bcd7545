import { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { fittingColumns } from '../artifact/fitting-columns.ts'
import { rowShape, type RowShape } from '../artifact/row-schema.ts'
import { check, type Schema } from '../artifact/schema.ts'
import { setCell } from '../artifact/table-columns.ts'
import { fromIpc } from '../artifact/table-read.ts'
import { ColumnTable } from '../artifact/table-value.ts'
import type { TableFormat } from './protocol.ts'

/** A table of another language that fits a schema, else its rows as this takes them, to be checked by it. */
export async function foreignRows(
  { format, file }: { readonly format: TableFormat; readonly file: string },
  schema: Schema,
): Promise<AsyncIterable<unknown> | Iterable<unknown>> {
  const fitting = new Fitting(schema)
  if (format === 'rows') return written(file, fitting)
  const { columns, rows } = await fromIpc(await readFile(file))
  const whole = fittingColumns(columns, schema)
  if (whole !== undefined) return new ColumnTable(whole, rows)
  return mapped(new ColumnTable(columns, rows).rows(), fitting)
}

async function* written(file: string, fitting: Fitting): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
    if (line === '') continue
    const row = JSON.parse(line) as Record<string, unknown>
    for (const [name, cell] of Object.entries(row)) setCell(row, name, unmarked(cell))
    yield fitting.fit(row)
  }
}

function* mapped(rows: Iterable<Record<string, unknown>>, fitting: Fitting): Generator<unknown> {
  for (const row of rows) yield fitting.fit(row)
}

/** What JSON cannot hold is marked in it: `{"$date": 0}`, `{"$bigint": "1"}`, `{"$number": "NaN"}`. */
function unmarked(cell: unknown): unknown {
  if (typeof cell !== 'object' || cell === null) return cell
  const [[mark, value] = [], ...others] = Object.entries(cell)
  if (others.length > 0) return cell
  if (mark === '$date' && typeof value === 'number') return new Date(value)
  if (mark === '$bigint' && typeof value === 'string') return BigInt(value)
  if (mark === '$number' && typeof value === 'string') return Number(value)
  return cell
}

/** What a column holds as JSON. */
const nested: ReadonlySet<string> = new Set(['object', 'array', 'null'])

function parsedOr(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

/** Gives rows their declared types: what other languages do not tell apart is told by the schema. */
class Fitting {
  readonly #schema: Schema
  readonly #shape: RowShape | undefined
  /** By column of whole numbers that nothing is declared of: whether the schema wants bigints. */
  readonly #bigints = new Map<string, boolean>()

  constructor(schema: Schema) {
    this.#schema = schema
    this.#shape = rowShape(schema, 'input')
  }

  fit(row: Record<string, unknown>): Record<string, unknown> {
    for (const [name, cell] of Object.entries(row)) {
      const types = this.#shape?.properties.get(name)
      if (typeof cell === 'bigint' || Number.isInteger(cell)) {
        // One that a number does not hold exactly stays what it is: the schema refuses it.
        if (!Number.isSafeInteger(Number(cell))) continue
        setCell(row, name, Number(cell))
        if ((types === undefined || types.includes('unknown')) && this.#wantsBigint(name, row))
          setCell(row, name, BigInt(Number(cell)))
      } else if (typeof cell === 'string' && types?.every((type) => nested.has(type)) === true) {
        // Frames of other languages hold lists and records as JSON; what is none is refused by the schema.
        setCell(row, name, parsedOr(cell))
      } else if (
        cell === null &&
        this.#shape?.required.has(name) === false &&
        types?.includes('null') === false
      ) {
        // Tables of other languages know one kind of missing cell.
        delete row[name]
      }
    }
    return row
  }

  /** JSON Schema has no bigint: a number is tried. */
  #wantsBigint(name: string, row: Readonly<Record<string, unknown>>): boolean {
    let wants = this.#bigints.get(name)
    if (wants === undefined) {
      const result = check(this.#schema, row)
      wants =
        !(result instanceof Promise) && !result.ok && result.issues.some(({ path }) => path === `.${name}`)
      this.#bigints.set(name, wants)
    }
    return wants
  }
}
