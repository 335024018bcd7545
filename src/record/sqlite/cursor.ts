import { PipewrightError } from '../../internal/error.ts'
import { didYouMean } from '../../internal/nearest.ts'
import type { RunQuery, RunState } from '../records.ts'

const orders = ['startedAt', '-startedAt', 'finishedAt', '-finishedAt'] as const
const states: readonly RunState[] = ['running', 'waiting', 'succeeded', 'failed', 'cancelled', 'interrupted']

/** The order of a list of runs. */
export type RunOrder = (typeof orders)[number]

/** The place after which a page begins: the order's column, then the id. */
export interface Cursor {
  readonly value: number
  readonly id: string
}

/** A cursor as opaque text; it names its order, so that it can't be used with another. */
export function encodeCursor(order: RunOrder, { value, id }: Cursor): string {
  return Buffer.from(JSON.stringify([order, value, id]), 'utf8').toString('base64url')
}

function decodeCursor(text: string, order: RunOrder): Cursor {
  let parts: unknown
  try {
    parts = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'))
  } catch {
    parts = undefined
  }
  if (Array.isArray(parts)) {
    const [of, value, id] = parts as unknown[]
    if (of === order && typeof value === 'number' && typeof id === 'string') return { value, id }
    if (orders.some((known) => known === of) && of !== order)
      throw invalid(
        'after',
        `the cursor belongs to orderBy '${String(of)}'`,
        'keep orderBy from page to page',
      )
  }
  throw invalid('after', 'the cursor is malformed', 'pass the `next` of the page before, unchanged')
}

function invalid(field: string, message: string, fix: string): PipewrightError {
  return new PipewrightError('INPUT_INVALID', `runs(): ${message}`, { fix, details: { field } })
}

/** A query of runs with its defaults filled in and its cursor read; a malformed one throws `INPUT_INVALID`. */
export function readRunQuery(query: RunQuery): {
  readonly order: RunOrder
  readonly limit: number
  readonly after: Cursor | undefined
  readonly since: number | undefined
} {
  const order = query.orderBy ?? '-startedAt'
  if (!orders.includes(order))
    throw invalid('orderBy', `orderBy '${order}' is unknown`, didYouMean(order, orders))
  const limit = query.limit ?? 50
  if (!Number.isInteger(limit) || limit < 1 || limit > 1_000)
    throw invalid('limit', `limit ${String(limit)} is out of range`, 'give a whole number from 1 to 1000')
  if (query.state !== undefined && !states.includes(query.state))
    throw invalid('state', `state '${query.state}' is unknown`, didYouMean(query.state, states))
  const since = query.since?.getTime()
  if (Number.isNaN(since)) throw invalid('since', 'since is an invalid Date', 'check how the Date was made')
  const after = query.after === undefined ? undefined : decodeCursor(query.after, order)
  return { order, limit, after, since }
}
