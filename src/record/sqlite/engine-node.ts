import { bind } from './bind.ts'
import {
  counts,
  missing,
  type EngineConstructor,
  type EngineDatabase,
  type Row,
  type Statement,
} from './engine.ts'

/** Compiles a statement of node:sqlite. */
export function nodeStatement(database: EngineDatabase, sql: string): Statement {
  const statement = database.prepare(sql)
  return {
    run: (params) => counts(statement.run(...bind(params))),
    all: (params) => statement.all(...bind(params)) as Row[],
    get: (params) => statement.get(...bind(params)) as Row | undefined,
    iterate: (params) => statement.iterate(...bind(params)) as IterableIterator<Row>,
  }
}

/** Loads node:sqlite. */
export function loadNode(): EngineConstructor {
  // Node 22 warns that node:sqlite is experimental; a user of Pipewright can do nothing about that.
  const host = process as { emitWarning: unknown }
  const emit = host.emitWarning as (...args: unknown[]) => void
  host.emitWarning = (...args: unknown[]): void => {
    if (!String(args[0]).includes('SQLite is an experimental feature')) Reflect.apply(emit, process, args)
  }
  try {
    const module = process.getBuiltinModule('node:sqlite') as { DatabaseSync: EngineConstructor } | undefined
    if (module === undefined) throw missing('node:sqlite', undefined)
    return module.DatabaseSync
  } finally {
    host.emitWarning = emit
  }
}
