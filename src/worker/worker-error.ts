import { errorCodes } from '../internal/error-code.ts'
import { PipewrightError } from '../internal/error.ts'
import type { WorkerError } from './protocol.ts'

/** An error of a worker as one of this process: one of ours where it bears a code, else with the worker's type and stack. */
export function revivedWorkerError(told: WorkerError): Error {
  const { type, message, traceback, place, fix, cause } = told
  const options = cause === undefined ? {} : { cause: revivedWorkerError(cause) }
  const code = errorCodes.find((known) => known === told.code)
  if (code !== undefined)
    return new PipewrightError(code, message, fix === undefined ? options : { ...options, fix })
  // A frame as Node writes them tells the place to whoever reads stacks.
  const frame = place === undefined ? '' : `\n    at ${place.function} (${place.file}:${place.line}:1)`
  const printed = traceback === undefined ? '' : `\n${traceback}`
  return Object.assign(new Error(message, options), {
    name: type,
    stack: `${type}: ${message}${frame}${printed}`,
  })
}
