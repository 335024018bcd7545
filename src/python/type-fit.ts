import type { Json, JsonObject } from '../internal/json.ts'
import type { KindDeclaration } from '../artifact/kind.ts'
import type { PythonType } from './signature.ts'

/** The type as Python writes it. */
export function pythonText(type: PythonType): string {
  switch (type.type) {
    case 'list':
      return `list[${pythonText(type.of)}]`
    case 'dict':
      return `dict[str, ${pythonText(type.of)}]`
    case 'union':
      return type.of.map(pythonText).join(' | ')
    case 'literal':
      return `Literal[${type.of.map((one) => JSON.stringify(one)).join(', ')}]`
    case 'record':
      return `a TypedDict of ${Object.keys(type.fields).join(', ')}`
    case 'none':
      return 'None'
    case 'table':
      return 'a frame'
    case 'path':
      return 'Path'
    default:
      return type.type
  }
}

/** Tells why a type cannot hold what an input gives; undefined where it can, or nothing says that it cannot. */
export function misfit(type: PythonType, declared: KindDeclaration): string | undefined {
  const { kind, schema, of } = declared
  if (type.type === 'any') return undefined
  if (type.type === 'union') {
    if (schema === undefined) {
      const reasons = type.of.map((one) => misfit(one, declared))
      return reasons.includes(undefined) ? undefined : reasons[0]
    }
    return misfitOfSchema(type, schema)
  }
  const refuse = (what: string): string => `${pythonText(type)} cannot hold ${what}`
  switch (kind) {
    case 'table':
      return type.type === 'table' || type.type === 'list' ? undefined : refuse('a table')
    case 'file':
    case 'directory':
      return type.type === 'path' || type.type === 'str' ? undefined : refuse(`the path of a ${kind}`)
    case 'list':
      if (type.type !== 'list') return refuse('a list')
      return of === undefined ? undefined : misfit(type.of, of)
    case 'metrics':
      return type.type === 'dict' || type.type === 'record' ? undefined : refuse('metrics, which are a dict')
    default:
      return schema === undefined ? undefined : misfitOfSchema(type, schema)
  }
}

/** A schema of one type for each that it allows; none where it does not say. */
function casesOf(schema: JsonObject): readonly JsonObject[] {
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

function misfitOfSchema(type: PythonType, schema: JsonObject): string | undefined {
  const wanted = type.type === 'union' ? type.of : [type]
  for (const one of casesOf(schema)) {
    const reasons = wanted.map((alternative) => misfitOfCase(alternative, one))
    if (!reasons.includes(undefined)) return reasons.length === 1 ? reasons[0] : refusal(type, one)
  }
  return undefined
}

function refusal(type: PythonType, { type: name, const: value }: JsonObject): string {
  const what = value === undefined ? words[name as string] : JSON.stringify(value)
  return `${pythonText(type)} cannot hold ${what}`
}

const scalars: Readonly<Record<string, readonly string[]>> = {
  int: ['integer'],
  float: ['integer', 'number'],
  str: ['string'],
  bool: ['boolean'],
  none: ['null'],
}

function misfitOfCase(type: PythonType, schema: JsonObject): string | undefined {
  const name = schema['type'] as string
  const refuse = (): string => refusal(type, schema)
  switch (type.type) {
    case 'any':
      return undefined
    case 'union':
      return misfitOfSchema(type, schema)
    case 'literal':
      if (schema['const'] === undefined) return refuse()
      return type.of.includes(schema['const']) ? undefined : refuse()
    case 'list':
      if (name !== 'array') return refuse()
      return isObject(schema['items']) ? misfitOfSchema(type.of, schema['items']) : undefined
    case 'dict': {
      if (name !== 'object') return refuse()
      const { additionalProperties: others, properties = {} } = schema
      const values = [...Object.values(properties as JsonObject), others]
      return values
        .filter(isObject)
        .map((one) => misfitOfSchema(type.of, one))
        .find((reason) => reason !== undefined)
    }
    case 'record': {
      if (name !== 'object') return refuse()
      const properties = (schema['properties'] ?? {}) as JsonObject
      const required = Array.isArray(schema['required']) ? (schema['required'] as Json[]) : []
      const missing = Object.keys(type.fields).find(
        (field) => type.fields[field]!.required && !required.includes(field),
      )
      if (missing !== undefined) return `it asks for the key '${missing}', which may not be there`
      for (const [field, own] of Object.entries(type.fields)) {
        const given = properties[field]
        const reason = isObject(given) ? misfitOfSchema(own, given) : undefined
        if (reason !== undefined) return `its key '${field}': ${reason}`
      }
      return undefined
    }
    default:
      return scalars[type.type]?.includes(name) === true ? undefined : refuse()
  }
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
