import { byteText } from '../internal/byte-size.ts'
import { PipewrightError } from '../internal/error.ts'

/**
 * That a step, or what it runs, took more memory than its limit, in bytes; with a cause that it asked for more and could not
 * have it.
 */
export function outOfMemory(
  subject: string,
  limit: number | undefined,
  details: Readonly<Record<string, unknown>>,
  cause?: Error,
): PipewrightError {
  const told = cause === undefined ? tookMore(limit) : couldHaveNoMore(limit, cause)
  return new PipewrightError('STEP_OUT_OF_MEMORY', `${subject} ${told}`, {
    fix: 'raise resources.memory, do less at once, or let a retry have more: retry: { attempts: 3, escalate: { memory: 2 } }',
    details: { ...details, limit },
    ...(cause === undefined ? {} : { cause }),
  })
}

function tookMore(limit: number | undefined): string {
  return `took more memory than ${limit === undefined ? 'what there is' : `its limit of ${byteText(limit)}`}`
}

function couldHaveNoMore(limit: number | undefined, { name, message }: Error): string {
  const most = limit === undefined ? '' : ` (its limit is ${byteText(limit)})`
  return `could have no more memory${most}: ${name}${message === '' ? '' : `: ${message}`}`
}
