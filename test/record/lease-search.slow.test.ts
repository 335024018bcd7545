import { Kysely } from 'kysely'
import { expect, test } from 'vitest'
import { append } from '../../src/record/sqlite/append.ts'
import { sqliteDialect } from '../../src/record/sqlite/dialect.ts'
import { eventsOf } from '../../src/record/sqlite/events.ts'
import { heartbeatWorker } from '../../src/record/sqlite/heartbeat-worker.ts'
import { acquireLease, releaseLease } from '../../src/record/sqlite/leases.ts'
import { migrate } from '../../src/record/sqlite/migrate.ts'
import { openConnection } from '../../src/record/sqlite/open.ts'
import { Reader } from '../../src/record/sqlite/reader.ts'
import type { MetadataTables } from '../../src/record/sqlite/schema.ts'
import { createStatements } from '../../src/record/sqlite/statements.ts'
import { GroupWriter } from '../../src/record/sqlite/writer.ts'

// Every sequence of what two or three drivers of a run can do, up to a length, on the real store in memory. What each
// operation must give is told by a model of a few lines.

const ttl = 10
const beat = /'(update leases set heartbeat_at[^']+)'/.exec(heartbeatWorker)![1]!

/** `seize` takes a run from whoever has it; `pass` is time, more than a lease lasts. */
type Operation =
  | { readonly type: 'acquire' | 'seize' | 'append' | 'renew' | 'release'; readonly driver: number }
  | { readonly type: 'pass' }

interface Model {
  readonly fence: number
  readonly owned: boolean
  readonly expiresAt: number
  readonly now: number
  /** By driver: the fence of the lease that it believes to have; 0 for none. */
  readonly believes: readonly number[]
  /** The numbers of the events that were accepted, each that of its operation. */
  readonly log: readonly number[]
}

const fresh: Model = { fence: 0, owned: false, expiresAt: 0, now: 0, believes: [0, 0, 0], log: [] }

/** What an operation must lead to; `ok` where it is accepted. */
function expected(model: Model, operation: Operation, at: number): { ok: boolean; next: Model } {
  if (operation.type === 'pass') return { ok: true, next: { ...model, now: model.now + ttl + 1 } }
  const { fence, owned, expiresAt, now, believes, log } = model
  const own = believes[operation.driver]!
  const isCurrent = owned && own === fence
  switch (operation.type) {
    case 'acquire':
    case 'seize': {
      const ok = operation.type === 'seize' || !owned || expiresAt <= now
      const lease = { fence: fence + 1, owned: true, expiresAt: now + ttl }
      return {
        ok,
        next: ok ? { ...model, ...lease, believes: believes.with(operation.driver, fence + 1) } : model,
      }
    }
    case 'append':
      return { ok: isCurrent, next: isCurrent ? { ...model, log: [...log, at] } : model }
    case 'renew':
      return { ok: isCurrent, next: isCurrent ? { ...model, expiresAt: now + ttl } : model }
    case 'release':
      return { ok: true, next: isCurrent ? { ...model, owned: false, expiresAt: 0 } : model }
  }
}

/** All sequences of a length; drivers are alike, so that the first one begins, and the second before the third. */
function* sequences(drivers: number, length: number): Generator<readonly Operation[]> {
  function* from(done: readonly Operation[], model: Model, known: number): Generator<readonly Operation[]> {
    if (done.length === length) return yield done
    const options: Operation[] = done.length === 0 ? [] : [{ type: 'pass' }]
    for (let driver = 0; driver < Math.min(known + 1, drivers); driver++) {
      options.push({ type: 'acquire', driver }, { type: 'seize', driver })
      if (model.believes[driver]! > 0)
        for (const type of ['append', 'renew', 'release'] as const) options.push({ type, driver })
    }
    for (const option of options) {
      const { next } = expected(model, option, done.length)
      const isNew = option.type !== 'pass' && option.driver === known
      yield* from([...done, option], next, isNew ? known + 1 : known)
    }
  }
  yield* from([], fresh, 0)
}

