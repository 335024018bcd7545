import { PipewrightError } from '../internal/error.ts'
import { inspect } from 'node:util'
import type { ErrorRecord } from '../record/event.ts'

const longest = 64 * 1024
const deepest = 8

function shortened(text: string): string {
  return text.length <= longest
    ? text
    : `${text.slice(0, longest)} … (${text.length - longest} characters more)`
}

/** An error, or whatever else was thrown, as it is recorded; causes are kept. */
export function errorRecord(thrown: unknown, depth = 0): ErrorRecord {
  if (!(thrown instanceof Error)) {
    return {
      name: 'NonError',
      message: `a value that is no Error was thrown: ${shortened(inspect(thrown, { depth: 3 }))}`,
    }
  }
  const code = (thrown as { code?: unknown }).code
  return {
    name: thrown.name,
    message: shortened(thrown.message),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof thrown.stack === 'string' ? { stack: shortened(thrown.stack) } : {}),
    ...(thrown.cause === undefined || depth >= deepest
      ? {}
      : { cause: errorRecord(thrown.cause, depth + 1) }),
  }
}

/** The error of a step with the place in front: what kinds and schemas throw knows no step. */
export function placed(error: unknown, place: string, details: Readonly<Record<string, unknown>>): unknown {
  if (!PipewrightError.isInstance(error)) return error
  const message =
    error.fix === undefined ? error.message : error.message.slice(0, -`\nFix: ${error.fix}`.length)
  return new PipewrightError(error.code, `${place}: ${message}`, {
    ...(error.fix === undefined ? {} : { fix: error.fix }),
    details: { ...error.details, ...details },
    cause: error.cause ?? error,
  })
}
