import { readFile, mkdir, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { canonicalJson } from '../internal/canonical.ts'
import { PipewrightError } from '../internal/error.ts'
import type { Json } from '../internal/json.ts'
import type { DirectoryHandle } from '../artifact/directory.ts'
import { isFileKind, type FileHandle } from '../artifact/file.ts'
import type { ForeignModel } from '../artifact/foreign-model.ts'
import type { Kind } from '../artifact/kind.ts'
import { itemKind } from '../artifact/list.ts'
import { restoreNumbers } from '../artifact/metrics.ts'
import { rowShape } from '../artifact/row-schema.ts'
import { isTableKind } from '../artifact/table.ts'
import { toIpc } from '../artifact/table-arrow.ts'
import type { Column } from '../artifact/table-columns.ts'
import { ColumnTable } from '../artifact/table-value.ts'
import { foreignReport } from './foreign-report.ts'
import { foreignRows } from './foreign-rows.ts'
import type { Carried, WorkerColumn, WorkerInput, WorkerOutput, WorkerOutputKind } from './protocol.ts'

/** What is longer as JSON, in characters, travels in a file. */
const longestInline = 64 * 1024

/** A folder for what is too long for a message, made when it is first needed. */
export class Exchange {
  /** Counted over all: what is answered later must not overwrite what was given, or answered, before. */
  static #files = 0
  readonly folder: string

  constructor(folder: string) {
    this.folder = folder
  }

  async write(name: string, pieces: string | readonly Uint8Array[] | Iterable<string>): Promise<string> {
    await mkdir(this.folder, { recursive: true })
    const path = join(this.folder, `in-${++Exchange.#files}-${name}`)
    await writeFile(path, pieces as string)
    return path
  }

  /** A value for a message, or for a file where it is long. */
  async carried(value: unknown, options: { readonly nonFinite?: boolean } = {}): Promise<Carried> {
    const text = canonicalJson(value, options)
    if (text.length > longestInline) return { file: await this.write('value.json', text) }
    return { value: JSON.parse(text) as Json }
  }
}

/** What JSON cannot hold in a cell. */
function markedCell(cell: unknown): unknown {
  if (cell instanceof Date) return { $date: cell.getTime() }
  if (typeof cell === 'number' && !Number.isFinite(cell)) return { $number: String(cell) }
  return typeof cell === 'bigint' ? { $bigint: String(cell) } : cell
}

function* rowLines(table: ColumnTable): Generator<string> {
  for (const row of table.rows()) {
    for (const [name, cell] of Object.entries(row)) row[name] = markedCell(cell)
    yield `${JSON.stringify(row)}\n`
  }
}

function columnOf({ name, type, valid, missing }: Column, types: readonly string[]): WorkerColumn {
  const isInteger = type === 'number' && types.includes('integer') && !types.includes('number')
  return { name, type: isInteger ? 'integer' : type, ...(valid === undefined ? {} : { missing }) }
}

async function tableInput(
  kind: Kind<unknown, never>,
  value: unknown,
  formats: readonly string[],
  exchange: Exchange,
): Promise<WorkerInput> {
  // The kind of the step may be of another copy of the package.
  const table = ColumnTable.from(value)!
  const columns = ColumnTable.columnsOf(table)
  const shape = isTableKind(kind) ? rowShape(kind.row, 'output') : undefined
  const told = columns.map((column) => columnOf(column, shape?.properties.get(column.name) ?? []))
  if (!formats.includes('arrow'))
    return {
      kind: 'table',
      format: 'rows',
      file: await exchange.write('rows.ndjson', rowLines(table)),
      columns: told,
    }
  const file = await exchange.write('table.arrow', await toIpc(columns, table.length))
  return { kind: 'table', format: 'arrow', file, columns: told }
}

/** A decoded input as a worker takes it. */
export async function toWorkerInput(
  kind: Kind<unknown, never>,
  value: unknown,
  formats: readonly string[],
  exchange: Exchange,
): Promise<WorkerInput> {
  switch (kind.name) {
    case 'json':
    case 'metrics':
      return { kind: kind.name, ...(await exchange.carried(value, { nonFinite: kind.name === 'metrics' })) }
    case 'table':
      return tableInput(kind, value, formats, exchange)
    case 'file': {
      const file = value as FileHandle
      return { kind: 'file', path: await file.path(), mediaType: file.mediaType }
    }
    case 'directory':
      return { kind: 'directory', path: await (value as DirectoryHandle).path() }
    case 'model': {
      const model = value as ForeignModel
      return { kind: 'model', path: await model.path(), format: model.format, signature: model.signature }
    }
    case 'list': {
      const items: WorkerInput[] = []
      for (const item of value as readonly unknown[])
        items.push(await toWorkerInput(itemKind(kind)!, item, formats, exchange))
      return { kind: 'list', items }
    }
    default:
      throw new PipewrightError(
        'KIND_MISMATCH',
        `a ${kind.name} cannot be given to a function of another language`,
        {
          fix: 'give it as a file, a table or a json value',
        },
      )
  }
}

/** What an output is declared as, for a worker. */
export function toWorkerOutputKind(kind: Kind<unknown, never>): WorkerOutputKind {
  const item = itemKind(kind)
  if (item !== undefined) return { kind: 'list', of: toWorkerOutputKind(item) }
  if (isFileKind(kind)) return { kind: 'file', mediaType: kind.mediaType }
  return { kind: kind.name } as WorkerOutputKind
}

/** What a message carries. */
export async function uncarried(carried: Carried): Promise<unknown> {
  return 'file' in carried ? (JSON.parse(await readFile(carried.file, 'utf8')) as unknown) : carried.value
}

/** What a worker has returned, as a step of this process returns it. */
export async function fromWorkerOutput(
  kind: Kind<unknown, never>,
  output: WorkerOutput,
  workdir: string,
): Promise<unknown> {
  switch (output.kind) {
    case 'table':
      return isTableKind(kind) ? foreignRows(output, kind.row) : undefined
    case 'directory':
    case 'model':
      if (resolve(output.path) === resolve(workdir))
        throw new PipewrightError(
          'OUTPUT_INVALID',
          'the folder of the attempt itself is returned, which holds its inputs too',
          { fix: 'write into a folder of its own, and return that' },
        )
      return output.kind === 'model' && output.signature !== undefined
        ? { content: output.path, signature: output.signature }
        : output.path
    case 'file':
      return output.path
    case 'list': {
      const item = itemKind(kind)
      const items: unknown[] = []
      if (item !== undefined)
        for (const one of output.items) items.push(await fromWorkerOutput(item, one, workdir))
      return items
    }
    case 'metrics':
      return restoreNumbers(await uncarried(output))
    case 'report':
      return foreignReport(output)
    default:
      return uncarried(output)
  }
}
