import type { Compilable } from 'kysely'
import type { SqliteDriver } from './driver.ts'
import type { Changes, Row, SqliteValue, Statement } from './engine.ts'

class Marker {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

/** A statement that was compiled once and is run with named values. */
export interface Prepared<Params> {
  run(values: Params): Changes
  get(values: Params): Row | undefined
  all(values: Params): Row[]
}

/**
 * Compiles a Kysely query once, with named places for its values, and keeps its prepared statement: a query
 * built anew costs more than the statement itself.
 */
export function prepare<Params extends { readonly [Name in keyof Params]: SqliteValue }>(
  driver: SqliteDriver,
  build: (value: <Name extends keyof Params & string>(name: Name) => Params[Name]) => Compilable,
): Prepared<Params> {
  const { sql, parameters } = build((name) => new Marker(name) as never).compile()
  const names = parameters.map((part) => (part instanceof Marker ? part.name : undefined))
  const bind = (values: Params): SqliteValue[] => {
    const bound: SqliteValue[] = []
    for (let at = 0; at < names.length; at++) {
      const name = names[at]
      bound.push(
        name === undefined
          ? (parameters[at] as SqliteValue)
          : (values as Readonly<Record<string, SqliteValue>>)[name],
      )
    }
    return bound
  }
  let statement: Statement | undefined
  const ready = (): Statement => (statement ??= driver.prepare(sql))
  return {
    run: (values) => ready().run(bind(values)),
    get: (values) => ready().get(bind(values)),
    all: (values) => ready().all(bind(values)),
  }
}
