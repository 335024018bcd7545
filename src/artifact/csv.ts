import type { Readable } from 'node:stream'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { jsonSchemaOf, type Schema } from './schema.ts'
import { collectRows, propertyTypes, rowProperties, type ColumnTable } from './table.ts'
import { setCell } from './table-columns.ts'

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

/** Turns a cell's text into what the schema of its column takes; a text that fits nothing is left for the schema. */
type Convert = (text: string) => unknown

const booleans: Readonly<Record<string, boolean>> = {
  true: true,
  TRUE: true,
  True: true,
  '1': true,
  false: false,
  FALSE: false,
  False: false,
  '0': false,
}

function converter(property: unknown, required: boolean, missing: ReadonlySet<string>): Convert {
  const types = propertyTypes(property)
  const empty = types.includes('null') ? null : undefined
  const mayMiss = types.includes('null') || !required
  const isText = types.includes('string') || types.includes('unknown')
  return (text) => {
    if (missing.has(text) && (mayMiss || !isText)) return empty
    if (types.includes('number') || types.includes('integer')) {
      const number = text.trim() === '' ? Number.NaN : Number(text)
      if (!Number.isNaN(number) || text === 'NaN') return number
    }
    if (types.includes('boolean') && text in booleans) return booleans[text]
    return text
  }
}

function checkHeader(
  names: readonly string[],
  properties: readonly string[],
  required: readonly string[],
  file: string,
): void {
  const twice = names.find(
    (name, i) => names.indexOf(name) !== i && (properties.includes(name) || properties.length === 0),
  )
  if (twice !== undefined) {
    throw new PipewrightError('INPUT_INVALID', `file '${file}' has two columns '${twice}'`, {
      fix: 'rename one, or name the columns with the option header and skip the first line',
    })
  }
  const lacking = required.filter((name) => !names.includes(name))
  if (lacking.length === 0) return
  const lines = lacking.map((name) => {
    const close = nearest(
      name,
      names.filter((candidate) => !properties.includes(candidate)),
    )
    return `  ${name}${close === undefined ? '' : ` (is it '${close}'?)`}`
  })
  throw new PipewrightError('INPUT_INVALID', `file '${file}' lacks columns:\n${lines.join('\n')}`, {
    fix: `its columns are: ${names.join(', ')}`,
    details: { missing: lacking },
  })
}

/** Tells where records start. The parser tells where they end, and takes a CR LF within quotes for two lines. */
class Lines {
  #previous = 0
  #excess = 0

  startOf(record: readonly string[], end: number): number {
    let start = end - this.#excess
    if (end - this.#previous > 1) {
      for (const cell of record) {
        for (const [lineEnd] of cell.matchAll(/\r\n|\n|\r/g)) {
          start -= lineEnd.length
          this.#excess += lineEnd.length - 1
        }
      }
    }
    this.#previous = end
    return start
  }
}

/** Reads rows from CSV text: cells are converted by the row's JSON Schema, rows checked by the schema. */
export async function readCsv(
  source: Readable,
  row: Schema,
  file: string,
  options: CsvOptions = {},
): Promise<ColumnTable> {
  const { CsvError, parse } = await import('csv-parse')
  const schema = jsonSchemaOf(row, 'input') as { required?: string[] } | undefined
  // What the schema takes, not what it gives: a cell is converted before it is checked.
  const properties = rowProperties(row, 'input')
  const required = schema?.required ?? []
  const missing = new Set(options.missing ?? [''])
  const lineNumbers: number[] = []
  const lines = new Lines()
  let names: readonly string[] | undefined =
    options.header === undefined || options.header === true ? undefined : options.header
  let converters: Convert[] = []
  const useNames = (found: readonly string[]): void => {
    checkHeader(found, Object.keys(properties), required, file)
    names = found
    converters = found.map((name) => converter(properties[name], required.includes(name), missing))
  }
  if (names !== undefined) useNames(names)
  const parser = source.pipe(
    parse({
      bom: true,
      delimiter: options.delimiter ?? ',',
      from_line: (options.skipLines ?? 0) + 1,
      info: true,
      // Named, so that files with both kinds of line ends are read as well.
      record_delimiter: ['\r\n', '\n', '\r'],
      relax_column_count: true,
      skip_empty_lines: true,
    }),
  )
  source.on('error', (error) => parser.destroy(error))
  const rows = async function* (): AsyncGenerator<Record<string, unknown>> {
    for await (const { record, info } of parser as AsyncIterable<{
      record: string[]
      info: { lines: number }
    }>) {
      const line = lines.startOf(record, info.lines)
      if (names === undefined) {
        useNames(record.map((name) => name.trim()))
        continue
      }
      if (record.length !== names.length) {
        throw new PipewrightError(
          'INPUT_INVALID',
          `file '${file}', line ${line}: ${record.length} cells, but ${names.length} columns`,
          {
            fix: 'look for a missing or an extra delimiter, or a quote that is not closed',
          },
        )
      }
      const cells: Record<string, unknown> = {}
      for (let i = 0; i < names.length; i++) {
        const cell = converters[i]!(record[i]!)
        if (cell !== undefined) setCell(cells, names[i]!, cell)
      }
      lineNumbers.push(line)
      yield cells
    }
    if (names === undefined) {
      throw new PipewrightError('INPUT_INVALID', `file '${file}' has no line that names its columns`, {
        fix: 'name them with the option header',
      })
    }
  }
  try {
    return await collectRows(rows(), row, 'INPUT_INVALID', (index) => `line ${lineNumbers[index] ?? '?'}`)
  } catch (error) {
    if (PipewrightError.isInstance(error)) throw error
    if (!(error instanceof CsvError)) throw error
    throw new PipewrightError('INPUT_INVALID', `file '${file}' is no CSV: ${(error as Error).message}`, {
      cause: error,
    })
  } finally {
    // A file that was not read to its end stays open otherwise.
    source.destroy()
  }
}
