import { SqliteDialect, type Dialect } from 'kysely'
import type { SqliteDriver } from './driver.ts'
import type { SqliteValue } from './engine.ts'

/** Tells whether a statement gives rows: neither engine says so on every supported Node. */
function isReader(sql: string): boolean {
  return /^\s*(?:select|with|values|pragma|explain)\b/i.test(sql) || /\breturning\b/i.test(sql)
}

/**
 * Kysely's SQLite dialect over our driver.
 *
 * Kysely's own transactions are not to be used on it: they are asynchronous, so the writer's group would
 * run inside them.
 */
export function sqliteDialect(driver: SqliteDriver): Dialect {
  return new SqliteDialect({
    database: {
      close: () => driver.close(),
      prepare: (sql) => {
        const statement = driver.prepare(sql)
        return {
          reader: isReader(sql),
          all: (params) => statement.all(params as SqliteValue[]),
          run: (params) => statement.run(params as SqliteValue[]),
          iterate: (params) => statement.iterate(params as SqliteValue[]),
        }
      },
    },
  })
}
