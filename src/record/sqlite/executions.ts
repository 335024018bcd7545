import { sql } from 'kysely'
import type { Digest } from '../../internal/digest.ts'
import {
  eventFormat,
  type AttemptFacts,
  type AttemptUsage,
  type ErrorRecord,
  type LostBlob,
  type RunEvent,
} from '../event.ts'
import type { AttemptRecord, ExecutionRecord } from '../records.ts'
import { decodeEvent, readFacts } from './codec.ts'
import { pageSize, parsed, type Reader } from './reader.ts'
import type { ExecutionTable } from './schema.ts'

type Code = Readonly<Record<string, Digest | null>>

/** The codes that a run had, each with the place from which it counts. */
export type CodeHistory = readonly { readonly from: number; readonly code: Code }[]

/** The code of a step at a place in the log. */
function codeAt(history: CodeHistory, place: number, step: string | null): Digest | null {
  if (step === null) return null
  return history.findLast(({ from, code }) => from < place && Object.hasOwn(code, step))?.code[step] ?? null
}

/** The codes of runs: what they started with, and what each resume brought. */
export async function codeHistories(
  reader: Reader,
  runs: readonly string[],
): Promise<ReadonlyMap<string, CodeHistory>> {
  const histories = new Map<string, CodeHistory>()
  for (let at = 0; at < runs.length; at += pageSize) {
    const rows = await reader.all(
      reader.db
        .selectFrom('runs')
        .select(['id', 'started', 'resumed'])
        .where('id', 'in', runs.slice(at, at + pageSize)),
    )
    const places = rows.map((row) => [row.started, ...(JSON.parse(row.resumed) as number[])])
    const events = await reader.eventsAt(places.flat())
    for (const [index, row] of rows.entries())
      histories.set(
        row.id,
        places[index]!.map((from) => ({ from, code: codeOf(events.get(from)) })),
      )
  }
  return histories
}

function codeOf(event: RunEvent | undefined): Code {
  return event?.type === 'run.started' || event?.type === 'run.resumed' ? event.code : {}
}

async function attemptsOf(
  reader: Reader,
  numbers: readonly number[],
): Promise<ReadonlyMap<number, readonly AttemptRecord[]>> {
  const rows = await reader.all(
    reader.db
      .selectFrom('attempts')
      .leftJoin('events', 'events.seq', 'attempts.ended')
      .select([
        'attempts.execution',
        'attempts.number',
        'attempts.started_at',
        'attempts.finished_at',
        'attempts.outcome',
        sql<string | null>`json_extract(events.data, '$.error')`.as('error'),
        sql<
          string | null
        >`coalesce(json_extract(events.data, '$.log'), json_extract(events.data, '$.facts.log'))`.as('log'),
        sql<string | null>`json_extract(events.data, '$.lost')`.as('lost'),
        sql<string | null>`json_extract(events.data, '$.facts.usage')`.as('usage'),
        // Those of a success are in its execution.
        sql<
          string | null
        >`iif(events.type = 'attempt.failed', json_extract(events.data, '$.facts'), null)`.as('facts'),
      ])
      .where('attempts.execution', 'in', numbers)
      .orderBy('attempts.execution')
      .orderBy('attempts.started'),
  )
  const found = new Map<number, AttemptRecord[]>()
  for (const row of rows) {
    const lost = parsed<LostBlob>(row.lost)
    const facts = parsed<AttemptFacts>(row.facts)
    const usage = parsed<AttemptUsage>(row.usage)
    const attempt: AttemptRecord = {
      number: row.number,
      startedAt: row.started_at,
      finishedAt: row.finished_at,
      end: row.outcome as AttemptRecord['end'],
      error: parsed<ErrorRecord>(row.error),
      log: row.log,
      ...(facts === null ? {} : { facts: readFacts(facts) }),
      ...(usage === null ? {} : { usage }),
      ...(lost === null ? {} : { repaired: lost }),
    }
    const list = found.get(row.execution)
    if (list === undefined) found.set(row.execution, [attempt])
    else list.push(attempt)
  }
  return found
}

