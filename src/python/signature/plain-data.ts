import { className } from './python-text.ts'
import type { PythonLiteral, PythonRecord, PythonType } from './signature.ts'

/** A class of which plain data is no instance. */
export type PythonInstance = (PythonRecord | PythonLiteral) & { readonly class: string }

/** Whether a class is none of plain dicts. */
export function isInstance(record: PythonRecord): record is PythonRecord & PythonInstance {
  return record.form !== 'TypedDict' && record.form !== 'dict'
}

/** The first class in a type of which what arrives is no instance: a worker passes on plain data. */
export function instanceIn(type: PythonType): PythonInstance | undefined {
  return firstIn([type], () => true)
}

/** The first class in what is returned that JSON holds no instance of: a NamedTuple is a list. */
export function refusedIn(type: PythonType): PythonInstance | undefined {
  return firstIn([type], ({ form }) => form !== 'NamedTuple')
}

function firstIn(
  types: readonly PythonType[],
  test: (one: PythonInstance) => boolean,
): PythonInstance | undefined {
  for (const type of types) {
    const isFound =
      type.type === 'record' ? isInstance(type) : type.type === 'literal' && type.form === 'Enum'
    if (isFound && test(type as PythonInstance)) return type as PythonInstance
    const found = firstIn(partsOf(type), test)
    if (found !== undefined) return found
  }
  return undefined
}

/** The types that a type is made of. */
export function partsOf(type: PythonType): readonly PythonType[] {
  switch (type.type) {
    case 'list':
    case 'dict':
      return [type.of]
    case 'tuple':
    case 'union':
      return type.of
    case 'record':
      return Object.values(type.fields)
    default:
      return []
  }
}

/** What a class is, with its name. */
export function instanceText({ form, class: name }: PythonInstance): string {
  const what = form === 'BaseModel' ? 'model' : form === 'Enum' ? 'enumeration' : form
  return `the ${what} ${className(name)}`
}

/** How a function makes an instance of what it has got. */
export function makingText(instance: PythonInstance, value: string): string {
  const name = className(instance.class)
  return instance.type === 'literal' ? `${name}(${value})` : `${name}(**${value})`
}

/** How a function turns an instance into a dict. */
export function dictText({ form }: PythonInstance, value: string): string {
  switch (form) {
    case 'BaseModel':
      return `${value}.model_dump()`
    case 'NamedTuple':
      return `${value}._asdict()`
    case 'Enum':
      return `${value}.value`
    default:
      return `dataclasses.asdict(${value})`
  }
}

/** A NamedTuple as JSON holds it: a list. */
export function asTuple({ fields }: PythonRecord): PythonType {
  return { type: 'tuple', of: Object.values(fields) }
}

/** The outputs that a function returns by name: the fields of its one class, or the keys of its dicts. */
export function returnedRecord(returns: PythonType): PythonRecord | undefined {
  if (returns.type === 'record') return returns
  if (returns.type !== 'union') return undefined
  const records = returns.of.filter((one) => one.type === 'record')
  return records.length === 1 ? records[0] : undefined
}

/** Whether what is returned is never a dict of outputs. */
export function isNoRecord({ type }: PythonType): boolean {
  return !['any', 'dict', 'record', 'union'].includes(type)
}

/** Whether a field may be missing in what a function returns: those of instances are always there. */
export function mayBeMissing(record: PythonRecord, { required }: { readonly required: boolean }): boolean {
  return !required && !isInstance(record)
}
