import { PipewrightError } from '../internal/error.ts'
import type { ErrorCode } from '../internal/error-code.ts'
import type { RetryDeclaration } from '../plan/document.ts'

/** Errors that another try cannot cure. */
const final: ReadonlySet<ErrorCode> = new Set([
  'INPUT_INVALID',
  'OUTPUT_INVALID',
  'VALUE_NOT_STORABLE',
  'SECRET_NOT_FOUND',
  'SECRET_INVALID',
  'SECRET_EXPOSED',
  'PREDICTOR_CHANGED',
  'BLOB_CORRUPT',
  'BLOB_MISSING',
  'VALUE_LOST',
  'NOT_DETERMINISTIC',
  'SOURCE_CHANGED',
  'FUNCTION_NOT_FOUND',
  'DEPENDENCY_MISSING',
  // What makes an environment tries its index again by itself.
  'ENVIRONMENT_INVALID',
])

/** Whether an error is worth another try where the step has no `retryIf`. */
export function isRetryable(error: unknown): boolean {
  return !(PipewrightError.isInstance(error) && final.has(error.code))
}

/**
 * The wait before the next try in milliseconds, or undefined when no try is left.
 *
 * `exponential`: delay x 2^(attempt - 1), at most `maxDelay`; `jitter` is the share of the wait that is drawn
 * with `random` (a number in [0, 1)).
 */
export function retryDelay(
  retry: RetryDeclaration | undefined,
  attempt: number,
  random: number,
): number | undefined {
  if (retry === undefined || attempt >= retry.attempts) return undefined
  const growth = retry.backoff === 'exponential' ? 2 ** (attempt - 1) : 1
  const wait = Math.min(retry.delay * growth, retry.maxDelay)
  return Math.round(wait * (1 - retry.jitter * random))
}
