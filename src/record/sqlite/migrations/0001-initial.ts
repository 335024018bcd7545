import { sql, type Compilable, type CreateTableBuilder, type Kysely } from 'kysely'

// Rows of a few columns found by their whole key: one b-tree instead of two.
function byKey<T extends string>(builder: CreateTableBuilder<T>): CreateTableBuilder<T> {
  return builder.modifyEnd(sql`without rowid`)
}

/** The first schema: the log, its projections, and what is kept beside them. */
export function initial(db: Kysely<unknown>): readonly Compilable[] {
  const { schema } = db
  return [
    schema
      .createTable('events')
      // Numbers of removed events are never given again: readers go on after a number.
      .addColumn('seq', 'integer', (column) => column.primaryKey().autoIncrement())
      .addColumn('run', 'text', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull())
      .addColumn('type', 'text', (column) => column.notNull())
      .addColumn('node', 'text')
      .addColumn('format', 'integer', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('events_run').on('events').columns(['run']),

    schema
      .createTable('runs')
      .addColumn('id', 'text', (column) => column.primaryKey())
      .addColumn('pipeline', 'text', (column) => column.notNull())
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('finished_at', 'integer')
      .addColumn('key', 'text')
      .addColumn('error', 'text')
      .addColumn('started', 'integer', (column) => column.notNull())
      .addColumn('finished', 'integer')
      .addColumn('resumed', 'text', (column) => column.notNull().defaultTo('[]')),
    schema.createIndex('runs_started_at').on('runs').columns(['started_at', 'id']),
    schema
      .createIndex('runs_finished_at')
      .on('runs')
      .expression(sql`coalesce(finished_at, 9007199254740991), id`),
    schema.createIndex('runs_pipeline').on('runs').columns(['pipeline', 'started_at', 'id']),
    schema.createIndex('runs_state').on('runs').columns(['state', 'started_at', 'id']),
    schema
      .createIndex('runs_key')
      .unique()
      .on('runs')
      .columns(['pipeline', 'key'])
      .where(sql.ref('key'), 'is not', null),

    schema
      .createTable('executions')
      .addColumn('number', 'integer', (column) => column.primaryKey())
      .addColumn('run', 'text', (column) => column.notNull())
      .addColumn('node', 'text', (column) => column.notNull())
      .addColumn('step', 'text')
      .addColumn('state', 'text', (column) => column.notNull())
      .addColumn('started_at', 'integer', (column) => column.notNull())
      .addColumn('finished_at', 'integer')
      .addColumn('key', 'text')
      .addColumn('reused', 'integer', (column) => column.notNull().defaultTo(0))
      .addColumn('settled', 'integer')
      .addColumn('successes', 'integer', (column) => column.notNull().defaultTo(0)),
    schema.createIndex('executions_node').unique().on('executions').columns(['run', 'node']),

    byKey(
      schema
        .createTable('attempts')
        .addColumn('execution', 'integer', (column) => column.notNull())
        .addColumn('started', 'integer', (column) => column.notNull())
        .addColumn('number', 'integer', (column) => column.notNull())
        .addColumn('started_at', 'integer', (column) => column.notNull())
        .addColumn('finished_at', 'integer')
        .addColumn('outcome', 'text')
        .addColumn('ended', 'integer')
        .addPrimaryKeyConstraint('attempts_key', ['execution', 'started']),
    ),

    schema
      .createTable('artifacts')
      .addColumn('number', 'integer', (column) => column.primaryKey())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('kind', 'text', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull()),
    schema.createIndex('artifacts_digest').unique().on('artifacts').columns(['digest', 'kind']),

    schema
      .createTable('edges')
      .addColumn('number', 'integer', (column) => column.primaryKey())
      .addColumn('execution', 'integer', (column) => column.notNull())
      .addColumn('artifact', 'integer', (column) => column.notNull())
      .addColumn('direction', 'text', (column) => column.notNull())
      .addColumn('name', 'text', (column) => column.notNull()),
    schema.createIndex('edges_execution').on('edges').columns(['execution']),
    schema.createIndex('edges_artifact').on('edges').columns(['artifact']),

    byKey(
      schema
        .createTable('params')
        .addColumn('execution', 'integer', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('value', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('params_key', ['execution', 'name']),
    ),
    byKey(
      schema
        .createTable('metrics')
        .addColumn('execution', 'integer', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('last', 'real')
        .addColumn('min', 'real')
        .addColumn('max', 'real')
        .addColumn('count', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('metrics_key', ['execution', 'name']),
    ),
    byKey(
      schema
        .createTable('tags')
        .addColumn('run', 'text', (column) => column.notNull())
        .addColumn('tag', 'text', (column) => column.notNull())
        .addPrimaryKeyConstraint('tags_key', ['run', 'tag']),
    ),
    schema.createIndex('tags_tag').on('tags').columns(['tag', 'run']),
    byKey(
      schema
        .createTable('run_inputs')
        .addColumn('run', 'text', (column) => column.notNull())
        .addColumn('name', 'text', (column) => column.notNull())
        .addColumn('artifact', 'integer', (column) => column.notNull())
        .addPrimaryKeyConstraint('run_inputs_key', ['run', 'name', 'artifact']),
    ),
    schema
      .createTable('environments')
      .addColumn('run', 'text', (column) => column.primaryKey())
      .addColumn('event', 'integer', (column) => column.notNull())
      .addColumn('node', 'text', (column) => column.notNull())
      .addColumn('platform', 'text', (column) => column.notNull())
      .addColumn('host', 'text', (column) => column.notNull())
      .addColumn('git_commit', 'text'),

    byKey(
      schema
        .createTable('cache_entries')
        .addColumn('key', 'text', (column) => column.notNull().primaryKey())
        .addColumn('event', 'integer', (column) => column.notNull()),
    ),

    schema
      .createTable('model_versions')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addColumn('digest', 'text', (column) => column.notNull())
      .addColumn('registered_at', 'integer', (column) => column.notNull())
      .addColumn('data', 'text', (column) => column.notNull())
      .addPrimaryKeyConstraint('model_versions_key', ['name', 'version'])
      .addUniqueConstraint('model_versions_digest', ['name', 'digest']),
    schema
      .createTable('model_aliases')
      .addColumn('name', 'text', (column) => column.notNull())
      .addColumn('alias', 'text', (column) => column.notNull())
      .addColumn('version', 'integer', (column) => column.notNull())
      .addPrimaryKeyConstraint('model_aliases_key', ['name', 'alias']),

    schema
      .createTable('blobs')
      .addColumn('digest', 'text', (column) => column.primaryKey())
      .addColumn('bytes', 'blob', (column) => column.notNull())
      .addColumn('size', 'integer', (column) => column.notNull())
      .addColumn('at', 'integer', (column) => column.notNull()),
    schema
      .createTable('leases')
      .addColumn('run', 'text', (column) => column.primaryKey())
      .addColumn('fence', 'integer', (column) => column.notNull())
      .addColumn('owner', 'text')
      .addColumn('heartbeat_at', 'integer', (column) => column.notNull())
      .addColumn('expires_at', 'integer', (column) => column.notNull())
      .addColumn('cancel_requested', 'text'),
    schema.createTable('pins').addColumn('run', 'text', (column) => column.primaryKey()),
    schema
      .createTable('counters')
      .addColumn('name', 'text', (column) => column.primaryKey())
      .addColumn('value', 'integer', (column) => column.notNull()),
  ]
}
