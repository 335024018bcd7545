import type { Redactor } from './redactor.ts'

/** Deeper, or of more parts than this, a value is not looked through: it is replaced as a whole. */
const deepest = 64
const mostParts = 100_000

const tooLarge = '(too large to be looked through for secrets)'

/** What a property gives; undefined where its getter throws. */
function read(value: object, key: PropertyKey): unknown {
  try {
    return Reflect.get(value, key)
  } catch {
    return undefined
  }
}

function bytesOf(value: unknown): Buffer | undefined {
  if (value instanceof ArrayBuffer) return Buffer.from(value)
  return ArrayBuffer.isView(value) ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined
}

/** Objects that say in a text what they hold: an address, a pattern, a point in time. */
function textOf(value: object): string | undefined {
  return value instanceof URL || value instanceof URLSearchParams || value instanceof RegExp
    ? String(value)
    : undefined
}

/** What an error says of itself is told, wherever it keeps it. */
const ofErrors = ['name', 'message', 'stack', 'cause']

function keysOf(value: object): PropertyKey[] {
  const keys = Reflect.ownKeys(value)
  return value instanceof Error ? [...new Set([...keys, ...ofErrors])] : keys
}

/** Tells whether a secret stands anywhere in a value. */
class Search {
  readonly #redactor: Redactor
  readonly #seen = new Set<object>()

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  finds(value: unknown, depth = 0): boolean {
    if (typeof value === 'string') return this.#redactor.holds(value) !== undefined
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol')
      return this.#redactor.holds(String(value)) !== undefined
    if (typeof value !== 'object' || value === null || this.#seen.has(value)) return false
    this.#seen.add(value)
    if (depth > deepest || this.#seen.size > mostParts) return true
    const text = textOf(value) ?? bytesOf(value)?.toString('utf8')
    if (text !== undefined) return this.#redactor.holds(text) !== undefined
    if (value instanceof Map || value instanceof Set)
      for (const part of [...value].flat()) if (this.finds(part, depth + 1)) return true
    return keysOf(value).some(
      (key) =>
        (typeof key === 'string' && this.#redactor.holds(key) !== undefined) ||
        this.finds(read(value, key), depth + 1),
    )
  }
}

/** Copies a value without its secrets. */
class Copy {
  readonly #redactor: Redactor
  readonly #made = new Map<object, unknown>()

  constructor(redactor: Redactor) {
    this.#redactor = redactor
  }

  of(value: unknown, depth = 0): unknown {
    if (typeof value === 'string') return this.#redactor.text(value)
    if (typeof value === 'number' || typeof value === 'bigint' || typeof value === 'symbol')
      return this.#redactor.holds(String(value)) === undefined ? value : this.#redactor.text(String(value))
    if (typeof value !== 'object' || value === null) return value
    if (this.#made.has(value)) return this.#made.get(value)
    if (depth > deepest || this.#made.size > mostParts) return tooLarge
    const text = textOf(value) ?? bytesOf(value)?.toString('utf8')
    if (text !== undefined) {
      const shown = this.#redactor.text(text)
      return shown === text ? value : shown
    }
    return this.#object(value, depth)
  }

  #object(value: object, depth: number): unknown {
    if (value instanceof Map)
      return this.#keep(value, new Map(), (copy) => {
        for (const [key, member] of value) copy.set(this.of(key, depth + 1), this.of(member, depth + 1))
      })
    if (value instanceof Set)
      return this.#keep(value, new Set(), (copy) => {
        for (const member of value) copy.add(this.of(member, depth + 1))
      })
    const empty: object = Array.isArray(value) ? [] : value instanceof Error ? new Error('') : {}
    // Of the same class: who catches an error asks for it.
    Object.setPrototypeOf(empty, Object.getPrototypeOf(value) as object | null)
    return this.#keep(value, empty, (copy) => {
      for (const key of keysOf(value)) {
        const descriptor = Reflect.getOwnPropertyDescriptor(value, key)
        const member = this.of(read(value, key), depth + 1)
        if (descriptor === undefined && member === undefined) continue
        if (Array.isArray(copy) && key === 'length') continue
        Object.defineProperty(copy, typeof key === 'string' ? this.#redactor.text(key) : key, {
          value: member,
          enumerable: descriptor?.enumerable ?? false,
          writable: true,
          configurable: true,
        })
      }
    })
  }

  /** Known before it is filled: a value may hold itself. */
  #keep<T extends object>(value: object, copy: T, fill: (copy: T) => void): T {
    this.#made.set(value, copy)
    fill(copy)
    return copy
  }
}

/**
 * A value without the secrets in its texts, keys, numbers and bytes; itself where it holds none. What does hold one is
 * copied, with the class that it has: an error is still an instance of it. Never throws.
 */
export function redactedValue<T>(value: T, redactor: Redactor): T {
  if (redactor.isEmpty) return value
  try {
    return new Search(redactor).finds(value) ? (new Copy(redactor).of(value) as T) : value
  } catch {
    // A proxy may refuse to be looked at.
    return tooLarge as T
  }
}
