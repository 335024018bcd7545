import type { Json, JsonObject } from '../internal/json.ts'
import type { KindDeclaration } from '../artifact/kind.ts'

/** Deeper parts of a type are left out. */
const deepest = 3

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function inParentheses(text: string): string {
  return text.includes(' | ') ? `(${text})` : text
}

function limits(schema: JsonObject): string {
  const bounds = [
    ['>=', schema['minimum']],
    ['>', schema['exclusiveMinimum']],
    ['<=', schema['maximum']],
    ['<', schema['exclusiveMaximum']],
  ] as const
  // What a library adds to whole numbers says nothing.
  const parts = bounds.flatMap(([sign, bound]) =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER ? [`${sign} ${bound}`] : [],
  )
  return parts.length === 0 ? '' : ` ${parts.join(' and ')}`
}

function objectText(schema: JsonObject, depth: number): string {
  const { properties, required, additionalProperties } = schema
  const names = new Set(Array.isArray(required) ? (required as readonly Json[]) : [])
  const members = Object.entries(isObject(properties) ? properties : {}).map(
    ([name, member]) => `${name}${names.has(name) ? '' : '?'}: ${schemaText(member, depth - 1)}`,
  )
  if (members.length > 0) return depth <= 0 ? '{ … }' : `{ ${members.join(', ')} }`
  return isObject(additionalProperties)
    ? `{ [name]: ${schemaText(additionalProperties, depth - 1)} }`
    : 'object'
}

/** A JSON Schema as a type in the notation of TypeScript; `any` where it does not tell. */
export function schemaText(schema: Json | undefined, depth = deepest): string {
  if (!isObject(schema)) return 'any'
  const { type, enum: values, const: constant, anyOf, oneOf, items, prefixItems, format } = schema
  if (constant !== undefined) return JSON.stringify(constant)
  if (Array.isArray(values))
    return (values as readonly Json[]).map((value) => JSON.stringify(value)).join(' | ')
  const either = anyOf ?? oneOf
  if (Array.isArray(either)) {
    const texts = (either as readonly Json[]).map((one) => schemaText(one, depth))
    return [...new Set(texts)].join(' | ')
  }
  if (Array.isArray(type)) return (type as readonly Json[]).map(String).join(' | ')
  if (type === 'array') {
    if (Array.isArray(prefixItems))
      return `[${(prefixItems as readonly Json[]).map((one) => schemaText(one, depth - 1)).join(', ')}]`
    return `${inParentheses(schemaText(items, depth - 1))}[]`
  }
  if (type === 'object') return objectText(schema, depth)
  if (type === 'integer' || type === 'number') return `${type}${limits(schema)}`
  if (type === 'string') return typeof format === 'string' ? `string (${format})` : 'string'
  return typeof type === 'string' ? type : 'any'
}

/** What is given for an input of a pipeline, as a type. */
export function inputText({ kind, schema, mediaType, of }: KindDeclaration): string {
  if (kind === 'list') return `${inParentheses(of === undefined ? 'any' : inputText(of))}[]`
  if (kind === 'file')
    return mediaType === undefined || mediaType === 'application/octet-stream'
      ? 'path'
      : `path (${mediaType})`
  return kind === 'directory' ? 'path of a folder' : schemaText(schema)
}
