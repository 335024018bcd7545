import { pipeline, type Readable } from 'node:stream'
import type { Options } from 'csv-parse'
import { PipewrightError } from '../internal/error.ts'
import { RowReader, type CsvOptions } from './csv-rows.ts'
import type { Schema } from './schema.ts'
import type { ColumnTable } from './table-value.ts'
import { onlyUtf8 } from './utf8.ts'

export type { CsvOptions } from './csv-rows.ts'

/** Takes a record; false: no more. */
type Take = (item: unknown) => boolean | void | Promise<void>

async function readRecords(source: Readable, file: string, options: Options, take: Take): Promise<void> {
  const { parse } = await import('csv-parse')
  try {
    // `pipeline` carries the error of whichever stream fails to the last one.
    const records = pipeline(
      source,
      (chunks: AsyncIterable<Uint8Array>) => onlyUtf8(chunks, file),
      parse(options),
      () => undefined,
    )
    for await (const item of records as AsyncIterable<unknown>) {
      const taken = take(item)
      if (taken === false) break
      if (taken instanceof Promise) await taken
    }
  } finally {
    // A file that was not read to its end stays open otherwise.
    source.destroy()
  }
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

/** The lines on which records start; `read` has to read the file once more. */
async function linesOf(
  read: (take: Take, options: Options) => Promise<void>,
  wanted: ReadonlySet<number>,
): Promise<ReadonlyMap<number, number>> {
  const found = new Map<number, number>()
  const lines = new Lines()
  let index = 0
  const take: Take = (item) => {
    const { record, info } = item as { record: readonly string[]; info: { lines: number } }
    const line = lines.startOf(record, info.lines)
    if (wanted.has(index)) found.set(index, line)
    index++
    return found.size < wanted.size
  }
  await read(take, { info: true })
  return found
}

/**
 * Reads rows from CSV text: cells are converted by the row's JSON Schema, rows checked by the schema.
 *
 * Where a record stands in the file is costly to know: a file with problems is opened and read a second time to
 * name their lines.
 */
export async function readCsv(
  open: () => Readable,
  row: Schema,
  file: string,
  options: CsvOptions = {},
): Promise<ColumnTable> {
  const { CsvError } = await import('csv-parse')
  const parsing: Options = {
    bom: true,
    delimiter: options.delimiter ?? ',',
    from_line: (options.skipLines ?? 0) + 1,
    // Named, so that files with both kinds of line ends are read as well.
    record_delimiter: ['\r\n', '\n', '\r'],
    relax_column_count: true,
    skip_empty_lines: true,
  }
  const read = (take: Take, more?: Options): Promise<void> =>
    readRecords(open(), file, { ...parsing, ...more }, take)
  const reader = new RowReader(row, file, options)
  try {
    await read((record) => reader.add(record as readonly string[]))
    const { badRecords } = reader
    const lines = badRecords.size === 0 ? undefined : await linesOf(read, badRecords)
    return reader.build((record) => `line ${lines?.get(record) ?? '?'}`)
  } catch (error) {
    if (!(error instanceof CsvError)) throw error
    throw new PipewrightError('INPUT_INVALID', `file '${file}' is no CSV: ${error.message}`, { cause: error })
  }
}