interface ExecutionRow extends Omit<ExecutionTable, 'number'> {
  readonly number: number
  readonly format: number | null
  readonly data: string | null
}

function toRecord(
  row: ExecutionRow,
  history: CodeHistory,
  attempts: readonly AttemptRecord[],
): ExecutionRecord {
  const event = row.data === null ? undefined : decodeEvent(row.format!, row.data, row.run)
  const success = event?.type === 'node.succeeded' ? event : undefined
  return {
    number: row.number,
    run: row.run,
    node: row.node,
    step: row.step,
    state: row.state,
    startedAt: row.started_at,
    finishedAt: row.finished_at,
    inputs: success?.inputs ?? {},
    outputs: success?.outputs ?? {},
    key: row.key,
    code: codeAt(history, row.settled ?? Infinity, row.step),
    uncached: success?.uncached ?? null,
    env: success?.env ?? {},
    fingerprint: success?.fingerprint ?? null,
    reused: success?.reused ?? null,
    metrics: success?.facts?.metrics ?? {},
    params: success?.facts?.params ?? {},
    reports: success?.facts?.reports ?? [],
    attempts,
    error: event?.type === 'node.failed' ? event.error : null,
    ...(event?.type === 'node.blocked' ? { blockedBy: event.by } : {}),
  }
}

/** Executions by their numbers, in the order asked for. */
export async function executionsByNumber(
  reader: Reader,
  numbers: readonly number[],
): Promise<readonly ExecutionRecord[]> {
  const records: ExecutionRecord[] = []
  const histories = new Map<string, CodeHistory>()
  for (let at = 0; at < numbers.length; at += pageSize) {
    const page = numbers.slice(at, at + pageSize)
    const rows = await reader.all(
      reader.db
        .selectFrom('executions')
        .leftJoin('events', 'events.seq', 'executions.settled')
        .selectAll('executions')
        .select(['events.format', 'events.data'])
        .where('executions.number', 'in', page),
    )
    const unknown = [...new Set(rows.map((row) => row.run))].filter((run) => !histories.has(run))
    for (const [run, history] of await codeHistories(reader, unknown)) histories.set(run, history)
    const attempts = await attemptsOf(reader, page)
    const byNumber = new Map(rows.map((row) => [row.number, row]))
    for (const number of page) {
      const row = byNumber.get(number)
      if (row !== undefined)
        records.push(toRecord(row, histories.get(row.run) ?? [], attempts.get(number) ?? []))
    }
  }
  return records
}

/**
 * Executions of a step that have really run and succeeded, before a number, the latest first. Of any run: what a newer
 * version has recorded is left out, for it says nothing of the run that is asked about.
 */
export async function executionsOfStep(
  reader: Reader,
  step: string,
  before: number,
  limit: number,
): Promise<readonly ExecutionRecord[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('executions')
      .innerJoin('events', 'events.seq', 'executions.settled')
      .select('executions.number')
      .where('executions.step', '=', step)
      .where('executions.number', '<', before)
      .where('executions.state', '=', 'succeeded')
      .where('executions.reused', '=', 0)
      .where('events.format', '<=', eventFormat)
      .orderBy('executions.number', 'desc')
      .limit(limit),
  )
  return executionsByNumber(
    reader,
    rows.map(({ number }) => number),
  )
}

/** The execution of a node in a run. */
export async function executionAt(
  reader: Reader,
  run: string,
  node: string,
): Promise<ExecutionRecord | undefined> {
  const rows = await reader.all(
    reader.db.selectFrom('executions').select('number').where('run', '=', run).where('node', '=', node),
  )
  return (
    await executionsByNumber(
      reader,
      rows.map(({ number }) => number),
    )
  ).at(-1)
}

/** The executions of a run in the order of their start. */
export async function executionsOf(reader: Reader, run: string): Promise<readonly ExecutionRecord[]> {
  const rows = await reader.all(
    reader.db
      .selectFrom('executions')
      .select('number')
      .where('run', '=', run)
      .orderBy('started_at')
      .orderBy('number'),
  )
  return executionsByNumber(
    reader,
    rows.map((row) => row.number),
  )
}
