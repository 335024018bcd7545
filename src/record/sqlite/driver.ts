import { createRequire } from 'node:module'
import { PipewrightError } from '../../internal/error.ts'

/** What can be bound to a parameter. Dates are refused by type: store milliseconds. */
export type SqliteValue = string | number | bigint | boolean | null | undefined | Uint8Array

/** The engines behind the driver. */
export type SqliteEngine = 'node:sqlite' | 'libsql'

/** A row by its column names. */
export type Row = Readonly<Record<string, unknown>>

/** What a statement that writes has done. */
export interface Changes {
  readonly changes: number
  readonly lastInsertRowid: number
}

/** A compiled statement. */
export interface Statement {
  /** Runs it for its effect. */
  run(params: readonly SqliteValue[]): Changes
  /** All rows. */
  all(params: readonly SqliteValue[]): Row[]
  /** The first row. */
  get(params: readonly SqliteValue[]): Row | undefined
  /** The rows one by one, to the end: a half-read statement keeps its snapshot, and so the log, alive. */
  iterate(params: readonly SqliteValue[]): IterableIterator<Row>
}

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

type Bound = string | number | bigint | null | Uint8Array

interface EngineStatement {
  run(...params: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  all(...params: unknown[]): unknown[]
  get(...params: unknown[]): unknown
  iterate(...params: unknown[]): IterableIterator<unknown>
}

interface EngineDatabase {
  exec(sql: string): unknown
  prepare(sql: string): EngineStatement
  close(): unknown
}

type EngineConstructor = new (path: string, options?: { timeout: number }) => EngineDatabase

/** Values as both engines take them. libsql aborts the process on what it does not know, so nothing else passes. */
export function bind(params: readonly SqliteValue[]): Bound[] {
  const bound: Bound[] = []
  for (const value of params as readonly unknown[]) {
    if (typeof value === 'number' || typeof value === 'bigint' || value === null) bound.push(value)
    else if (typeof value === 'string') bound.push(whole(value))
    else if (value === undefined) bound.push(null)
    else if (typeof value === 'boolean') bound.push(value ? 1 : 0)
    else if (value instanceof Uint8Array)
      bound.push(Buffer.from(value.buffer, value.byteOffset, value.byteLength))
    else
      throw new PipewrightError('VALUE_NOT_STORABLE', `${typeOf(value)} cannot be bound to a SQL parameter`, {
        fix: 'bind text, a number, a bigint, a boolean, null or bytes (a time as milliseconds)',
      })
  }
  return bound
}

/** libsql reads text up to its first NUL: what would come back shortened is not written. */
function whole(text: string): string {
  if (!text.includes('\0')) return text
  throw new PipewrightError('VALUE_NOT_STORABLE', `${JSON.stringify(text)} contains a NUL character`, {
    fix: 'use names, tags and keys without control characters',
  })
}

function typeOf(value: unknown): string {
  return typeof value === 'object' && value !== null ? (value.constructor?.name ?? 'an object') : typeof value
}

function nodeStatement(database: EngineDatabase, sql: string): Statement {
  const statement = database.prepare(sql)
  return {
    run: (params) => counts(statement.run(...bind(params))),
    all: (params) => statement.all(...bind(params)) as Row[],
    get: (params) => statement.get(...bind(params)) as Row | undefined,
    iterate: (params) => statement.iterate(...bind(params)) as IterableIterator<Row>,
  }
}

/**
 * libsql takes one array, adds `_metadata` to the row of `get`, and gives bytes as ArrayBuffer elsewhere. It does
 * not reset a statement whose rows were iterated: a `get` on it would answer for the old parameters, so each way
 * of reading has a statement of its own.
 */
function libsqlStatement(database: EngineDatabase, sql: string): Statement {
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
      for (const row of statement.iterate(bind(params)) as Iterable<Record<string, unknown>>) yield bytesOf(row)
    },
  }
}

function bytesOf(row: Record<string, unknown>): Row {
  for (const name in row) if (row[name] instanceof ArrayBuffer) row[name] = new Uint8Array(row[name])
  return row
}

function counts(result: { changes: number | bigint; lastInsertRowid: number | bigint }): Changes {
  return { changes: Number(result.changes), lastInsertRowid: Number(result.lastInsertRowid) }
}

/** The engine of this Node: its own from 22.13 on (before, it is missing or behind a flag), else libsql. */
export function defaultEngine(version: string = process.versions.node): SqliteEngine {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 22 || (major === 22 && minor >= 13) ? 'node:sqlite' : 'libsql'
}

function loadNode(): EngineConstructor {
  // Node 22 warns that node:sqlite is experimental; a user of Pipewright can do nothing about that.
  const emit = process.emitWarning
  process.emitWarning = ((warning: string | Error, ...rest: unknown[]) => {
    if (!String(warning).includes('SQLite is an experimental feature'))
      Reflect.apply(emit, process, [warning, ...rest])
  }) as typeof process.emitWarning
  try {
    const module = process.getBuiltinModule('node:sqlite') as
      | { DatabaseSync: EngineConstructor }
      | undefined
    if (module === undefined) throw missing('node:sqlite', undefined)
    return module.DatabaseSync
  } finally {
    process.emitWarning = emit
  }
}

async function loadLibsql(): Promise<EngineConstructor> {
  try {
    return ((await import('libsql')) as unknown as { default: EngineConstructor }).default
  } catch (error) {
    throw missing('libsql', error)
  }
}

function missing(engine: SqliteEngine, cause: unknown): PipewrightError {
  return new PipewrightError(
    'DEPENDENCY_MISSING',
    `${engine} cannot be loaded on Node ${process.versions.node} (${process.platform} ${process.arch})`,
    { fix: 'run on Node 22.13 or newer, or `npm install libsql`', details: { engine }, cause },
  )
}

/** Where libsql is, for a thread that must load it by path; undefined where it is not installed. */
export function libsqlPath(): string | undefined {
  try {
    return createRequire(import.meta.url).resolve('libsql')
  } catch {
    return undefined
  }
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
