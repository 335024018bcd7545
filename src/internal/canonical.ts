import { PipewrightError } from './error.ts'

const maxDepth = 2_000

/** Where in a value something stands, as it is printed: `.rows[3].name`. */
export function pathText(path: readonly (string | number)[]): string {
  if (path.length === 0) return 'the value'
  return path
    .map((part) =>
      typeof part === 'number'
        ? `[${part}]`
        : /^[A-Za-z_$][\w$]*$/.test(part)
          ? `.${part}`
          : `[${JSON.stringify(part)}]`,
    )
    .join('')
}

function refuse(path: readonly (string | number)[], what: string, fix: string): never {
  throw new PipewrightError('VALUE_NOT_STORABLE', `${pathText(path)} is ${what}, which JSON cannot hold`, {
    fix,
    details: { path: [...path] },
  })
}

function className(value: object): string {
  const constructor: unknown = (Object.getPrototypeOf(value) as { constructor?: unknown } | null)?.constructor
  return typeof constructor === 'function' && constructor.name !== '' ? constructor.name : 'class'
}

const replacements: Readonly<Record<string, string>> = {
  Date: 'return date.toISOString() and declare the field as a string',
  Map: 'return Object.fromEntries(map), or a list of pairs',
  Set: 'return [...set]',
  RegExp: 'return its source as a string',
}

/** Keys by UTF-16 code units, as RFC 8785 orders them: the default order of `sort`. */
function sortedKeys(value: object): string[] {
  const keys = Object.keys(value)
  for (let i = 1; i < keys.length; i++) if (keys[i - 1]! > keys[i]!) return keys.sort()
  return keys
}

class Encoder {
  readonly #path: (string | number)[] = []
  readonly #open = new Set<object>()
  readonly #nonFinite: boolean

  constructor(nonFinite: boolean) {
    this.#nonFinite = nonFinite
  }

  encode(value: unknown): string {
    switch (typeof value) {
      case 'string':
        return JSON.stringify(value)
      case 'number':
        if (Number.isFinite(value)) return value === 0 ? '0' : String(value)
        if (this.#nonFinite) return `{"$number":"${value}"}`
        return refuse(
          this.#path,
          String(value),
          'return null, or declare the output as metrics(…) with a schema that allows it',
        )
      case 'boolean':
        return value ? 'true' : 'false'
      case 'object':
        return value === null ? 'null' : this.#nested(value)
      case 'bigint':
        return refuse(this.#path, 'a bigint', 'return String(value), or a number when it is a safe integer')
      case 'undefined':
        return refuse(this.#path, 'undefined', 'return null, or leave the property out')
      case 'function':
        return refuse(this.#path, 'a function', 'return data only')
      default:
        return refuse(this.#path, 'a symbol', 'return data only')
    }
  }

  #nested(value: object): string {
    if (this.#open.has(value))
      refuse(this.#path, 'a circular reference', 'break the cycle, for example by returning ids')
    if (this.#open.size >= maxDepth)
      refuse(this.#path, `nested deeper than ${maxDepth} levels`, 'flatten it, or store it as a file')
    this.#open.add(value)
    const text = Array.isArray(value) ? this.#array(value) : this.#object(value)
    this.#open.delete(value)
    return text
  }

  #array(value: readonly unknown[]): string {
    let text = '['
    const path = this.#path
    for (let i = 0; i < value.length; i++) {
      path.push(i)
      text += i === 0 ? this.encode(value[i]) : `,${this.encode(value[i])}`
      path.pop()
    }
    return `${text}]`
  }

  #object(value: object): string {
    const prototype: unknown = Object.getPrototypeOf(value)
    // Objects of another realm (vm contexts, vitest) have a prototype whose own prototype is null.
    if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
      const name = className(value)
      refuse(
        this.#path,
        `an instance of ${name}`,
        replacements[name] ?? 'return a plain object, for example { ...value }',
      )
    }
    if (prototype !== null && Object.prototype.toString.call(value) !== '[object Object]') {
      refuse(this.#path, `an instance of ${className(value)}`, 'return a plain object')
    }
    let text = '{'
    const path = this.#path
    for (const key of sortedKeys(value)) {
      const member = (value as Record<string, unknown>)[key]
      if (member === undefined) continue
      path.push(key)
      const encoded = this.encode(member)
      path.pop()
      text += text.length === 1 ? `${JSON.stringify(key)}:${encoded}` : `,${JSON.stringify(key)}:${encoded}`
    }
    return `${text}}`
  }
}

/**
 * Encodes a value as RFC 8785 canonical JSON: keys sorted by UTF-16 code units, numbers as ECMAScript prints
 * them, -0 as 0, undefined properties absent.
 *
 * Whatever JSON cannot give back unchanged (Date, Map, bigint, class instances, NaN, undefined in an array, a
 * cycle) throws `VALUE_NOT_STORABLE` with the path. `nonFinite` keeps NaN and infinities as
 * `{"$number":"NaN"}`, for metrics.
 */
export function canonicalJson(value: unknown, options: { readonly nonFinite?: boolean } = {}): string {
  try {
    return new Encoder(options.nonFinite ?? false).encode(value)
  } catch (error) {
    if (error instanceof RangeError) {
      throw new PipewrightError(
        'VALUE_NOT_STORABLE',
        `the value is too large or too deep for JSON text: ${error.message}`,
        {
          fix: 'return it as a file, a table or a directory',
          cause: error,
        },
      )
    }
    throw error
  }
}
