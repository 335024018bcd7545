import type { Kysely } from 'kysely'
import type { SqliteDriver } from '../driver.ts'
import type { MetadataTables } from '../schema.ts'
import { prepare } from '../statement.ts'

/** The statements of what executions remember over their attempts. */
export function memoryStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
  return {
    call: prepare<{ run: string; node: string; idempotency_key: string }>(driver, (v) =>
      db
        .selectFrom('calls')
        .innerJoin('events', 'events.seq', 'calls.event')
        .select(['events.format', 'events.data'])
        .where('calls.run', '=', v('run'))
        .where('calls.node', '=', v('node'))
        .where('calls.idempotency_key', '=', v('idempotency_key')),
    ),
    /** The first result of a call stays. */
    insertCall: prepare<{ run: string; node: string; idempotency_key: string; event: number }>(driver, (v) =>
      db
        .insertInto('calls')
        .values({
          run: v('run'),
          node: v('node'),
          idempotency_key: v('idempotency_key'),
          event: v('event'),
        })
        .onConflict((conflict) => conflict.columns(['run', 'node', 'idempotency_key']).doNothing()),
    ),
    checkpoint: prepare<{ run: string; node: string }>(driver, (v) =>
      db
        .selectFrom('checkpoints')
        .innerJoin('events', 'events.seq', 'checkpoints.event')
        .select(['events.format', 'events.data'])
        .where('checkpoints.run', '=', v('run'))
        .where('checkpoints.node', '=', v('node')),
    ),
    putCheckpoint: prepare<{ run: string; node: string; event: number }>(driver, (v) =>
      db.replaceInto('checkpoints').values({ run: v('run'), node: v('node'), event: v('event') }),
    ),
    deleteCheckpoint: prepare<{ run: string; node: string }>(driver, (v) =>
      db.deleteFrom('checkpoints').where('run', '=', v('run')).where('node', '=', v('node')),
    ),
  }
}
