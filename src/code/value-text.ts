import { sha256, type Digest } from '../internal/digest.ts'

/** A value whose content cannot be told. */
export class Unreadable extends Error {}

/** What {@link valueText} is told of values that are more than their data. */
export interface ValueGuide {
  /** The text of a function's code and of what it has captured; throws {@link Unreadable}. */
  ofFunction(value: (...values: never[]) => unknown): string
  /** The digest of a step or a predictor; undefined for anything else. */
  ofDefinition(value: object): Digest | undefined
}

const mostParts = 1_000_000

/** A text that is equal for equal content, and for nothing else. Throws {@link Unreadable}, with the place. */
export function valueText(root: unknown, guide: ValueGuide): string {
  const parts: string[] = []
  const seen = new Map<object, number>()
  const fail = (place: string, what: string): never => {
    throw new Unreadable(place === '' ? `it is ${what}` : `${place} is ${what}`)
  }
  const write = (value: unknown, place: string): void => {
    if (parts.length > mostParts) fail('', 'too large')
    switch (typeof value) {
      case 'string':
        parts.push(JSON.stringify(value))
        return
      case 'number':
        parts.push(Object.is(value, -0) ? '-0' : String(value))
        return
      case 'bigint':
        parts.push(`${value}n`)
        return
      case 'boolean':
      case 'undefined':
        parts.push(String(value))
        return
      case 'symbol': {
        const key = Symbol.keyFor(value)
        if (key === undefined) fail(place, 'a symbol')
        parts.push(`symbol ${JSON.stringify(key)}`)
        return
      }
      case 'function':
        writeOnce(value, () => parts.push(`function ${guide.ofFunction(value as never)}`))
        return
      case 'object':
        if (value === null) parts.push('null')
        else writeOnce(value, () => writeObject(value, place))
    }
  }
  const writeOnce = (value: object, first: () => void): void => {
    const number = seen.get(value)
    if (number !== undefined) return void parts.push(`same ${number}`)
    seen.set(value, seen.size)
    first()
  }
  const writeAll = (values: Iterable<unknown>, place: string): void => {
    parts.push('[')
    let index = 0
    for (const value of values) {
      write(value, `${place}[${index++}]`)
      parts.push(',')
    }
    parts.push(']')
  }
  const writeObject = (value: object, place: string): void => {
    const definition = guide.ofDefinition(value)
    if (definition !== undefined) parts.push(`definition ${definition}`)
    else if (Array.isArray(value)) writeAll(value as unknown[], place)
    else if (value instanceof Map) {
      parts.push('map ')
      writeAll(value, place)
    } else if (value instanceof Set) {
      parts.push('set ')
      writeAll(value, place)
    } else if (value instanceof Date) parts.push(`date ${value.getTime()}`)
    else if (value instanceof RegExp) parts.push(`pattern ${String(value)} ${value.lastIndex}`)
    else if (value instanceof URL) parts.push(`url ${JSON.stringify(value.href)}`)
    else if (value instanceof ArrayBuffer) parts.push(`bytes ${sha256(new Uint8Array(value))}`)
    else if (ArrayBuffer.isView(value)) {
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      parts.push(`${value.constructor.name} ${sha256(bytes)}`)
    } else writeRecord(value, place)
  }
  const writeRecord = (value: object, place: string): void => {
    if ('~standard' in value) fail(place, 'a schema')
    const prototype = Object.getPrototypeOf(value) as { constructor?: unknown } | null
    if (prototype !== null && prototype !== Object.prototype) {
      const made = prototype.constructor
      if (typeof made !== 'function') return fail(place, 'an object of an unknown class')
      // What the platform's own objects hold, and private members, are nobody's to read.
      const text = Function.prototype.toString.call(made)
      if (/\[native code\]/.test(text)) fail(place, `an instance of ${made.name}`)
      if (/#\w/.test(text)) fail(place, `an instance of ${made.name}, which has private members`)
      parts.push(`instance of ${guide.ofFunction(made as never)} `)
    }
    parts.push('{')
    for (const key of Reflect.ownKeys(value).toSorted((a, b) => (String(a) < String(b) ? -1 : 1))) {
      const property = Object.getOwnPropertyDescriptor(value, key)!
      const at = `${place}.${String(key)}`
      if (!('value' in property)) fail(at, 'computed when it is read')
      write(key, at)
      parts.push(':')
      write(property.value, at)
      parts.push(',')
    }
    parts.push('}')
  }
  write(root, '')
  return parts.join('')
}
