import type { Json, JsonObject } from '../../internal/json.ts'
import { chanceOf } from './chance.ts'

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function wholeNumber(schema: JsonObject, chance: number): number {
  const { minimum, maximum } = schema
  const from = typeof minimum === 'number' ? minimum : 0
  const to = typeof maximum === 'number' ? Math.min(maximum, from + 0xffff_ffff) : from + 0xffff_ffff
  return from + (chance % (Math.floor(to - from) + 1))
}

/** A value of a type, as a JSON Schema says it, that follows from a text; a number where the schema says nothing. */
export function madeUp(schema: JsonObject | undefined, text: string): Json {
  const chance = chanceOf(text)
  const { enum: options, const: only, type, properties, items, anyOf } = schema ?? {}
  if (only !== undefined) return only
  if (Array.isArray(options)) return (options as readonly Json[])[chance % options.length]!
  if (Array.isArray(anyOf) && isObject(anyOf[0] as Json)) return madeUp(anyOf[0] as JsonObject, text)
  switch (type) {
    case 'boolean':
      return chance % 3 !== 0
    case 'string':
      return `k/${chance % 1_000}`
    case 'null':
      return null
    case 'array': {
      const each = isObject(items) ? items : undefined
      return Array.from({ length: chance % 5 }, (_, at) => madeUp(each, `${text} ${at}`))
    }
    case 'object':
      return Object.fromEntries(
        Object.entries(isObject(properties) ? properties : {}).map(([name, member]) => [
          name,
          madeUp(isObject(member) ? member : undefined, `${text} ${name}`),
        ]),
      )
    default:
      return wholeNumber(schema ?? {}, chance)
  }
}
