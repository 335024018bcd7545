import { sql, type Compilable, type Kysely } from 'kysely'

/** What steps remember over their attempts: calls that have given a result, and checkpoints. */
export function calls(db: Kysely<unknown>): readonly Compilable[] {
  const { schema } = db
  return [
    schema
      .createTable('calls')
      .addColumn('run', 'text', (column) => column.notNull())
      .addColumn('node', 'text', (column) => column.notNull())
      .addColumn('idempotency_key', 'text', (column) => column.notNull())
      .addColumn('event', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('calls_key', ['run', 'node', 'idempotency_key'])
      .modifyEnd(sql`without rowid`),
    schema
      .createTable('checkpoints')
      .addColumn('run', 'text', (column) => column.notNull())
      .addColumn('node', 'text', (column) => column.notNull())
      .addColumn('event', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('checkpoints_key', ['run', 'node'])
      .modifyEnd(sql`without rowid`),
  ]
}
