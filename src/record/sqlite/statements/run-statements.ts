import type { Kysely } from 'kysely'
import type { SqliteDriver } from '../driver.ts'
import type { MetadataTables, RunTable } from '../schema.ts'
import { prepare } from '../statement.ts'

/** The statements of runs and leases. */
export function runStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
  return {
    insertRun: prepare<{
      id: string
      pipeline: string
      started_at: number
      key: string | null
      started: number
    }>(driver, (v) =>
      db.insertInto('runs').values({
        id: v('id'),
        pipeline: v('pipeline'),
        state: 'running',
        started_at: v('started_at'),
        key: v('key'),
        started: v('started'),
        resumed: '[]',
      }),
    ),
    resumeRun: prepare<{ id: string; seq: number }>(driver, (v) =>
      db
        .updateTable('runs')
        .set((eb) => ({
          state: 'running',
          finished_at: null,
          finished: null,
          error: null,
          resumed: eb.fn<string>('json_insert', ['resumed', eb.val('$[#]'), eb.val(v('seq'))]),
        }))
        .where('id', '=', v('id')),
    ),
    setRunState: prepare<{ id: string; state: RunTable['state'] }>(driver, (v) =>
      db
        .updateTable('runs')
        .set({ state: v('state') })
        .where('id', '=', v('id')),
    ),
    finishRun: prepare<{
      id: string
      state: RunTable['state']
      finished_at: number
      finished: number
      error: string | null
    }>(driver, (v) =>
      db
        .updateTable('runs')
        .set({
          state: v('state'),
          finished_at: v('finished_at'),
          finished: v('finished'),
          error: v('error'),
        })
        .where('id', '=', v('id')),
    ),
    insertTag: prepare<{ run: string; tag: string }>(driver, (v) =>
      db
        .insertInto('tags')
        .values({ run: v('run'), tag: v('tag') })
        .onConflict((conflict) => conflict.doNothing()),
    ),
    putRunInput: prepare<{ run: string; name: string; artifact: number }>(driver, (v) =>
      db.replaceInto('run_inputs').values({ run: v('run'), name: v('name'), artifact: v('artifact') }),
    ),
    putEnvironment: prepare<{
      run: string
      event: number
      node: string
      platform: string
      host: string
      git_commit: string | null
    }>(driver, (v) =>
      db.replaceInto('environments').values({
        run: v('run'),
        event: v('event'),
        node: v('node'),
        platform: v('platform'),
        host: v('host'),
        git_commit: v('git_commit'),
      }),
    ),
    lease: prepare<{ run: string }>(driver, (v) =>
      db.selectFrom('leases').selectAll().where('run', '=', v('run')),
    ),
    putLease: prepare<{ run: string; fence: number; owner: string; now: number; expires_at: number }>(
      driver,
      (v) =>
        db.replaceInto('leases').values({
          run: v('run'),
          fence: v('fence'),
          owner: v('owner'),
          heartbeat_at: v('now'),
          expires_at: v('expires_at'),
          cancel_requested: null,
        }),
    ),
    releaseLease: prepare<{ run: string; fence: number }>(driver, (v) =>
      db
        .updateTable('leases')
        .set({ owner: null, expires_at: 0 })
        .where('run', '=', v('run'))
        .where('fence', '=', v('fence')),
    ),
    requestCancel: prepare<{ run: string; reason: string }>(driver, (v) =>
      db
        .insertInto('leases')
        .values({
          run: v('run'),
          fence: 0,
          owner: null,
          heartbeat_at: 0,
          expires_at: 0,
          cancel_requested: v('reason'),
        })
        .onConflict((conflict) =>
          conflict
            .column('run')
            .doUpdateSet((eb) => ({ cancel_requested: eb.ref('excluded.cancel_requested') })),
        ),
    ),
  }
}
