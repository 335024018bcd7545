import { libsqlStatement, loadLibsql } from './engine-libsql.ts'
import { loadNode, nodeStatement } from './engine-node.ts'
import type { SqliteEngine, Statement } from './engine.ts'

/** One connection to a SQLite database; every call is synchronous. */
export interface SqliteDriver {
  readonly engine: SqliteEngine
  readonly path: string
  /** Runs statements without parameters. */
  exec(sql: string): void
  prepare(sql: string): Statement
  /** Ends the connection; a second call does nothing. */
  close(): void
}

/** The engine of this Node: its own from 22.13 on (before, it is missing or behind a flag), else libsql. */
export function defaultEngine(version: string = process.versions.node): SqliteEngine {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : 'libsql'
}

/** Opens a connection; the engine is loaded at the first call. */
export async function openDriver(
  path: string,
  engine: SqliteEngine = defaultEngine(),
): Promise<SqliteDriver> {
  const Database = engine === 'libsql' ? await loadLibsql() : loadNode()
  const database = new Database(path, { timeout: 0 })
  const wrap = engine === 'libsql' ? libsqlStatement : nodeStatement
  let open = true
  return {
    engine,
    path,
    exec: (sql) => void database.exec(sql),
    prepare: (sql) => wrap(database, sql),
    close: () => {
      if (open) database.close()
      open = false
    },
  }
}
