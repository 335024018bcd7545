import { createWriteStream } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { itemKind } from '../artifact/list.ts'
import type { Kind } from '../artifact/kind.ts'
import { textPieces } from '../artifact/table-text.ts'
import type { Table } from '../artifact/table.ts'
import { fileName } from '../artifact/workdir.ts'
import type { Kinds } from '../define/spec.ts'
import type { CommandPaths } from './paths.ts'
import type { Substitute } from './template.ts'

/** The name that stands for a file with all json inputs, as one JSON object. */
export const inputsFile = 'inputs'

/** What a json value is as an argument: a text as it is, anything else as JSON; of a list each item is one. */
function jsonArgument(value: unknown): Substitute {
  if (value === undefined || typeof value === 'string') return value
  return Array.isArray(value) ? value.map((item) => jsonArgument(item) as string) : JSON.stringify(value)
}

async function argument(
  value: unknown,
  kind: Kind<unknown, never>,
  name: string,
  workdir: string,
  paths: CommandPaths,
): Promise<Substitute> {
  if (value === undefined) return undefined
  const item = itemKind(kind)
  if (item !== undefined) {
    const items: string[] = []
    for (const [index, one] of (value as unknown[]).entries())
      items.push((await argument(one, item, `${name}[${index}]`, workdir, paths)) as string)
    return items
  }
  if (kind.name === 'json') return jsonArgument(value)
  if (kind.name !== 'table') return paths.input(await (value as { path(): Promise<string> }).path())
  const path = join(workdir, `${fileName(name)}.csv`)
  await pipeline(Readable.from(textPieces(value as Table<unknown>, 'csv')), createWriteStream(path))
  return paths.input(path)
}

/** What stands for the inputs of a command: json as text, files and directories by their paths, tables as CSV files. */
export async function inputArguments(
  inputs: Readonly<Record<string, unknown>>,
  kinds: Kinds,
  workdir: string,
  wanted: ReadonlySet<string>,
  paths: CommandPaths,
): Promise<Record<string, Substitute>> {
  const values: Record<string, Substitute> = {}
  const data: Record<string, unknown> = {}
  for (const [name, kind] of Object.entries(kinds)) {
    if (kind.name === 'json') data[name] = inputs[name]
    if (wanted.has(name)) values[name] = await argument(inputs[name], kind, name, workdir, paths)
  }
  if (wanted.has(inputsFile)) {
    const path = join(workdir, `${inputsFile}.json`)
    await writeFile(path, JSON.stringify(data))
    values[inputsFile] = paths.input(path)
  }
  return values
}
