import type { Json, JsonObject } from '../../internal/json.ts'
import { own } from '../../internal/own.ts'
import type { JsonKind } from '../../artifact/json.ts'
import type { Kind, KindDeclaration } from '../../artifact/kind.ts'
import { itemKind } from '../../artifact/list.ts'
import { jsonSchemaOf } from '../../artifact/schema.ts'
import { isTableKind } from '../../artifact/table.ts'
import { asTuple, mayBeMissing } from './plain-data.ts'
import { pythonText } from './python-text.ts'
import { casesOf, caseText, isObject, itemAt, propertiesOf, requiredOf } from './schema-cases.ts'
import type { PythonRecord, PythonType } from './signature.ts'

/**
 * Tells why an output cannot take what a function returns for it; undefined where it can, or nothing says that it cannot.
 * A schema that takes less of the same type is no misfit: it is what checks the value.
 */
export function returnedMisfit(type: PythonType, kind: Kind<unknown, never>): string | undefined {
  if (type.type === 'any') return undefined
  const item = itemKind(kind)
  if (type.type === 'table' && type.of !== undefined && isTableKind(kind)) {
    const schema = jsonSchemaOf(kind.row, 'input')
    return schema === undefined ? undefined : misfitOfFields(type.of, schema)
  }
  if (kind.name === 'json') {
    // What a schema takes: it may give something else.
    const schema = jsonSchemaOf((kind as unknown as JsonKind<unknown>).schema, 'input')
    return schema === undefined ? undefined : misfitOfSchema(type, schema)
  }
  if (type.type === 'union') return firstReason(type.of, (one) => returnedMisfit(one, kind))
  if (item !== undefined && type.type === 'list') return returnedMisfit(type.of, item)
  const taken = takenBy[kind.name]
  return taken === undefined || taken.includes(type.type)
    ? undefined
    : `${pythonText(type)} is returned, and it takes ${kind.name === 'list' ? 'a list' : `a ${kind.name}`}`
}

const takenBy: Readonly<Partial<Record<KindDeclaration['kind'], readonly PythonType['type'][]>>> = {
  table: ['table', 'list'],
  file: ['path', 'str', 'bytes'],
  directory: ['path', 'directory', 'str'],
  model: ['path', 'directory', 'str', 'bytes', 'model'],
  list: ['list', 'tuple'],
  metrics: ['dict', 'record'],
}

function firstReason<T>(
  list: readonly T[],
  reasonOf: (one: T, index: number) => string | undefined,
): string | undefined {
  return list.map(reasonOf).find((reason) => reason !== undefined)
}

function misfitOfSchema(type: PythonType, schema: JsonObject): string | undefined {
  const cases = casesOf(schema)
  if (cases.length === 0) return undefined
  if (type.type === 'union') return firstReason(type.of, (one) => misfitOfSchema(one, schema))
  if (type.type === 'literal') return firstReason(type.of, (value) => misfitOfValue(value, cases))
  const reasons = cases.map((one) => misfitOfCase(type, one))
  if (reasons.includes(undefined)) return undefined
  return reasons.length === 1 ? reasons[0] : refusal(pythonText(type), cases)
}

function refusal(given: string, cases: readonly JsonObject[]): string {
  const taken = new Set(cases.map((one) => (isOf(one, 'number') ? 'numbers' : caseText(one))))
  return `${given} is returned, and the schema takes ${[...taken].join(' or ')}`
}

function isOf({ type, const: value }: JsonObject, name: string): boolean {
  return type === name && value === undefined
}

function misfitOfValue(value: Json, cases: readonly JsonObject[]): string | undefined {
  const names =
    value === null ? ['null'] : Number.isInteger(value) ? ['integer', 'number'] : [typeof value as string]
  const isTaken = cases.some((one) =>
    one['const'] === undefined ? names.includes(one['type'] as string) : one['const'] === value,
  )
  return isTaken ? undefined : refusal(JSON.stringify(value), cases)
}

const scalars: Readonly<Record<string, readonly string[]>> = {
  int: ['integer', 'number'],
  float: ['number'],
  str: ['string'],
  bool: ['boolean'],
  none: ['null'],
}

function misfitOfCase(type: PythonType, schema: JsonObject): string | undefined {
  const name = schema['type'] as string
  const refuse = (): string => refusal(pythonText(type), [schema])
  switch (type.type) {
    case 'any':
      return undefined
    case 'union':
    case 'literal':
      return misfitOfSchema(type, schema)
    case 'list': {
      if (name !== 'array') return refuse()
      const items = itemAt(schema, 0)
      return items === undefined ? undefined : misfitOfSchema(type.of, items)
    }
    case 'tuple':
      if (name !== 'array') return refuse()
      return firstReason(type.of, (one, index) => {
        const item = itemAt(schema, index)
        return item === undefined ? undefined : misfitOfSchema(one, item)
      })
    case 'dict': {
      if (name !== 'object') return refuse()
      const values = [...Object.values(propertiesOf(schema)), schema['additionalProperties']]
      return firstReason(values.filter(isObject), (one) => misfitOfSchema(type.of, one))
    }
    case 'record':
      if (type.form === 'NamedTuple') return misfitOfCase(asTuple(type), schema)
      return name === 'object' ? misfitOfFields(type, schema) : refuse()
    default:
      return scalars[type.type]?.includes(name) === true ? undefined : refuse()
  }
}

function misfitOfFields(record: PythonRecord, schema: JsonObject): string | undefined {
  const { fields } = record
  for (const name of requiredOf(schema)) {
    const field = own(fields, name)
    if (field === undefined) return `it has no key '${name}'`
    if (mayBeMissing(record, field)) return `its key '${name}' may not be there`
  }
  const properties = propertiesOf(schema)
  return firstReason(Object.entries(fields), ([name, field]) => {
    const property = own(properties, name)
    if (property === undefined)
      return schema['additionalProperties'] === false
        ? `it has the key '${name}', which the schema refuses`
        : undefined
    const reason = misfitOfSchema(field, property)
    return reason === undefined ? undefined : `its key '${name}': ${reason}`
  })
}
