import { PipewrightError } from '../../internal/error.ts'
import type { SqliteValue } from './engine.ts'

type Bound = string | number | bigint | null | Uint8Array

/** Values as both engines take them. libsql aborts the process on what it does not know, so nothing else passes. */
export function bind(params: readonly SqliteValue[]): Bound[] {
  const bound: Bound[] = []
  for (const value of params as readonly unknown[]) {
    if (typeof value === 'number' || typeof value === 'bigint' || value === null) bound.push(value)
    else if (typeof value === 'string') bound.push(whole(value))
    else if (value === undefined) bound.push(null)
    else if (typeof value === 'boolean') bound.push(value ? 1 : 0)
    else if (value instanceof Uint8Array)
      bound.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    else
      throw new PipewrightError('VALUE_NOT_STORABLE', `${typeOf(value)} cannot be bound to a SQL parameter`, {
        fix: 'bind text, a number, a bigint, a boolean, null or bytes (a time as milliseconds)',
      })
  }
  return bound
}

/** libsql reads text up to its first NUL: what would come back shortened is not written. */
function whole(text: string): string {
  if (!text.includes('\0')) return text
  throw new PipewrightError('VALUE_NOT_STORABLE', `${JSON.stringify(text)} contains a NUL character`, {
    fix: 'use names, tags and keys without control characters',
  })
}

function typeOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value
}
