import { createRequire } from 'node:module'
import { bind } from './bind.ts'
import {
  counts,
  missing,
  type EngineConstructor,
  type EngineDatabase,
  type EngineStatement,
  type Row,
  type Statement,
} from './engine.ts'

/**
 * Compiles a statement of libsql, which takes one array, adds `_metadata` to the row of `get`, and gives bytes as ArrayBuffer elsewhere. It does
 * not reset a statement whose rows were iterated: a `get` on it would answer for the old parameters, so each way
 * of reading has a statement of its own.
 */
export function libsqlStatement(database: EngineDatabase, sql: string): Statement {
  let one: EngineStatement | undefined
  let many: EngineStatement | undefined
  const first = (): EngineStatement => (one ??= database.prepare(sql))
  const rows = (): EngineStatement => (many ??= database.prepare(sql))
  return {
    run: (params) => counts(first().run(bind(params))),
    all: (params) => (rows().all(bind(params)) as Record<string, unknown>[]).map(bytesOf),
    get: (params) => {
      const row = first().get(bind(params)) as Record<string, unknown> | undefined
      if (row !== undefined) delete row['_metadata']
      return row
    },
    *iterate(params) {
      const statement = database.prepare(sql)
      for (const row of statement.iterate(bind(params)) as Iterable<Record<string, unknown>>)
        yield bytesOf(row)
    },
  }
}

function bytesOf(row: Record<string, unknown>): Row {
  for (const name in row) if (row[name] instanceof ArrayBuffer) row[name] = new Uint8Array(row[name])
  return row
}

/** Loads libsql. */
export async function loadLibsql(): Promise<EngineConstructor> {
  try {
    return ((await import('libsql')) as unknown as { default: EngineConstructor }).default
  } catch (error) {
    throw missing('libsql', error)
  }
}

/** Where libsql is, for a thread that must load it by path; undefined where it is not installed. */
export function libsqlPath(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('libsql')
  } catch {
    return undefined
  }
}
