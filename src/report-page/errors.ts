import type { ErrorRecord } from '../record/event.ts'
import type { Budget } from './budget.ts'
import { shown } from './shown.ts'
import type { PageError } from './page-data.ts'

/** So much is told of an error where there is no room for all of it. */
const short = 300
const [longMessage, longStack] = [8_000, 6_000]

/** A recorded error, and what caused it, as texts of a page. */
export function pageError(
  { name, message, code, stack, place, cause }: ErrorRecord,
  room: Budget,
): PageError {
  const text = shown(message, longMessage)
  const trace = stack === undefined ? undefined : shown(stack, longStack)
  const isWhole = room.take(text.length + (trace?.length ?? 0))
  return {
    name: shown(name, 200),
    message: isWhole ? text : shown(text, short),
    ...(code === undefined ? {} : { code: shown(code, 100) }),
    ...(place === undefined ? {} : { place: shown(`${place.file}:${place.line}:${place.column}`, 500) }),
    ...(trace === undefined || !isWhole ? {} : { stack: trace }),
    ...(cause === undefined || !isWhole ? {} : { cause: pageError(cause, room) }),
  }
}
