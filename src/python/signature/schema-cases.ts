import type { Json, JsonObject } from '../../internal/json.ts'

/** A schema of one type for each that it allows; none where it does not say. */
export function casesOf(schema: JsonObject): readonly JsonObject[] {
  const either = schema['anyOf'] ?? schema['oneOf']
  if (Array.isArray(either)) {
    const cases = (either as JsonObject[]).map(casesOf)
    return cases.some((one) => one.length === 0) ? [] : cases.flat()
  }
  const values = 'const' in schema ? [schema['const']!] : schema['enum']
  if (Array.isArray(values)) return (values as Json[]).map((value) => ({ const: value, type: typeOf(value) }))
  const { type } = schema
  if (Array.isArray(type)) return (type as string[]).map((one) => ({ ...schema, type: one }))
  return typeof type === 'string' ? [schema] : []
}

function typeOf(value: Json): string {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return Number.isInteger(value) ? 'integer' : typeof value
}

const words: Readonly<Record<string, string>> = {
  string: 'texts',
  number: 'numbers with fractions',
  integer: 'whole numbers',
  boolean: 'booleans',
  null: 'null',
  array: 'lists',
  object: 'objects',
}

/** What a case stands for, in words. */
export function caseText({ type, const: value }: JsonObject): string {
  return value === undefined ? words[type as string]! : JSON.stringify(value)
}

/** The properties of a schema of objects that are described. */
export function propertiesOf(schema: JsonObject): Readonly<Record<string, JsonObject>> {
  const properties = isObject(schema['properties']) ? schema['properties'] : {}
  return Object.fromEntries(
    Object.entries(properties).filter((entry): entry is [string, JsonObject] => isObject(entry[1])),
  )
}

/** The names of the properties that must be there. */
export function requiredOf(schema: JsonObject): readonly string[] {
  const { required } = schema
  return Array.isArray(required) ? (required as string[]) : []
}

/** The schema of the item of a list at a place; undefined where nothing says it. */
export function itemAt(schema: JsonObject, index: number): JsonObject | undefined {
  const { prefixItems, items } = schema
  const item = Array.isArray(prefixItems) && index < prefixItems.length ? prefixItems[index] : items
  return isObject(item) ? item : undefined
}

export function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
