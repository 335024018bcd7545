import { pipeline, type Readable } from 'node:stream'
import type { Options } from 'csv-parse'
import { PipewrightError } from '../internal/error.ts'
import { emptyLines, Lines } from './csv-lines.ts'
import { checkCsvOptions, type CsvOptions } from './csv-options.ts'
import { RowReader } from './csv-rows.ts'
import type { Schema } from './schema.ts'
import type { ColumnTable } from './table-value.ts'
import { onlyUtf8 } from './utf8.ts'

export type { CsvOptions } from './csv-options.ts'

type Cells = readonly string[]

/** Takes a record, and the line on which it ends if the parser was to tell; false: no more. */
type Take = (record: Cells, end: number) => boolean | void | Promise<void>

interface Counted {
  readonly record: Cells
  readonly info: { readonly lines: number }
}

/** Bytes to records. */
async function readRecords(
  source: Readable,
  clean: (chunks: AsyncIterable<Uint8Array>) => AsyncIterable<Uint8Array>,
  options: Options,
  take: Take,
): Promise<void> {
  const { parse } = await import('csv-parse')
  try {
    // `pipeline` carries the error of whichever stream fails to the last one.
    const records = pipeline(source, clean, parse(options), () => undefined)
    for await (const item of records as AsyncIterable<Cells | Counted>) {
      const taken = 'info' in item ? take(item.record, item.info.lines) : take(item, 0)
      if (taken === false) break
      if (taken instanceof Promise) await taken
    }
  } finally {
    // A file that was not read to its end stays open otherwise.
    source.destroy()
  }
}

/** Takes records from the one on that is the header of an only column. */
function from(header: string, take: Take): Take {
  let isAbove = true
  return (record, end) => {
    isAbove &&= record[0] !== header
    return isAbove ? undefined : take(record, end)
  }
}

/** The lines on which records start; `read` has to read the file once more. */
async function linesOf(
  read: (take: Take, info: boolean) => Promise<void>,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>()
  const lines = new Lines()
  let index = 0
  await read((record, end) => {
    const line = lines.startOf(record, end)
    if (wanted.has(index)) found.set(index, line)
    index++
    return found.size < wanted.size
  }, true)
  return found
}

/**
 * Reads rows from CSV text: cells are converted by the row's JSON Schema, rows checked by the schema.
 *
 * Where a record stands in the file is costly to know: a file with problems is opened and read a second time to
 * name their lines. So is one whose header names a single column, as blank lines are cells of that; and one with a
 * column that may be texts or numbers and has both, as a table has one type in a column.
 */
export async function readCsv(
  open: () => Readable,
  row: Schema,
  file: string,
  options: CsvOptions = {},
): Promise<ColumnTable> {
  checkCsvOptions(options, file)
  const { CsvError } = await import('csv-parse')
  const { delimiter = ',', skipLines = 0 } = options
  const parsing: Options = {
    bom: true,
    delimiter,
    from_line: skipLines + 1,
    // Named, so that files with both kinds of line ends are read as well.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
  }
  const clean = (chunks: AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> =>
    skipLines === 0 ? onlyUtf8(chunks, file) : emptyLines(onlyUtf8(chunks, file), skipLines)
  let hasOneColumn = Array.isArray(options.header) && options.header.length === 1
  let header: string | undefined
  const read = (take: Take, info = false): Promise<void> =>
    readRecords(
      open(),
      clean,
      { ...parsing, info, skip_empty_lines: !hasOneColumn },
      header === undefined ? take : from(header, take),
    )
  const readRows = async (textColumns?: ReadonlySet<string>): Promise<RowReader> => {
    const reader = new RowReader(row, file, options, textColumns)
    await read((record) => {
      const added = reader.add(record)
      if (hasOneColumn || reader.columnCount !== 1) return added
      header = record[0]
      return false
    })
    return reader
  }
  try {
    let reader = await readRows()
    if (header !== undefined) {
      hasOneColumn = true
      reader = await readRows()
    }
    if (reader.mixedColumns.size > 0) reader = await readRows(reader.mixedColumns)
    const { badRecords } = reader
    const lines = badRecords.size === 0 ? undefined : await linesOf(read, badRecords)
    return reader.build((record) => `line ${lines?.get(record) ?? '?'}`)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new PipewrightError('INPUT_INVALID', `file '${file}' is no CSV: ${error.message}`, { cause: error })
  }
}
