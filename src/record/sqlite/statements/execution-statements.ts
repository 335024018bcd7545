import type { Kysely } from 'kysely'
import type { Digest } from '../../../internal/digest.ts'
import type { NodeState } from '../../records.ts'
import type { SqliteDriver } from '../driver.ts'
import type { MetadataTables } from '../schema.ts'
import { prepare } from '../statement.ts'

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

/** The statements of executions and attempts, their parameters and metrics. */
export function executionStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
  return {
    findExecution: prepare<{ run: string; node: string }>(driver, (v) =>
      db
        .selectFrom('executions')
        .select(['number', 'settled', 'successes'])
        .where('run', '=', v('run'))
        .where('node', '=', v('node')),
    ),
    /** Changes nothing when the node has an execution. */
    insertExecution: prepare<ExecutionRow>(driver, (v) =>
      db
        .insertInto('executions')
        .values({
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
        })
        .onConflict((conflict) => conflict.columns(['run', 'node']).doNothing()),
    ),
    /** A first try, or one after the node had settled: the execution begins anew. */
    restartExecution: prepare<{
      number: number
      step: string | null
      state: NodeState
      key: Digest | null
      started_at: number
    }>(driver, (v) =>
      db
        .updateTable('executions')
        .set({
          step: v('step'),
          state: v('state'),
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
    /** A try whose start was not recorded has told of no step. */
    settleExecution: prepare<{
      number: number
      step: string | null
      state: NodeState
      finished_at: number
      settled: number
    }>(driver, (v) =>
      db
        .updateTable('executions')
        .set((eb) => ({
          step: eb.fn.coalesce('step', eb.val(v('step'))),
          state: v('state'),
          finished_at: v('finished_at'),
          settled: v('settled'),
        }))
        .where('number', '=', v('number')),
    ),
    /** What was begun and is not to be done any more, once the run has ended. */
    settleRunning: prepare<{ run: string; finished_at: number; settled: number }>(driver, (v) =>
      db
        .updateTable('executions')
        .set({ state: 'cancelled', finished_at: v('finished_at'), settled: v('settled') })
        .where('run', '=', v('run'))
        .where('state', 'in', ['running', 'waiting']),
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
    deleteParams: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('params').where('execution', '=', v('execution')),
    ),
    deleteMetrics: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('metrics').where('execution', '=', v('execution')),
    ),
  }
}
