import type { Compilable, Kysely } from 'kysely'
import { sha256 } from '../../internal/digest.ts'
import { PipewrightError } from '../../internal/error.ts'
import { whenFree } from './busy.ts'
import type { SqliteDriver } from './driver.ts'
import { initial } from './migrations/0001-initial.ts'
import { calls } from './migrations/0002-calls.ts'
import { triggers } from './migrations/0003-triggers.ts'
import { immediate } from './transaction.ts'

/** A numbered change of the schema; once released it is never edited. */
export interface Migration {
  readonly number: number
  readonly name: string
  /** The statements that make the change, in order. */
  readonly statements: (db: Kysely<unknown>) => readonly Compilable[]
}

/** All migrations, in order, without gaps. */
export const migrations: readonly Migration[] = [
  { number: 1, name: 'initial', statements: initial },
  { number: 2, name: 'calls', statements: calls },
  { number: 3, name: 'triggers', statements: triggers },
]

/** The hash of what a migration does; spaces and quotes do not count. */
export function checksum(statements: readonly string[]): string {
  return sha256(statements.map((sql) => sql.replace(/["\s]+/g, ' ').trim()).join(';\n'))
}

const log = `create table if not exists migrations (
  number integer primary key, name text not null, checksum text not null, applied_at integer not null)`

interface Applied {
  readonly number: number
  readonly name: string
  readonly checksum: string
}

function applied(driver: SqliteDriver): Applied[] {
  const there = driver.prepare("select 1 from sqlite_schema where type = 'table' and name = 'migrations'")
  if (there.get([]) === undefined) return []
  return driver
    .prepare('select number, name, checksum from migrations order by number')
    .all([]) as unknown as Applied[]
}

function refuseOthers(rows: readonly Applied[], known: readonly Migration[], driver: SqliteDriver): void {
  const newest = rows.at(-1)?.number ?? 0
  if (newest > known.length) {
    throw new PipewrightError(
      'WORKSPACE_NEWER',
      `the metadata database ${driver.path} has schema ${newest}, this pipewright knows schemas up to ${known.length}`,
      {
        fix: 'upgrade pipewright (npm install pipewright@latest), or use another workspace',
        details: { path: driver.path, found: newest, known: known.length },
      },
    )
  }
}

function refuseEdited(row: Applied, name: string, expected: string, driver: SqliteDriver): void {
  if (row.checksum === expected) return
  throw new PipewrightError(
    'WORKSPACE_CORRUPT',
    `the metadata database ${driver.path} was made by a different migration ${row.number} ('${row.name}') than this pipewright's ('${name}')`,
    {
      fix: 'a pre-release made it: move the database away (with its -wal and -shm files) to start a new one',
      details: { path: driver.path, migration: row.number, found: row.checksum, expected },
    },
  )
}

/** Brings a database to the newest schema; several processes may do so at once. */
export async function migrate(
  driver: SqliteDriver,
  db: Kysely<unknown>,
  known: readonly Migration[] = migrations,
  now: () => number = Date.now,
): Promise<void> {
  const compiled = known.map((migration) => {
    const statements = migration.statements(db).map((statement) => statement.compile().sql)
    return { ...migration, statements, checksum: checksum(statements) }
  })
  const check = (): Applied[] => {
    const rows = applied(driver)
    refuseOthers(rows, known, driver)
    for (const [at, row] of rows.entries())
      refuseEdited(row, compiled[at]!.name, compiled[at]!.checksum, driver)
    return rows
  }
  if ((await whenFree(check)).length === known.length) return
  await whenFree(() =>
    immediate(driver, () => {
      // Read again: another process may have migrated before this one got the lock.
      const done = check().length
      driver.exec(log)
      const record = driver.prepare(
        'insert into migrations (number, name, checksum, applied_at) values (?, ?, ?, ?)',
      )
      for (const migration of compiled.slice(done)) {
        for (const sql of migration.statements) driver.exec(sql)
        record.run([migration.number, migration.name, migration.checksum, now()])
      }
    }),
  )
}
