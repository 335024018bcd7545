import type { Json } from '../internal/json.ts'
import type { Artifact } from '../artifact/artifact.ts'
import type { Value } from '../record/event.ts'

/** No value: of what was skipped, or is not there. */
export const absent: Value = { absent: true }

/** The way to a part of a value. */
export type Pick = readonly (string | number)[]

/** The part of a value; a stored list that an item is picked from stays as it is, see `#part`. */
export function picked(value: Value, pick: Pick | undefined): Value {
  if (pick === undefined || pick.length === 0 || 'absent' in value) return value
  const [key, ...rest] = pick as [string | number, ...Pick]
  if ('artifact' in value) {
    const { kind, meta } = value.artifact
    if (kind === 'list' && value.pick === undefined && key === 'length')
      return picked({ value: meta?.['count'] ?? null }, rest)
    return { ...value, pick: [...(value.pick ?? []), ...pick] }
  }
  if ('list' in value) {
    if (key === 'length') return picked({ value: value.list.length }, rest)
    return picked((typeof key === 'number' ? value.list[key] : undefined) ?? absent, rest)
  }
  let data: unknown = value.value
  for (const part of pick)
    data =
      typeof data === 'object' && data !== null && Object.hasOwn(data, part)
        ? (data as Record<string | number, unknown>)[part]
        : undefined
  return data === undefined ? absent : { value: data as Json }
}

/** An item with the list that it is of: for the lineage, whoever reads it has read of that. */
export function itemOf(list: Artifact, artifact: Artifact): Value {
  return { artifact, of: list.digest }
}
