import { sql, type Expression, type Kysely, type SqlBool } from 'kysely'
import type { Digest } from '../../internal/digest.ts'
import type { NodeState } from '../records.ts'
import type { SqliteDriver } from './driver.ts'
import type { MetadataTables, RunTable } from './schema.ts'
import { prepare } from './statement.ts'

interface ExecutionRow {
  run: string
  node: string
  step: string | null
  state: NodeState
  started_at: number
  finished_at: number | null
  key: Digest | null
  reused: number
  settled: number | null
  successes: number
}

/** The executions of one body node in all items of a map: `trials[` … `]/train`, and nothing deeper. */
interface Items {
  run: string
  prefix: string
  /** The first text after all that begin with the prefix. */
  end: string
  suffix: string
}

function itemsOf(v: <Name extends keyof Items>(name: Name) => Items[Name]): Expression<SqlBool> {
  const rest = sql`substr(executions.node, length(${v('prefix')}) + 1)`
  return sql<boolean>`executions.run = ${v('run')} and executions.node >= ${v('prefix')}
    and executions.node < ${v('end')} and substr(${rest}, instr(${rest}, ']')) = ${v('suffix')}`
}

/** The statements of the hot path, compiled once per connection. */
export function createStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
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

    insertRun: prepare<{ id: string; pipeline: string; started_at: number; key: string | null; started: number }>(
      driver,
      (v) =>
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
      db
        .replaceInto('environments')
        .values({
          run: v('run'),
          event: v('event'),
          node: v('node'),
          platform: v('platform'),
          host: v('host'),
          git_commit: v('git_commit'),
        }),
    ),

    findExecution: prepare<{ run: string; node: string }>(driver, (v) =>
      db
        .selectFrom('executions')
        .select(['number', 'settled', 'successes'])
        .where('run', '=', v('run'))
        .where('node', '=', v('node')),
    ),
    insertExecution: prepare<ExecutionRow>(driver, (v) =>
      db.insertInto('executions').values({
        run: v('run'),
        node: v('node'),
        step: v('step'),
        state: v('state'),
        started_at: v('started_at'),
        finished_at: v('finished_at'),
        key: v('key'),
        reused: v('reused'),
        settled: v('settled'),
        successes: v('successes'),
      }),
    ),
    /** A first try, or one after the node had settled: the execution begins anew. */
    restartExecution: prepare<{ number: number; step: string; key: Digest | null; started_at: number }>(
      driver,
      (v) =>
        db
          .updateTable('executions')
          .set({
            step: v('step'),
            state: 'running',
            started_at: v('started_at'),
            finished_at: null,
            key: v('key'),
            reused: 0,
            settled: null,
          })
          .where('number', '=', v('number')),
    ),
    succeedExecution: prepare<{
      number: number
      step: string | null
      started_at: number
      finished_at: number
      key: Digest | null
      reused: number
      settled: number
    }>(driver, (v) =>
      db
        .updateTable('executions')
        .set((eb) => ({
          step: v('step'),
          state: 'succeeded',
          started_at: v('started_at'),
          finished_at: v('finished_at'),
          key: v('key'),
          reused: v('reused'),
          settled: v('settled'),
          successes: eb('successes', '+', 1),
        }))
        .where('number', '=', v('number')),
    ),
    settleExecution: prepare<{ number: number; state: NodeState; finished_at: number; settled: number }>(
      driver,
      (v) =>
        db
          .updateTable('executions')
          .set({ state: v('state'), finished_at: v('finished_at'), settled: v('settled') })
          .where('number', '=', v('number')),
    ),

    insertAttempt: prepare<{ execution: number; started: number; number: number; started_at: number }>(
      driver,
      (v) =>
        db.insertInto('attempts').values({
          execution: v('execution'),
          started: v('started'),
          number: v('number'),
          started_at: v('started_at'),
        }),
    ),
    endAttempt: prepare<{
      execution: number
      number: number
      finished_at: number
      outcome: string
      ended: number
    }>(driver, (v) =>
      db
        .updateTable('attempts')
        .set({ finished_at: v('finished_at'), outcome: v('outcome'), ended: v('ended') })
        .where('execution', '=', v('execution'))
        .where('number', '=', v('number'))
        .where('outcome', 'is', null),
    ),

    findArtifact: prepare<{ digest: Digest; kind: string }>(driver, (v) =>
      db
        .selectFrom('artifacts')
        .select(['number', 'data'])
        .where('digest', '=', v('digest'))
        .where('kind', '=', v('kind')),
    ),
    insertArtifact: prepare<{ digest: Digest; kind: string; data: string }>(driver, (v) =>
      db.insertInto('artifacts').values({ digest: v('digest'), kind: v('kind'), data: v('data') }),
    ),
    updateArtifact: prepare<{ number: number; data: string }>(driver, (v) =>
      db.updateTable('artifacts').set({ data: v('data') }).where('number', '=', v('number')),
    ),
    insertEdge: prepare<{ execution: number; artifact: number; direction: 'in' | 'out'; name: string }>(
      driver,
      (v) =>
        db.insertInto('edges').values({
          execution: v('execution'),
          artifact: v('artifact'),
          direction: v('direction'),
          name: v('name'),
        }),
    ),
    gatherEdges: prepare<Items & { execution: number; name: string; output: string }>(driver, (v) =>
      db
        .insertInto('edges')
        .columns(['execution', 'artifact', 'direction', 'name'])
        .expression(
          db
            .selectFrom('executions')
            .innerJoin('edges', 'edges.execution', 'executions.number')
            .select([
              sql<number>`${v('execution')}`.as('execution'),
              'edges.artifact',
              sql<'in'>`'in'`.as('direction'),
              sql<string>`${v('name')}`.as('name'),
            ])
            .where(itemsOf(v))
            .where('executions.step', 'is not', null)
            .where('executions.state', '=', 'succeeded')
            .where('edges.direction', '=', 'out')
            .where('edges.name', '=', v('output'))
            .orderBy('edges.number'),
        ),
    ),
    gatherContainers: prepare<Items>(driver, (v) =>
      db
        .selectFrom('executions')
        .innerJoin('events', 'events.seq', 'executions.settled')
        .select('events.data')
        .where(itemsOf(v))
        .where('executions.step', 'is', null)
        .where('executions.state', '=', 'succeeded')
        .orderBy('executions.number'),
    ),
    insertParam: prepare<{ execution: number; name: string; value: string }>(driver, (v) =>
      db.insertInto('params').values({ execution: v('execution'), name: v('name'), value: v('value') }),
    ),
    insertMetric: prepare<{
      execution: number
      name: string
      last: number
      min: number
      max: number
      count: number
    }>(driver, (v) =>
      db.insertInto('metrics').values({
        execution: v('execution'),
        name: v('name'),
        last: v('last'),
        min: v('min'),
        max: v('max'),
        count: v('count'),
      }),
    ),
    deleteEdges: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('edges').where('execution', '=', v('execution')),
    ),
    deleteParams: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('params').where('execution', '=', v('execution')),
    ),
    deleteMetrics: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('metrics').where('execution', '=', v('execution')),
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
    blob: prepare<{ digest: Digest }>(driver, (v) =>
      db.selectFrom('blobs').select('bytes').where('digest', '=', v('digest')),
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
      db
        .replaceInto('model_aliases')
        .values({ name: v('name'), alias: v('alias'), version: v('version') }),
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
          conflict.column('run').doUpdateSet((eb) => ({ cancel_requested: eb.ref('excluded.cancel_requested') })),
        ),
    ),
    bumpCounter: prepare<{ name: string }>(driver, (v) =>
      db
        .insertInto('counters')
        .values({ name: v('name'), value: 1 })
        .onConflict((conflict) =>
          conflict.column('name').doUpdateSet((eb) => ({ value: eb('counters.value', '+', 1) })),
        ),
    ),
  }
}

/** The statements of one connection. */
export type Statements = ReturnType<typeof createStatements>
