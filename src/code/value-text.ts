import { types } from 'node:util'
import { sha256 } from '../internal/digest.ts'

/** A value whose content cannot be told. */
export class Unreadable extends Error {}

const mostParts = 5_000_000

/** What an instance of a class holds that its properties do not show. */
export interface InstanceParts {
  /** Its class, and those that this extends: names of code that counts. */
  readonly classes: readonly string[]
  /** Private fields. */
  readonly fields: readonly (readonly [name: string, value: unknown])[]
}

/** How values are written. */
export interface TextOptions {
  /** Reads an instance of a class; undefined for those that cannot be told. Default: none can. */
  readonly instance?: ((value: object) => InstanceParts | undefined) | undefined
  /** Functions and classes are told by their code: only what they hold as members counts. Default: they are unreadable. */
  readonly functions?: boolean
  /** A folder; texts name it as it lies, which is no content. */
  readonly folder?: string
}

/**
 * A text that is equal for equal plain data, and for nothing else: what JSON holds, and bigints, dates, patterns,
 * URLs, maps, sets and typed arrays. Nothing of the value is called. Throws {@link Unreadable}, with the place.
 */
export function valueText(root: unknown, { functions = false, folder, instance }: TextOptions = {}): string {
  const parts: string[] = []
  const seen = new Map<object, number>()
  const fail = (place: string, what: string): never => {
    throw new Unreadable(place === '' ? `it is ${what}` : `${place} is ${what}`)
  }
  const write = (value: unknown, place: string): void => {
    if (parts.length > mostParts) fail('', 'too large')
    switch (typeof value) {
      case 'string':
        parts.push(JSON.stringify(folder === undefined ? value : value.replaceAll(folder, '<project>')))
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
      case 'symbol':
        return fail(place, 'a symbol')
      case 'function':
        if (!functions) return fail(place, 'a function')
        if (seen.has(value)) return void parts.push(`same ${seen.get(value)}`)
        seen.set(value, seen.size)
        parts.push('function')
        return writeMembers(value as object, place)
      case 'object': {
        if (value === null) return void parts.push('null')
        const number = seen.get(value)
        if (number !== undefined) return void parts.push(`same ${number}`)
        seen.set(value, seen.size)
        writeObject(value, place)
      }
    }
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
    if (types.isProxy(value)) fail(place, 'a proxy')
    const prototype: unknown = Object.getPrototypeOf(value)
    const keys = Reflect.ownKeys(value)
    const bare = (): void => {
      if (keys.length > 0) fail(place, 'an object with members of its own beside its content')
    }
    switch (prototype) {
      case null:
      case Object.prototype:
        return writeRecord(value, keys, place)
      case Array.prototype:
        if (
          keys.length !== (value as unknown[]).length + 1 ||
          // Of a list with holes `every` sees none.
          !Array.from(value as unknown[], (_, index) => Object.hasOwn(value, index)).every(Boolean)
        )
          fail(place, 'a list with holes or members of its own')
        return writeAll(value as unknown[], place)
      case Map.prototype:
        bare()
        parts.push('map ')
        return writeAll(value as Map<unknown, unknown>, place)
      case Set.prototype:
        bare()
        parts.push('set ')
        return writeAll(value as Set<unknown>, place)
      case Date.prototype:
        bare()
        return void parts.push(`date ${(value as Date).getTime()}`)
      case RegExp.prototype: {
        if (keys.length > 1) fail(place, 'a pattern with members of its own')
        const { source, flags, lastIndex } = value as RegExp
        return void parts.push(`pattern ${JSON.stringify(source)} ${flags} ${lastIndex}`)
      }
      case URL.prototype:
        bare()
        return void parts.push(`url ${JSON.stringify((value as URL).href)}`)
      case ArrayBuffer.prototype:
        bare()
        return void parts.push(`bytes ${sha256(new Uint8Array(value as ArrayBuffer))}`)
      default:
    }
    if (ArrayBuffer.isView(value) && isBuiltinView(prototype)) {
      const own = value instanceof DataView ? keys.length : keys.length - (value as Uint8Array).length
      if (own > 0) fail(place, 'a list of numbers with members of its own')
      const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
      return void parts.push(`${isBuiltinView(prototype)} ${sha256(bytes)}`)
    }
    const { classes, fields } = instance?.(value) ?? fail(place, 'an object of a class')
    parts.push(`instance ${JSON.stringify(classes)} `)
    writeRecord(value, keys, place)
    for (const [name, field] of fields) {
      parts.push(`${name}:`)
      write(field, `${place}.${name}`)
    }
  }
  /** What a function holds beside its code. */
  const writeMembers = (value: object, place: string): void => {
    for (const [key, { enumerable, ...property }] of Object.entries(
      Object.getOwnPropertyDescriptors(value),
    )) {
      if (enumerable !== true || !('value' in property)) continue
      parts.push(` ${JSON.stringify(key)}:`)
      write(property.value, `${place}.${key}`)
    }
  }
  const writeRecord = (value: object, keys: readonly (string | symbol)[], place: string): void => {
    parts.push('{')
    for (const key of keys) {
      if (typeof key === 'symbol') {
        // What a namespace of a module is called.
        if (key === Symbol.toStringTag && types.isModuleNamespaceObject(value)) continue
        fail(place, 'an object with symbols')
      }
      const property = Object.getOwnPropertyDescriptor(value, key)!
      const at = `${place}.${String(key)}`
      if (!('value' in property)) fail(at, 'computed when it is read')
      parts.push(`${JSON.stringify(key)}:`)
      write(property.value, at)
      parts.push(',')
    }
    parts.push('}')
  }
  write(root, '')
  return parts.join('')
}

/** The name of the typed array or view whose prototype this is. */
function isBuiltinView(prototype: unknown): string | undefined {
  for (const view of [
    Buffer,
    Uint8Array,
    Int8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ])
    if (prototype === view.prototype) return view.name
  return undefined
}
