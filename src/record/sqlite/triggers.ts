import type { Address } from '../event.ts'
import type {
  Firing,
  NewFiring,
  Surroundings,
  Taken,
  TriggerRecord,
  TriggerStore,
  Verdict,
} from '../trigger.ts'
import { ownershipJudge } from './ownership.ts'
import type { Reader } from './reader.ts'
import type { FiringTable, TriggerTable } from './schema.ts'
import type { GroupWriter } from './writer.ts'

type FiringRow = Omit<FiringTable, 'number'> & { readonly number: number }

/** So many firings of a schedule are kept: its position tells what has fired before. */
const kept = 1_000

/** What nothing more becomes of. */
const final = ['started', 'skipped', 'failed'] as const

function toTrigger(row: TriggerTable): TriggerRecord {
  return {
    origin: row.origin,
    pipeline: row.pipeline,
    address: JSON.parse(row.address) as Address,
    definition: JSON.parse(row.definition) as TriggerRecord['definition'],
    basis: row.basis,
    declaredBy: row.declared_by,
    declaredAt: row.declared_at,
    paused: row.paused === 1,
    position: row.position,
  }
}

function toFiring(row: FiringRow): Firing {
  return {
    number: row.number,
    origin: row.origin,
    key: row.key,
    at: row.at,
    state: row.state,
    madeUp: row.made_up === 1,
    event: JSON.parse(row.event) as Firing['event'],
    run: row.run,
    reason: row.reason,
  }
}

/** The part of a metadata store that keeps schedules and triggers. */
export function triggerStore(writer: GroupWriter, reader: Reader): TriggerStore {
  const { db } = reader
  const triggerOf = (origin: string): TriggerTable | undefined =>
    reader.now(db.selectFrom('triggers').selectAll().where('origin', '=', origin))[0]
  const firingOf = (number: number): FiringRow | undefined =>
    reader.now(db.selectFrom('firings').selectAll().where('number', '=', number))[0]

  return {
    declareTrigger: (entry) => writer.write(() => declare(reader, entry, triggerOf(entry.origin))),
    triggers: async () =>
      (await reader.all(db.selectFrom('triggers').selectAll().orderBy('origin'))).map(toTrigger),
    pauseTrigger: (origin, paused, position) =>
      writer.write(() => {
        if (triggerOf(origin) === undefined) return false
        reader.now(
          db
            .updateTable('triggers')
            .set({ paused: paused ? 1 : 0, ...(position === undefined ? {} : { position }) })
            .where('origin', '=', origin),
        )
        return true
      }),
    removeTrigger: (origin) =>
      writer.write(() => {
        if (triggerOf(origin) === undefined) return false
        reader.now(db.deleteFrom('firings').where('origin', '=', origin))
        reader.now(db.deleteFrom('triggers').where('origin', '=', origin))
        return true
      }),

    fire: (origin, firings, move) =>
      writer.write(() => {
        const trigger = triggerOf(origin)
        if (trigger === undefined || trigger.paused === 1) return []
        if (move !== undefined && trigger.position !== move.from) return []
        if (move !== undefined)
          reader.now(db.updateTable('triggers').set({ position: move.to }).where('origin', '=', origin))
        const added = firings.flatMap((firing) => add(reader, origin, firing))
        if (origin.startsWith('schedule/')) prune(reader, origin)
        return added
      }),
    pendingFirings: async (at, limit) => {
      const rows = await reader.all(
        db
          .selectFrom('firings')
          .selectAll()
          .where('state', 'in', ['pending', 'starting'])
          .orderBy('number')
          .limit(limit),
      )
      const judge = ownershipJudge(at)
      return rows.filter((row) => isFree(row, judge)).map(toFiring)
    },
    takeFiring: (number, { owner, at, ttl }, judge) =>
      writer.write((): Taken => {
        const row = firingOf(number)
        const ownership = ownershipJudge(at)
        if (row === undefined || !isFree(row, ownership))
          return { verdict: 'gone', surroundings: { runs: [], earlier: 0, starting: 0, later: 0 } }
        const surroundings = surroundingsOf(reader, row, ownership)
        const verdict: Verdict = judge(surroundings)
        const change =
          verdict === 'start'
            ? { state: 'starting' as const, owner: JSON.stringify(owner), expires_at: at + ttl }
            : verdict === 'wait'
              ? undefined
              : { state: 'skipped' as const, reason: verdict.skip, owner: null, expires_at: null }
        if (change !== undefined)
          reader.now(db.updateTable('firings').set(change).where('number', '=', number))
        return { verdict, surroundings }
      }),
    settleFiring: (number, { state, run = null, reason = null }) =>
      writer.write(() => {
        reader.now(
          db
            .updateTable('firings')
            .set({ state, run, reason, owner: null, expires_at: null })
            .where('number', '=', number),
        )
      }),
    firings: async (origin, limit) =>
      (
        await reader.all(
          db
            .selectFrom('firings')
            .selectAll()
            .where('origin', '=', origin)
            .orderBy('number', 'desc')
            .limit(limit),
        )
      ).map(toFiring),
    pruneFirings: (origin, before) =>
      writer.write(
        () =>
          reader.now(
            db
              .deleteFrom('firings')
              .where('origin', '=', origin)
              .where('at', '<', before)
              .where('state', 'in', [...final])
              .returning('number'),
          ).length,
      ),
    firing: async (origin, key) => {
      const [row] = await reader.all(
        db.selectFrom('firings').selectAll().where('origin', '=', origin).where('key', '=', key),
      )
      return row && toFiring(row)
    },

    finishedRuns: async (pipeline, after, limit) => {
      const rows = await reader.all(
        db
          .selectFrom('runs')
          .select(['id', 'state', 'finished_at', 'finished'])
          .where('finished', '>', after)
          .where('pipeline', '=', pipeline)
          .where('state', 'in', ['succeeded', 'failed', 'cancelled'])
          .orderBy('finished')
          .limit(limit),
      )
      return rows.map((row) => ({
        run: row.id,
        state: row.state as 'succeeded' | 'failed' | 'cancelled',
        finishedAt: row.finished_at!,
        place: row.finished!,
      }))
    },
    lastPlace: async () => {
      const [row] = await reader.all(db.selectFrom('events').select('seq').orderBy('seq', 'desc').limit(1))
      return row?.seq ?? 0
    },
  }
}

