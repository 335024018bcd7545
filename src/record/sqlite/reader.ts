import type { Compilable, Kysely } from 'kysely'
import type { RunEvent } from '../event.ts'
import { whenFree } from './busy.ts'
import { decodeEvent } from './codec.ts'
import type { SqliteDriver } from './driver.ts'
import type { SqliteValue } from './engine.ts'
import { translate } from './failure.ts'
import type { MetadataTables } from './schema.ts'
import type { Statements } from './statements.ts'
import { closedError } from './writer.ts'

/** Rows of one page of what is read in pages: no statement is left open between two turns. */
export const pageSize = 500

/** Reads of one connection: they wait for locks without the thread, and tell SQLite's errors in our words. */
export class Reader {
  readonly db: Kysely<MetadataTables>
  readonly statements: Statements
  readonly #driver: SqliteDriver
  #closed = false

  constructor(driver: SqliteDriver, db: Kysely<MetadataTables>, statements: Statements) {
    this.#driver = driver
    this.db = db
    this.statements = statements
  }

  /** Does a read of one turn. */
  async read<T>(work: () => T): Promise<T> {
    if (this.#closed) throw closedError(this.#driver.path)
    try {
      return await whenFree(work)
    } catch (error) {
      throw translate(error, this.#driver.path)
    }
  }

  /** The rows of a query. */
  all<Row>(query: Compilable<Row>): Promise<Row[]> {
    return this.read(() => this.now(query))
  }

  /** The rows of a query at once, for use inside a write. */
  now<Row>(query: Compilable<Row>): Row[] {
    const { sql, parameters } = query.compile()
    return this.#driver.prepare(sql).all(parameters as SqliteValue[]) as Row[]
  }

  /** Events by their places. */
  async eventsAt(places: readonly number[]): Promise<ReadonlyMap<number, RunEvent>> {
    const found = new Map<number, RunEvent>()
    for (let at = 0; at < places.length; at += pageSize) {
      const page = places.slice(at, at + pageSize)
      const rows = await this.all(
        this.db.selectFrom('events').select(['seq', 'run', 'format', 'data']).where('seq', 'in', page),
      )
      for (const row of rows) found.set(row.seq, decodeEvent(row.format, row.data, row.run))
    }
    return found
  }

  close(): void {
    this.#closed = true
  }
}

/** A Json text column, or null. */
export function parsed<T>(text: string | null): T | null {
  return text === null ? null : (JSON.parse(text) as T)
}
