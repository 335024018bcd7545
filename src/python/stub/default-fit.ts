import type { Json } from '../../internal/json.ts'
import { own } from '../../internal/own.ts'
import type { PythonType } from '../signature/signature.ts'

/** Whether a value is one of a type, as its schema checks it. */
export function isOfType(value: Json, type: PythonType): boolean {
  switch (type.type) {
    case 'int':
      return Number.isInteger(value)
    case 'float':
      return typeof value === 'number'
    case 'str':
    case 'path':
    case 'directory':
    case 'model':
      return typeof value === 'string'
    case 'bool':
      return typeof value === 'boolean'
    case 'none':
      return value === null
    case 'literal':
      return type.of.includes(value)
    case 'union':
      return type.of.some((one) => isOfType(value, one))
    case 'list':
      return Array.isArray(value) && value.every((one) => isOfType(one as Json, type.of))
    case 'tuple':
      return (
        Array.isArray(value) &&
        value.length === type.of.length &&
        type.of.every((one, index) => isOfType(value[index] as Json, one))
      )
    case 'dict':
      return isRecord(value) && Object.values(value).every((one) => isOfType(one, type.of))
    case 'record':
      return (
        isRecord(value) &&
        Object.entries(type.fields).every(([name, field]) => {
          const member = own(value, name)
          return member === undefined ? !field.required : isOfType(member, field)
        })
      )
    default:
      return true
  }
}

function isRecord(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
