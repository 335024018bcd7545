import { sql, type Expression, type SqlBool } from 'kysely'
import type { ErrorRecord, Owner, RunEvent } from '../event.ts'
import type { Page, RunDetail, RunQuery, RunRecord, RunState } from '../records.ts'
import { encodeCursor, readRunQuery, type Cursor, type RunOrder } from './cursor.ts'
import { undoneIn, type UndoneEffect } from '../undone.ts'
import { verificationOf, type RunVerification } from '../verification.ts'
import { decodeEvent } from './codec.ts'
import { executionsOf } from './executions.ts'
import { ownershipJudge } from './ownership.ts'
import { parsed, type Reader } from './reader.ts'
import type { RunTable } from './schema.ts'

// A run that goes on ends later than all that have ended.
const unfinished = Number.MAX_SAFE_INTEGER
const finishedAt = sql<number>`coalesce(runs.finished_at, ${sql.lit(unfinished)})`

interface RunRow extends RunTable {
  readonly owner: string | null
  readonly expires_at: number | null
  readonly pin: string | null
  readonly tags: string
}

function selectRuns(reader: Reader) {
  return reader.db
    .selectFrom('runs')
    .leftJoin('leases', 'leases.run', 'runs.id')
    .leftJoin('pins', 'pins.run', 'runs.id')
    .selectAll('runs')
    .select([
      'leases.owner',
      'leases.expires_at',
      'pins.run as pin',
      sql<string>`(select json_group_array(tag) from tags where tags.run = runs.id)`.as('tags'),
    ])
}

type Judge = ReturnType<typeof ownershipJudge>

function toRecord(row: RunRow, judge: Judge): RunRecord {
  const state: RunState =
    row.state === 'running' && judge(row.owner, row.expires_at) === undefined ? 'interrupted' : row.state
  return {
    id: row.id,
    pipeline: row.pipeline,
    state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    tags: JSON.parse(row.tags) as string[],
    key: row.key,
    pinned: row.pin !== null,
    // Nobody drives a run that waits, unless somebody who lives does.
    owner:
      row.state === 'waiting' && judge(row.owner, row.expires_at) === undefined
        ? null
        : parsed<Owner>(row.owner),
    error: parsed<ErrorRecord>(row.error),
  }
}

function cursorOf(row: RunRow, order: RunOrder): Cursor {
  const value = order.endsWith('startedAt') ? row.started_at : (row.finished_at ?? unfinished)
  return { value, id: row.id }
}

/** Runs, filtered and ordered, page by page: by the order's column, then by id. */
export async function listRuns(reader: Reader, query: RunQuery, now: number): Promise<Page<RunRecord>> {
  const { order, limit, after, since } = readRunQuery(query)
  const descending = order.startsWith('-')
  const column: Expression<number> = order.endsWith('startedAt') ? sql<number>`runs.started_at` : finishedAt
  const { pipeline, state, tag } = query
  let base = selectRuns(reader)
    .orderBy(column, descending ? 'desc' : 'asc')
    .orderBy('runs.id', descending ? 'desc' : 'asc')
  if (pipeline !== undefined) base = base.where('runs.pipeline', '=', pipeline)
  if (since !== undefined) base = base.where('runs.started_at', '>=', since)
  if (state !== undefined)
    base = base.where('runs.state', '=', state === 'interrupted' ? 'running' : (state as RunTable['state']))
  if (tag !== undefined)
    base = base.where('runs.id', 'in', reader.db.selectFrom('tags').select('run').where('tag', '=', tag))

  const judge = ownershipJudge(now)
  const items: RunRecord[] = []
  let place = after
  let last: Cursor | undefined
  // Whether a running run is interrupted is not in the database, so pages are read until enough of them fit.
  for (;;) {
    const page = place === undefined ? base : base.where(beyond(column, place, descending))
    const rows = await reader.all(page.limit(limit + 1))
    for (const row of rows) {
      const record = toRecord(row, judge)
      if (state !== undefined && record.state !== state) continue
      if (items.length === limit) return { items, next: encodeCursor(order, last!) }
      items.push(record)
      last = cursorOf(row, order)
    }
    if (rows.length <= limit) return { items, next: undefined }
    place = cursorOf(rows.at(-1)!, order)
  }
}

