import type { Compilable, Kysely } from 'kysely'

/** Schedules and triggers, and each time that one of them has fired. */
export function triggers(db: Kysely<unknown>): readonly Compilable[] {
  const { schema } = db
  return [
    schema
      .createTable('triggers')
      .addColumn('origin', 'text', (column) => column.primaryKey())
      .addColumn('pipeline', 'text', (column) => column.notNull())
      .addColumn('address', 'text', (column) => column.notNull())
      .addColumn('definition', 'text', (column) => column.notNull())
      .addColumn('basis', 'text', (column) => column.notNull())
      .addColumn('declared_by', 'text', (column) => column.notNull())
      .addColumn('declared_at', 'integer', (column) => column.notNull())
      .addColumn('paused', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('position', 'integer', (column) => column.notNull()),
    schema
      .createTable('firings')
      .addColumn('number', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('origin', 'text', (column) => column.notNull())
      .addColumn('key', 'text', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('made_up', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('event', 'text', (column) => column.notNull())
      .addColumn('run', 'text')
      .addColumn('reason', 'text')
      .addColumn('owner', 'text')
      .addColumn('expires_at', 'integer'),
    schema.createIndex('firings_key').unique().on('firings').columns(['origin', 'key']),
    schema.createIndex('firings_state').on('firings').columns(['state', 'number']),
    // What has ended is followed by its place in the log.
    schema.createIndex('runs_finished').on('runs').columns(['finished']),
  ]
}
