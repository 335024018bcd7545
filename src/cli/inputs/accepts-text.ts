import type { Json, JsonObject } from '../../internal/json.ts'

/** What a schema says of texts: it takes them alone, among others, or none. */
export type Takes = 'text' | 'text or other' | 'other' | 'unknown'

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function together(all: readonly Takes[]): Takes {
  // Null is written as `null`: a text that may be missing is a text.
  if (all.length === 0) return 'other'
  if (all.includes('unknown')) return 'unknown'
  if (all.every((one) => one === 'text')) return 'text'
  return all.every((one) => one === 'other') ? 'other' : 'text or other'
}

function ofType(type: Json): Takes {
  return type === 'string' ? 'text' : 'other'
}

/** Whether a JSON Schema takes texts. */
export function takesText(schema: Json | undefined): Takes {
  if (!isObject(schema)) return 'unknown'
  const { type, enum: values, const: constant, anyOf, oneOf, allOf } = schema
  if (constant !== undefined) return ofType(typeof constant)
  if (Array.isArray(values)) return together((values as readonly Json[]).map((value) => ofType(typeof value)))
  const either = anyOf ?? oneOf
  if (Array.isArray(either)) return together((either as readonly Json[]).map((one) => takesText(one)))
  if (Array.isArray(allOf))
    return (
      (allOf as readonly Json[]).map((one) => takesText(one)).find((one) => one !== 'unknown') ?? 'unknown'
    )
  if (Array.isArray(type)) return together((type as readonly Json[]).map(ofType))
  return type === undefined ? 'unknown' : ofType(type)
}
