import type { JsonValues } from '../execute/json-values.ts'
import type { Value } from '../record/event.ts'

const longest = 60

/** A value in a few words: small data as JSON, tables by their size and columns, all else by kind and digest. */
export async function shortText(value: Value, json: JsonValues): Promise<string> {
  if ('absent' in value) return '(none)'
  if ('list' in value) return `a list of ${value.list.length}`
  if ('artifact' in value) {
    const { kind, digest, meta, size } = value.artifact
    if (kind === 'table') {
      const columns = (meta?.['columns'] ?? []) as { readonly name: string }[]
      const names = columns.map(({ name }) => name).join(', ')
      return `table ${digest.slice(7, 19)}, ${Number(meta?.['rows'])} rows of ${names}`
    }
    if ((kind !== 'json' && kind !== 'metrics') || size > 10_000) return `${kind} ${digest.slice(7, 19)}`
  }
  const text = JSON.stringify(await json.load(value).catch(() => '(gone)')) ?? '(none)'
  return text.length <= longest ? text : `${text.slice(0, longest - 1)}…`
}