function declare(
  reader: Reader,
  entry: Omit<TriggerRecord, 'paused'>,
  before: TriggerTable | undefined,
): void {
  const { db } = reader
  const isSame = before?.basis === entry.basis
  const row: TriggerTable = {
    origin: entry.origin,
    pipeline: entry.pipeline,
    address: JSON.stringify(entry.address),
    definition: JSON.stringify(entry.definition),
    basis: entry.basis,
    declared_by: entry.declaredBy,
    declared_at: isSame ? before.declared_at : entry.declaredAt,
    paused: before?.paused ?? 0,
    position: isSame ? before.position : entry.position,
  }
  reader.now(db.replaceInto('triggers').values(row))
}

/** Adds a firing; nothing where its key has fired before. */
function add(reader: Reader, origin: string, firing: NewFiring): Firing[] {
  const { key, at, madeUp = false, event, skipped } = firing
  const { db } = reader
  return reader
    .now(
      db
        .insertInto('firings')
        .values({
          origin,
          key,
          at,
          state: skipped === undefined ? 'pending' : 'skipped',
          made_up: madeUp ? 1 : 0,
          event: JSON.stringify(event),
          run: null,
          reason: skipped ?? null,
          owner: null,
          expires_at: null,
        })
        .onConflict((conflict) => conflict.columns(['origin', 'key']).doNothing())
        .returningAll(),
    )
    .map(toFiring)
}

function prune(reader: Reader, origin: string): void {
  const { db } = reader
  const [oldest] = reader.now(
    db
      .selectFrom('firings')
      .select('number')
      .where('origin', '=', origin)
      .orderBy('number', 'desc')
      .offset(kept)
      .limit(1),
  )
  if (oldest === undefined) return
  reader.now(
    db
      .deleteFrom('firings')
      .where('origin', '=', origin)
      .where('number', '<=', oldest.number)
      .where('state', 'in', [...final]),
  )
}

/** Whether a firing is to be started, and nobody who may live is about to. */
function isFree(row: FiringRow, judge: ReturnType<typeof ownershipJudge>): boolean {
  if (row.state === 'pending') return true
  return row.state === 'starting' && judge(row.owner, row.expires_at) === undefined
}

function surroundingsOf(
  reader: Reader,
  { origin, number }: FiringRow,
  judge: ReturnType<typeof ownershipJudge>,
): Surroundings {
  const { db } = reader
  const others = reader.now(
    db
      .selectFrom('firings')
      .selectAll()
      .where('state', 'in', ['pending', 'starting'])
      .where('origin', '=', origin)
      .where('number', '!=', number),
  )
  // By the keys: also a run whose start nobody lived to settle.
  const runs = reader.now(
    db
      .selectFrom('runs')
      .select('id')
      .where('state', 'in', ['running', 'waiting'])
      .where('key', '>=', `${origin}/`)
      .where('key', '<', `${origin}0`),
  )
  const free = others.filter((row) => isFree(row, judge))
  return {
    runs: runs.map(({ id }) => id),
    earlier: free.filter((row) => row.number < number).length,
    starting: others.length - free.length,
    later: free.filter((row) => row.number > number).length,
  }
}
