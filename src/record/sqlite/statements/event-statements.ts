import { sql, type Kysely } from 'kysely'
import type { Digest } from '../../../internal/digest.ts'
import type { SqliteDriver } from '../driver.ts'
import type { MetadataTables } from '../schema.ts'
import { prepare } from '../statement.ts'

/** The statements of events, small blobs, the cache and the registry. */
export function eventStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
  return {
    insertEvent: prepare<{
      run: string
      at: number
      type: string
      node: string | null
      format: number
      data: string
    }>(driver, (v) =>
      db.insertInto('events').values({
        run: v('run'),
        at: v('at'),
        type: v('type'),
        node: v('node'),
        format: v('format'),
        data: v('data'),
      }),
    ),
    putBlob: prepare<{ digest: Digest; bytes: Uint8Array; size: number; at: number }>(driver, (v) =>
      db
        .insertInto('blobs')
        .values({
          digest: v('digest'),
          // node:sqlite of Node 22 binds empty bytes as null.
          bytes: sql<Uint8Array>`coalesce(${v('bytes')}, x'')`,
          size: v('size'),
          at: v('at'),
        })
        .onConflict((conflict) =>
          conflict
            .column('digest')
            .doUpdateSet((eb) => ({ at: eb.ref('excluded.at') }))
            // A blob that is stored again is spared by garbage collection; a minute more or less does not matter.
            .where((eb) => eb('excluded.at', '>', eb('blobs.at', '+', 60_000))),
        ),
    ),
    blob: prepare<{ digest: Digest }>(driver, (v) =>
      db.selectFrom('blobs').select('bytes').where('digest', '=', v('digest')),
    ),
    blobTime: prepare<{ digest: Digest }>(driver, (v) =>
      db.selectFrom('blobs').select('at').where('digest', '=', v('digest')),
    ),
    touchBlob: prepare<{ digest: Digest; at: number }>(driver, (v) =>
      db
        .updateTable('blobs')
        .set({ at: v('at') })
        .where('digest', '=', v('digest')),
    ),
    dropBlob: prepare<{ digest: Digest; bytes: Uint8Array }>(driver, (v) =>
      db
        .deleteFrom('blobs')
        .where('digest', '=', v('digest'))
        .where('bytes', '=', sql<Uint8Array>`coalesce(${v('bytes')}, x'')`),
    ),
    putCacheEntry: prepare<{ key: Digest; event: number }>(driver, (v) =>
      db.replaceInto('cache_entries').values({ key: v('key'), event: v('event') }),
    ),
    deleteCacheEntry: prepare<{ key: Digest }>(driver, (v) =>
      db.deleteFrom('cache_entries').where('key', '=', v('key')),
    ),
    cached: prepare<{ key: Digest }>(driver, (v) =>
      db
        .selectFrom('cache_entries as entry')
        .innerJoin('events', 'events.seq', 'entry.event')
        .select(['entry.key', 'events.run', 'events.at', 'events.format', 'events.data'])
        .where('entry.key', '=', v('key')),
    ),
    insertModel: prepare<{
      name: string
      version: number
      digest: Digest
      registered_at: number
      data: string
    }>(driver, (v) =>
      db.insertInto('model_versions').values({
        name: v('name'),
        version: v('version'),
        digest: v('digest'),
        registered_at: v('registered_at'),
        data: v('data'),
      }),
    ),
    putAlias: prepare<{ name: string; alias: string; version: number }>(driver, (v) =>
      db.replaceInto('model_aliases').values({ name: v('name'), alias: v('alias'), version: v('version') }),
    ),
  }
}
