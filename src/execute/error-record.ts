import { errorCodes, type ErrorCode } from '../internal/error-code.ts'
import { PipewrightError } from '../internal/error.ts'
import { inspect } from 'node:util'
import type { ErrorRecord } from '../record/event.ts'
import { errorPlace } from './error-place.ts'

const longest = 64 * 1024
const deepest = 8

function shortened(text: string): string {
  return text.length <= longest
    ? text
    : `${text.slice(0, longest)} … (${text.length - longest} characters more)`
}

/** What a getter of somebody's error gives, as text; undefined where it gives none. */
function textOf(error: Error, name: 'name' | 'message' | 'stack' | 'code'): string | undefined {
  try {
    const value = (error as { code?: unknown } & Error)[name] as unknown
    if (typeof value === 'string') return shortened(value)
    return name === 'message' && value !== undefined ? shortened(inspect(value, { depth: 3 })) : undefined
  } catch {
    return undefined
  }
}

/**
 * An error, or whatever else was thrown, as it is recorded; causes are kept. With the folder of the project it tells
 * the place there. Never throws.
 */
export function errorRecord(thrown: unknown, project?: string, depth = 0): ErrorRecord {
  try {
    if (thrown instanceof Error) {
      const code = textOf(thrown, 'code')
      const stack = textOf(thrown, 'stack')
      const message = textOf(thrown, 'message') ?? ''
      const place =
        stack === undefined || project === undefined ? undefined : errorPlace({ stack, message }, project)
      return {
        name: textOf(thrown, 'name') ?? 'Error',
        message,
        ...(code === undefined ? {} : { code }),
        ...(stack === undefined ? {} : { stack }),
        ...(place === undefined ? {} : { place }),
        ...(thrown.cause === undefined || depth >= deepest
          ? {}
          : { cause: errorRecord(thrown.cause, project, depth + 1) }),
      }
    }
    const text = shortened(inspect(thrown, { depth: 3 }))
    return { name: 'NonError', message: `a value that is no Error was thrown: ${text}` }
  } catch {
    return { name: 'NonError', message: 'something was thrown that cannot be looked at' }
  }
}

/** What is told of an error where its stack does not matter. */
export function shortError({ name, message, code }: ErrorRecord): {
  readonly name: string
  readonly message: string
  readonly code?: string
} {
  return { name, message, ...(code === undefined ? {} : { code }) }
}

/** An error as it was thrown, as far as its record tells; one of ours is one of ours again. */
export function revivedError({ name, message, stack, code, cause }: ErrorRecord): Error {
  const options = cause === undefined ? {} : { cause: revivedError(cause) }
  const ours = name === 'PipewrightError' ? errorCodes.find((known) => known === code) : undefined
  if (ours !== undefined) {
    const [text = '', fix] = message.split('\nFix: ')
    const error = new PipewrightError(ours, text, fix === undefined ? options : { ...options, fix })
    return Object.assign(error, stack === undefined ? {} : { stack })
  }
  return Object.assign(new Error(message, options), {
    name,
    ...(stack === undefined ? {} : { stack }),
    ...(code === undefined ? {} : { code }),
  })
}

/** The error of a step with the place in front: what kinds and schemas throw knows no step. `code`: its own by default. */
export function placed(
  error: unknown,
  place: string,
  details: Readonly<Record<string, unknown>>,
  code?: ErrorCode,
): unknown {
  if (!PipewrightError.isInstance(error)) return error
  const message =
    error.fix === undefined ? error.message : error.message.slice(0, -`\nFix: ${error.fix}`.length)
  return new PipewrightError(code ?? error.code, `${place}: ${message}`, {
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    details: { ...error.details, ...details },
    cause: error.cause ?? error,
  })
}
