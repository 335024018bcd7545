import { setTimeout as sleep } from 'node:timers/promises'
import { join } from 'node:path'
import { Kysely } from 'kysely'
import { beforeEach, describe, expect, it } from 'vitest'
import { PipewrightError } from '../../src/internal/error.ts'
import { append } from '../../src/record/sqlite/append.ts'
import { sqliteDialect } from '../../src/record/sqlite/dialect.ts'
import { openDriver, type SqliteDriver } from '../../src/record/sqlite/driver.ts'
import { migrate } from '../../src/record/sqlite/migrate.ts'
import type { MetadataTables } from '../../src/record/sqlite/schema.ts'
import { createStatements, type Statements } from '../../src/record/sqlite/statements.ts'
import { GroupWriter } from '../../src/record/sqlite/writer.ts'
import { attempt, engines, folder, openStore, started, succeeded } from './support.ts'

/** A driver that counts what it is asked to do, and fails where it is told to. */
function counting(
  driver: SqliteDriver,
): SqliteDriver & { count: Record<string, number>; fail: string | undefined } {
  const count: Record<string, number> = {}
  const noted = (sql: string): void => {
    count[sql] = (count[sql] ?? 0) + 1
    if (sql === counted.fail)
      throw Object.assign(new Error('database or disk is full'), { rawCode: 13, code: 'SQLITE_FULL' })
  }
  const counted = {
    ...driver,
    count,
    fail: undefined as string | undefined,
    exec: (sql: string) => {
      noted(sql)
      driver.exec(sql)
    },
    prepare: (sql: string) => {
      const statement = driver.prepare(sql)
      return {
        ...statement,
        run: (params: Parameters<typeof statement.run>[0]) => {
          noted(sql)
          return statement.run(params)
        },
      }
    },
  }
  return counted
}