function beyond(column: Expression<number>, { value, id }: Cursor, descending: boolean): Expression<SqlBool> {
  return descending
    ? sql<boolean>`(${column}, runs.id) < (${value}, ${id})`
    : sql<boolean>`(${column}, runs.id) > (${value}, ${id})`
}

/** The runs whose id starts with a text; at most two. */
export async function runsByPrefix(
  reader: Reader,
  prefix: string,
  now: number,
): Promise<readonly RunRecord[]> {
  const rows = await reader.all(
    selectRuns(reader)
      .where('runs.id', '>=', prefix)
      .where('runs.id', '<', `${prefix}\u{10ffff}`)
      .orderBy('runs.id')
      .limit(2),
  )
  return rows.map((row) => toRecord(row, ownershipJudge(now)))
}

/** The run of a pipeline with a caller's key. */
export async function runByKey(
  reader: Reader,
  pipeline: string,
  key: string,
  now: number,
): Promise<RunRecord | undefined> {
  const [row] = await reader.all(
    selectRuns(reader).where('runs.pipeline', '=', pipeline).where('runs.key', '=', key),
  )
  return row === undefined ? undefined : toRecord(row, ownershipJudge(now))
}

type Of<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>

/** A run with its executions, metrics, parameters and environment. */
export async function runDetail(reader: Reader, run: string, now: number): Promise<RunDetail | undefined> {
  const [row] = await reader.all(
    selectRuns(reader)
      .leftJoin('environments', 'environments.run', 'runs.id')
      .select('environments.event as environment')
      .where('runs.id', '=', run),
  )
  if (row === undefined) return undefined
  const resumed = JSON.parse(row.resumed) as number[]
  const places = [row.started, ...resumed, row.finished, row.environment].filter((place) => place !== null)
  const events = await reader.eventsAt(places)
  const started = events.get(row.started) as Of<'run.started'> | undefined
  // Removed between two reads.
  if (started === undefined) return undefined
  const finished = row.finished === null ? undefined : (events.get(row.finished) as Of<'run.finished'>)
  const codes = resumed.map((place) => (events.get(place) as Of<'run.resumed'> | undefined)?.code)
  return {
    ...toRecord(row, ownershipJudge(now)),
    plan: started.plan,
    structure: started.structure,
    inputs: started.inputs,
    outputs: finished?.outputs ?? {},
    code: Object.assign({}, started.code, ...codes) as RunDetail['code'],
    reached: started.reached ?? {},
    texts: started.texts ?? {},
    address: started.address,
    settings: started.settings,
    rerunOf: started.rerun?.of ?? null,
    environment:
      row.environment === null ? null : (events.get(row.environment) as Of<'run.environment'>).environment,
    verification: started.settings.verifyCache === undefined ? null : await verificationIn(reader, run),
    undone: row.state === 'succeeded' ? [] : await undoneOf(reader, run),
    executions: await executionsOf(reader, run),
  }
}

/** Few events, of runs that were asked for it: not worth a projection. */
async function verificationIn(reader: Reader, run: string): Promise<RunVerification> {
  const rows = await reader.all(
    reader.db
      .selectFrom('events')
      .select(['format', 'data'])
      .where('run', '=', run)
      .where('type', '=', 'node.verified')
      .orderBy('seq'),
  )
  return verificationOf(rows.map(({ format, data }) => decodeEvent(format, data)))
}

/** Few events, of runs that have failed. */
async function undoneOf(reader: Reader, run: string): Promise<readonly UndoneEffect[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('events')
      .select(['at', 'format', 'data'])
      .where('run', '=', run)
      .where('type', 'in', ['undo.started', 'node.undone'])
      .orderBy('seq'),
  )
  return undoneIn(rows.map(({ at, format, data }) => ({ at, event: decodeEvent(format, data) })))
}
