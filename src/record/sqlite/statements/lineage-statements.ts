import { sql, type Kysely, type Expression, type SqlBool } from 'kysely'
import type { Digest } from '../../../internal/digest.ts'
import type { SqliteDriver } from '../driver.ts'
import type { MetadataTables } from '../schema.ts'
import { prepare } from '../statement.ts'

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

/** The statements of artifacts and edges. */
export function lineageStatements(driver: SqliteDriver, db: Kysely<MetadataTables>) {
  return {
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
      db
        .updateTable('artifacts')
        .set({ data: v('data') })
        .where('number', '=', v('number')),
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
            // Numbers of items have more digits the higher they are.
            .orderBy(sql`length(executions.node)`)
            .orderBy('executions.node')
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
        .orderBy(sql`length(executions.node)`)
        .orderBy('executions.node'),
    ),
    deleteEdges: prepare<{ execution: number }>(driver, (v) =>
      db.deleteFrom('edges').where('execution', '=', v('execution')),
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
