import type { Json, JsonObject } from '../internal/json.ts'
import { nearest } from '../internal/nearest.ts'

/** A property that a schema does not know, with the one that was most likely meant. */
export interface Misnamed {
  /** Of the object that has it, below the value: `.model[0]`; empty for the value itself. */
  readonly path: string
  readonly name: string
  readonly meant: string
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Properties of a value that its JSON Schema does not know, where it knows a near one that is not given. */
export function misnamedProperties(value: unknown, schema: Json | undefined, path = ''): Misnamed[] {
  if (!isObject(schema)) return []
  if (Array.isArray(value))
    return value.flatMap((item, index) => misnamedProperties(item, schema['items'], `${path}[${index}]`))
  const { properties, additionalProperties = false } = schema
  if (!isObject(value) || !isObject(properties)) return []
  // Any name is right where others are said to be.
  const isOpen = additionalProperties !== false
  const missing = Object.keys(properties).filter((name) => !Object.hasOwn(value, name))
  const found: Misnamed[] = []
  for (const [name, inner] of Object.entries(value)) {
    if (Object.hasOwn(properties, name)) {
      found.push(...misnamedProperties(inner, properties[name], `${path}.${name}`))
      continue
    }
    const meant = isOpen ? undefined : nearest(name, missing)
    if (meant !== undefined) found.push({ path, name, meant })
  }
  return found
}