describe.each(engines)('the group writer on %s', (engine) => {
  let driver: ReturnType<typeof counting>
  let statements: Statements
  let writer: GroupWriter

  beforeEach(async () => {
    driver = counting(await openDriver(':memory:', engine))
    const db = new Kysely<MetadataTables>({ dialect: sqliteDialect(driver) })
    await migrate(driver, db as unknown as Kysely<unknown>)
    statements = createStatements(driver, db)
    writer = new GroupWriter(driver, statements)
    driver.count['commit'] = 0
  })

  const events = (): number => driver.prepare('select count(*) as n from events').get([])!['n'] as number

  it('commits what one turn asks for together', async () => {
    const run = 'r'
    await append(writer, statements, { run, at: 1, event: started() })
    expect(driver.count['commit']).toBe(1)
    const all = Array.from({ length: 500 }, (_, i) =>
      append(writer, statements, { run, at: 2, event: attempt(`n${i}`) }),
    )
    await Promise.all(all)
    expect(driver.count['commit']).toBe(2)
    expect(events()).toBe(501)
  })

  it('bounds a group', async () => {
    const all = Array.from({ length: 2_500 }, (_, i) =>
      append(writer, statements, { run: 'r', at: 1, event: attempt(`n${i}`) }),
    )
    await Promise.all(all)
    expect(driver.count['commit']).toBe(3)
    expect(events()).toBe(2_500)
  })

  it('resolves only what is committed, in order', async () => {
    const order: number[] = []
    const appended = [0, 1, 2].map(async (at) => {
      await append(writer, statements, { run: 'r', at, event: attempt(`n${at}`) })
      order.push(at)
    })
    expect(events()).toBe(0)
    await Promise.all(appended)
    expect(order).toEqual([0, 1, 2])
    expect(
      driver
        .prepare('select at from events order by seq')
        .all([])
        .map((row) => row['at']),
    ).toEqual([0, 1, 2])
  })

  it('rejects only the event that cannot be stored', async () => {
    const results = await Promise.allSettled([
      append(writer, statements, { run: 'r', at: 1, event: started() }),
      append(writer, statements, { run: 'r', at: Number.NaN, event: attempt('bad') }),
      append(writer, statements, { run: 'r', at: 3, event: attempt('good') }),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((results[1] as PromiseRejectedResult).reason).toMatchObject({ code: 'VALUE_NOT_STORABLE' })
    expect(events()).toBe(2)
    expect(driver.prepare('select node from executions').all([])).toEqual([{ node: 'good' }])
  })

  it('writes nothing of an event whose projection fails', async () => {
    await append(writer, statements, { run: 'r', at: 1, event: started() })
    const again = append(writer, statements, {
      run: 'r',
      at: 2,
      event: started(),
      blobs: [{ digest: 'sha256:00', bytes: new Uint8Array(3) }],
    })
    await expect(again).rejects.toMatchObject({ code: 'VALUE_NOT_STORABLE' })
    expect(events()).toBe(1)
    expect(driver.prepare('select count(*) as n from blobs').get([])!['n']).toBe(0)
  })

  it('refuses a second run with the same key of a pipeline', async () => {
    const event = started({ key: 'monday' })
    await append(writer, statements, { run: 'a', at: 1, event })
    const second = append(writer, statements, { run: 'b', at: 2, event })
    await expect(second).rejects.toMatchObject({ code: 'RUN_KEY_CONFLICT', details: { key: 'monday' } })
    await append(writer, statements, {
      run: 'c',
      at: 3,
      event: started({ key: 'monday', pipeline: 'other' }),
    })
  })

  it('tells of a full disk, with its cause, and goes on when there is room again', async () => {
    driver.fail = 'commit'
    const full = Promise.allSettled([
      append(writer, statements, { run: 'r', at: 1, event: started() }),
      append(writer, statements, { run: 'r', at: 2, event: attempt('a') }),
    ])
    for (const result of await full) {
      const { reason } = result as PromiseRejectedResult
      expect(reason).toMatchObject({ code: 'STORE_FULL', cause: { rawCode: 13 } })
    }
    driver.fail = undefined
    expect(events()).toBe(0)
    await append(writer, statements, { run: 'r', at: 1, event: started() })
    expect(events()).toBe(1)
  })

  it('writes what is left before it closes, and nothing after', async () => {
    const last = append(writer, statements, { run: 'r', at: 1, event: started() })
    await writer.close()
    await last
    expect(events()).toBe(1)
    const late = append(writer, statements, { run: 'r', at: 1, event: attempt('a') })
    await expect(late).rejects.toMatchObject({ code: 'WORKSPACE_CLOSED' })
  })

  it('flushes', async () => {
    let isDone = false
    void append(writer, statements, { run: 'r', at: 1, event: succeeded('a') }).then(() => (isDone = true))
    await writer.flush()
    expect(isDone).toBe(true)
    await writer.flush()
  })
})

describe.each(engines)('a lock of another process, on %s', (engine) => {
  it('is waited for without blocking the thread', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path, { engine })
    const other = await openDriver(path, engine)
    other.exec('begin immediate')
    let isDone = false
    const appended = store.append({ run: 'r', at: 1, event: started() }).then(() => (isDone = true))
    let turns = 0
    const ticking = setInterval(() => turns++, 1)
    await sleep(150)
    clearInterval(ticking)
    expect(isDone).toBe(false)
    expect(turns).toBeGreaterThan(20)
    other.exec('commit')
    await appended
    other.close()
  })

  it('is given up after a while, with a clear error', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path, { engine, patience: 80 })
    const other = await openDriver(path, engine)
    other.exec('begin immediate')
    const error: unknown = await store
      .append({ run: 'r', at: 1, event: started() })
      .catch((reason: unknown) => reason)
    expect(PipewrightError.isInstance(error) && error.message).toMatch(/another process kept .* locked/)
    other.exec('commit')
    await store.append({ run: 'r', at: 1, event: started() })
    other.close()
  })
})
