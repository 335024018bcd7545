import type { BlobReader } from '../artifact/blob.ts'
import { tableChanges } from '../artifact/table-changes.ts'
import { fromIpc } from '../artifact/table-read.ts'
import type { Value } from '../record/event.ts'

/** Larger tables are not read to explain something, in bytes. */
const largest = 256 * 1024 * 1024

/** What has changed between two tables, by line; nothing for other values, and where a table is gone. */
export async function valueChanges(before: Value, after: Value, blobs: BlobReader): Promise<string[]> {
  const tables = [before, after].flatMap((value) =>
    'artifact' in value && value.artifact.kind === 'table' && value.pick === undefined
      ? [value.artifact]
      : [],
  )
  const [a, b] = tables
  if (a === undefined || b === undefined || Math.max(a.size, b.size) > largest) return []
  const [old, now] = await Promise.all(tables.map((table) => blobs.bytes(table).catch(() => undefined)))
  if (old === undefined || now === undefined) return []
  return tableChanges(await fromIpc(old), await fromIpc(now))
}
