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

/** A statement as the engines give it. */
export interface EngineStatement {
  run(...params: unknown[]): { changes: number | bigint; lastInsertRowid: number | bigint }
  all(...params: unknown[]): unknown[]
  get(...params: unknown[]): unknown
  iterate(...params: unknown[]): IterableIterator<unknown>
}

/** A connection as the engines give it. */
export interface EngineDatabase {
  exec(sql: string): unknown
  prepare(sql: string): EngineStatement
  close(): unknown
}

/** Opens a connection. */
export type EngineConstructor = new (path: string, options?: { timeout: number }) => EngineDatabase

/** What a write has done, as numbers. */
export function counts(result: { changes: number | bigint; lastInsertRowid: number | bigint }): Changes {
  return { changes: Number(result.changes), lastInsertRowid: Number(result.lastInsertRowid) }
}

/** The error of an engine that is not there. */
export function missing(engine: SqliteEngine, cause: unknown): PipewrightError {
  return new PipewrightError(
    'DEPENDENCY_MISSING',
    `${engine} cannot be loaded on Node ${process.versions.node} (${process.platform} ${process.arch})`,
    { fix: 'run on Node 22.13 or newer, or `npm install libsql`', details: { engine }, cause },
  )
}
