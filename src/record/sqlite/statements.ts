import type { Kysely } from 'kysely'
import type { SqliteDriver } from './driver.ts'
import type { MetadataTables } from './schema.ts'
import { eventStatements } from './statements/event-statements.ts'
import { executionStatements } from './statements/execution-statements.ts'
import { lineageStatements } from './statements/lineage-statements.ts'
import { memoryStatements } from './statements/memory-statements.ts'
import { runStatements } from './statements/run-statements.ts'

/** The statements of the hot path, compiled once per connection. */
export function createStatements(driver: SqliteDriver, db: Kysely<MetadataTables>): Statements {
  return {
    ...eventStatements(driver, db),
    ...runStatements(driver, db),
    ...executionStatements(driver, db),
    ...lineageStatements(driver, db),
    ...memoryStatements(driver, db),
  }
}

/** The statements of one connection. */
export type Statements = ReturnType<typeof eventStatements> &
  ReturnType<typeof runStatements> &
  ReturnType<typeof executionStatements> &
  ReturnType<typeof lineageStatements> &
  ReturnType<typeof memoryStatements>