async function openStore() {
  const driver = await openConnection(':memory:')
  const db = new Kysely<MetadataTables>({ dialect: sqliteDialect(driver) })
  await migrate(driver, db as unknown as Kysely<unknown>, undefined, () => 0)
  const statements = createStatements(driver, db)
  const writer = new GroupWriter(driver, statements)
  return { driver, statements, writer, reader: new Reader(driver, db, statements) }
}

type Store = Awaited<ReturnType<typeof openStore>>

/** Does one operation; the promise tells whether it was accepted, and the lease where one was given. */
async function perform(
  { driver, statements, writer }: Store,
  run: string,
  operation: Operation,
  { now, believes }: Model,
  at: number,
): Promise<{ readonly ok: boolean; readonly fence?: number }> {
  if (operation.type === 'pass') return { ok: true }
  const lease = { run, fence: believes[operation.driver]! }
  switch (operation.type) {
    case 'acquire':
    case 'seize': {
      const owner = { host: 'elsewhere', pid: operation.driver, processStart: '', boot: '', namespace: '' }
      const evict = operation.type === 'seize' ? ('any' as const) : undefined
      const request = { owner, evict, now: () => now, ttl, alive: () => 'unknown' as const }
      const acquired = await acquireLease(writer, statements, run, request)
      return acquired.ok ? { ok: true, fence: acquired.lease.fence } : { ok: false }
    }
    case 'append': {
      const event = { type: 'map.expanded', node: `of ${operation.driver}`, count: at } as const
      return append(writer, statements, { run, at: now, event }, lease).then(
        () => ({ ok: true }),
        (error: { code?: string }) => {
          expect(error.code).toBe('LEASE_LOST')
          return { ok: false }
        },
      )
    }
    case 'renew':
      return writer.write(() => {
        const { changes } = driver.prepare(beat).run([now, now + ttl, run, lease.fence])
        return { ok: changes > 0 }
      })
    case 'release':
      await releaseLease(writer, statements, lease)
      return { ok: true }
  }
}

/** Performs a sequence as a run of its own, and compares each result and what is in the log in the end. */
async function check(
  store: Store,
  run: string,
  sequence: readonly Operation[],
  each: (result: Promise<unknown>) => Promise<unknown> | undefined,
): Promise<void> {
  let model = fresh
  const results: Promise<unknown>[] = []
  const wanted: unknown[] = []
  for (const [at, operation] of sequence.entries()) {
    const { ok, next } = expected(model, operation, at)
    const result = perform(store, run, operation, model, at)
    results.push(result)
    const isTaking = ok && (operation.type === 'acquire' || operation.type === 'seize')
    wanted.push(isTaking ? { ok, fence: next.fence } : { ok })
    await each(result)
    model = next
  }
  const log: number[] = []
  expect({ run, sequence, results: await Promise.all(results) }).toEqual({ run, sequence, results: wanted })
  for await (const { event } of eventsOf(store.reader, run, 0))
    if (event.type === 'map.expanded') log.push(event.count)
  expect({ sequence, log }).toEqual({ sequence, log: model.log })
}

for (const [drivers, length] of [
  [2, 5],
  [3, 5],
] as const) {
  test(`no two of ${drivers} drivers write at one time, whatever ${length} things happen`, async () => {
    const store = await openStore()
    let count = 0
    let open: Promise<void>[] = []
    for (const sequence of sequences(drivers, length)) {
      // Operations that nobody waits for share a commit with each other.
      open.push(check(store, `together-${count++}`, sequence, () => undefined))
      if (open.length < 500) continue
      await Promise.all(open)
      open = []
    }
    await Promise.all(open)
    expect(count).toBeGreaterThan(10_000)
    store.driver.close()
  })
}

test('the same where each thing is committed before the next', async () => {
  const store = await openStore()
  let count = 0
  for (const sequence of sequences(3, 4)) await check(store, `alone-${count++}`, sequence, (result) => result)
  expect(count).toBeGreaterThan(1_000)
  store.driver.close()
})
