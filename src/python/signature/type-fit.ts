import type { JsonObject } from '../../internal/json.ts'
import { own } from '../../internal/own.ts'
import type { KindDeclaration } from '../../artifact/kind.ts'
import { asTuple } from './plain-data.ts'
import { pythonText } from './python-text.ts'
import { casesOf, caseText, isObject, itemAt, propertiesOf, requiredOf } from './schema-cases.ts'
import type { PythonRecord, PythonType } from './signature.ts'

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
      if (type.type !== 'table') return type.type === 'list' ? undefined : refuse('a table')
      return type.of === undefined || schema === undefined ? undefined : misfitOfFields(type.of, schema)
    case 'file':
    case 'directory':
      return ['path', 'directory', 'str'].includes(type.type) ? undefined : refuse(`the path of a ${kind}`)
    case 'model':
      return ['path', 'directory', 'str', 'model'].includes(type.type)
        ? undefined
        : refuse('a model, which is a path')
    case 'list':
      if (type.type !== 'list') return refuse('a list')
      return of === undefined ? undefined : misfit(type.of, of)
    case 'metrics':
      return type.type === 'dict' || type.type === 'record' ? undefined : refuse('metrics, which are a dict')
    default:
      return schema === undefined ? undefined : misfitOfSchema(type, schema)
  }
}

function misfitOfSchema(type: PythonType, schema: JsonObject): string | undefined {
  const wanted = type.type === 'union' ? type.of : [type]
  for (const one of casesOf(schema)) {
    const reasons = wanted.map((alternative) => misfitOfCase(alternative, one))
    if (!reasons.includes(undefined)) return reasons.length === 1 ? reasons[0] : refusal(type, one)
  }
  return undefined
}

function refusal(type: PythonType, schema: JsonObject): string {
  return `${pythonText(type)} cannot hold ${caseText(schema)}`
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
    case 'tuple': {
      if (name !== 'array') return refuse()
      return type.of
        .map((one, index) => {
          const item = itemAt(schema, index)
          return item === undefined ? undefined : misfitOfSchema(one, item)
        })
        .find((reason) => reason !== undefined)
    }
    case 'dict': {
      if (name !== 'object') return refuse()
      const { additionalProperties: others, properties = {} } = schema
      const values = [...Object.values(properties as JsonObject), others]
      return values
        .filter(isObject)
        .map((one) => misfitOfSchema(type.of, one))
        .find((reason) => reason !== undefined)
    }
    case 'record':
      if (type.form === 'NamedTuple' && name === 'array') return misfitOfCase(asTuple(type), schema)
      return name === 'object' ? misfitOfFields(type, schema) : refuse()
    default:
      return scalars[type.type]?.includes(name) === true ? undefined : refuse()
  }
}

function misfitOfFields({ fields }: PythonRecord, schema: JsonObject): string | undefined {
  const properties = propertiesOf(schema)
  const required = requiredOf(schema)
  for (const [name, field] of Object.entries(fields)) {
    if (field.required && !required.includes(name))
      return `it asks for the key '${name}', which may not be there`
    const given = own(properties, name)
    const reason = given === undefined ? undefined : misfitOfSchema(field, given)
    if (reason !== undefined) return `its key '${name}': ${reason}`
  }
  return undefined
}
