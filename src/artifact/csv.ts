import type { Readable } from 'node:stream'
import { PipewrightError } from '../internal/error.ts'
import { nearest } from '../internal/nearest.ts'
import { jsonSchemaOf, type Schema } from './schema.ts'
import { collectRows, propertyTypes, rowProperties, type ColumnTable } from './table.ts'

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

/** Reads rows from CSV text: cells are converted by the row's JSON Schema, rows checked by the schema. */
export async function readCsv(
  source: Readable,
  row: Schema,
  file: string,
  options: CsvOptions = {},
): Promise<ColumnTable> {
  const { parse } = await import('csv-parse')
  const schema = jsonSchemaOf(row, 'input') as { required?: string[] } | undefined
  const properties = schema === undefined ? {} : rowProperties(row)
  const required = schema?.required ?? []
  const missing = new Set(options.missing ?? [''])
  const lineNumbers: number[] = []
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
      if (names === undefined) {
        useNames(record.map((name) => name.trim()))
        continue
      }
      if (record.length !== names.length) {
        throw new PipewrightError(
          'INPUT_INVALID',
          `file '${file}', line ${info.lines}: ${record.length} cells, but ${names.length} columns`,
          {
            fix: 'look for a missing or an extra delimiter, or a quote that is not closed',
          },
        )
      }
      const cells: Record<string, unknown> = {}
      for (let i = 0; i < names.length; i++) {
        const cell = converters[i]!(record[i]!)
        if (cell !== undefined) cells[names[i]!] = cell
      }
      lineNumbers.push(info.lines)
      yield cells
    }
  }
  try {
    return await collectRows(rows(), row, 'INPUT_INVALID', (index) => `line ${lineNumbers[index] ?? '?'}`)
  } catch (error) {
    if (PipewrightError.isInstance(error)) throw error
    if ((error as { code?: unknown }).code?.toString().startsWith('CSV_') !== true) throw error
    throw new PipewrightError('INPUT_INVALID', `file '${file}' is no CSV: ${(error as Error).message}`, {
      cause: error,
    })
  }
}
