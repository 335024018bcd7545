import { spawn } from 'node:child_process'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { Kysely } from 'kysely'
import { describe, expect, it } from 'vitest'
import { PipewrightError } from '../../src/internal/error.ts'
import { sqliteDialect } from '../../src/record/sqlite/dialect.ts'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import { checksum, migrate, migrations } from '../../src/record/sqlite/migrate.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { appendAll, artifact, engines, folder, openStore, started, succeeded, values } from './support.ts'

async function failure(work: Promise<unknown>): Promise<PipewrightError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!PipewrightError.isInstance(error)) throw new Error(`not refused: ${String(error)}`)
  return error
}

async function filled(path: string): Promise<void> {
  const store = await openSqliteMetadata(path)
  for (let run = 0; run < 20; run++) {
    const steps = Array.from({ length: 50 }, (_, at) =>
      succeeded(`n${at}`, { outputs: values({ out: artifact(`${run} ${at}`) }) }),
    )
    await appendAll(store, `run-${run}`, [started(), ...steps])
  }
  await store.close()
}

describe('migrations', () => {
  it('are numbered without gaps, and released ones are not edited', async () => {
    expect(migrations.map(({ number }) => number)).toEqual(migrations.map((_, at) => at + 1))
    const driver = await openDriver(':memory:')
    const db = new Kysely<unknown>({ dialect: sqliteDialect(driver) })
    const sums = migrations.map(({ statements }) => checksum(statements(db).map((one) => one.compile().sql)))
    expect(sums).toMatchInlineSnapshot(`
      [
        "sha256:17f6b387ad6fd748db5e37333055e958850bb87b7baa6b551140a93faae6376d",
        "sha256:9f43b914b2a2e78631315ea462d7d9c0dedf0cfc619176e4d377c55b3a46efbe",
        "sha256:26d13ba680f51c2b9f68ab3c3102e61efd664793a4b8565661c583972d28ed71",
      ]
    `)
    driver.close()
  })

  it('are applied once, each with its time', async () => {
    const path = join(folder(), 'deep', 'er', 'metadata.sqlite')
    await (await openSqliteMetadata(path, { now: () => 7 })).close()
    await (await openSqliteMetadata(path, { now: () => 8 })).close()
    const driver = await openDriver(path)
    expect(driver.prepare('select number, name, applied_at from migrations').all([])).toEqual(
      migrations.map(({ number, name }) => ({ number, name, applied_at: 7 })),
    )
    driver.close()
  })

  it('go on from where a database stands', async () => {
    const driver = await openDriver(':memory:')
    const db = new Kysely<unknown>({ dialect: sqliteDialect(driver) })
    await migrate(driver, db)
    const next = {
      number: migrations.length + 1,
      name: 'notes',
      statements: (on: Kysely<unknown>) => [on.schema.createTable('notes').addColumn('text', 'text')],
    }
    await migrate(driver, db, [...migrations, next])
    driver.exec("insert into notes values ('a')")
    expect(driver.prepare('select max(number) as n from migrations').get([])!['n']).toBe(next.number)
    driver.close()
  })

  it('leave a database as it was when one fails', async () => {
    const driver = await openDriver(':memory:')
    const db = new Kysely<unknown>({ dialect: sqliteDialect(driver) })
    await migrate(driver, db)
    const broken = {
      number: migrations.length + 1,
      name: 'broken',
      statements: (on: Kysely<unknown>) => [
        on.schema.createTable('half').addColumn('text', 'text'),
        on.schema.createTable('events').addColumn('text', 'text'),
      ],
    }
    await expect(migrate(driver, db, [...migrations, broken])).rejects.toThrow(/already exists/)
    expect(driver.prepare("select 1 from sqlite_schema where name = 'half'").get([])).toBeUndefined()
    driver.close()
  })

  it('refuse a database of a newer version, naming both', async () => {
    const path = join(folder(), 'metadata.sqlite')
    await filled(path)
    const driver = await openDriver(path)
    driver.exec("insert into migrations values (9, 'future', 'x', 1)")
    driver.close()
    const error = await failure(openSqliteMetadata(path))
    expect(error.code).toBe('WORKSPACE_NEWER')
    expect(error.message).toMatch(new RegExp(`has schema 9, .* up to ${migrations.length}`))
    expect(error.fix).toMatch(/upgrade pipewright/)
  })

  it('refuse a database that a different migration made', async () => {
    const path = join(folder(), 'metadata.sqlite')
    await filled(path)
    const driver = await openDriver(path)
    driver.exec("update migrations set checksum = 'x'")
    driver.close()
    expect((await failure(openSqliteMetadata(path))).code).toBe('WORKSPACE_CORRUPT')
  })

  it('are safe when several processes open a new workspace at once', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const stores = await Promise.all(Array.from({ length: 8 }, () => openSqliteMetadata(path)))
    await Promise.all(stores.map((store, at) => store.append({ run: `r${at}`, at: 1, event: started() })))
    expect((await stores[0]!.runs()).items).toHaveLength(8)
    await Promise.all(stores.map((store) => store.close()))
  })
})

describe.each(engines)('a damaged database, on %s', (engine) => {
  it.each([
    ['cut in the middle', (path: string) => truncateSync(path, 40_960)],
    ['cut within a page', (path: string) => truncateSync(path, 5_000)],
    ['cut within its header', (path: string) => truncateSync(path, 60)],
    ['full of garbage', (path: string) => writeFileSync(path, 'garbage '.repeat(4_000))],
    ['another kind of file', (path: string) => writeFileSync(path, 'PK\u0003\u0004')],
  ])('%s: is refused, naming the file and what to do', async (_, damage) => {
    const path = join(folder(), 'metadata.sqlite')
    await filled(path)
    const size = readFileSync(path).length
    expect(size).toBeGreaterThan(100_000)
    damage(path)
    const error = await failure(openSqliteMetadata(path, { engine }))
    expect(error.code).toBe('WORKSPACE_CORRUPT')
    expect(error.message).toContain(path)
    expect(error.fix).toMatch(/move it away/)
    expect(error.cause).toBeInstanceOf(Error)
  })

  it('whose damage shows later: each call says so', async () => {
    const path = join(folder(), 'metadata.sqlite')
    await filled(path)
    const bytes = readFileSync(path)
    // All pages but the first, which holds the schema.
    bytes.fill(0xa5, 8_192)
    writeFileSync(path, bytes)
    const work = async (): Promise<void> => {
      const store = await openStore(path, { engine })
      await store.detail('run-3')
      await store.append({ run: 'new', at: 1, event: started() })
    }
    expect((await failure(work())).code).toBe('WORKSPACE_CORRUPT')
  })
})

describe('a read-only workspace', () => {
  const script = fileURLToPath(new URL('./programs/open-once.ts', import.meta.url))
  // Root may write everywhere, so a child of another user looks.
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

  async function open(path: string): Promise<string> {
    const child = spawn(process.execPath, ['--import', 'tsx', script, path], {
      ...asNobody,
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    let output = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text))
    await new Promise((resolve) => child.once('close', resolve))
    return output.trim()
  }

  it('is refused, naming the file', async () => {
    const root = folder()
    chmodSync(root, 0o755)
    const existing = join(root, 'existing')
    mkdirSync(existing)
    await filled(join(existing, 'metadata.sqlite'))
    chmodSync(existing, 0o555)
    const missing = join(existing, 'missing', 'metadata.sqlite')
    expect(await open(missing)).toBe(`STORE_READ_ONLY ${missing}`)
    expect(existsSync(missing)).toBe(false)
    const there = join(existing, 'metadata.sqlite')
    expect(await open(there)).toBe(`STORE_READ_ONLY ${there}`)
    chmodSync(existing, 0o755)
  }, 30_000)

  it('is refused when only the file may not be written', async () => {
    const root = folder()
    chmodSync(root, 0o777)
    await filled(join(root, 'original.sqlite'))
    const path = join(root, 'metadata.sqlite')
    cpSync(join(root, 'original.sqlite'), path)
    chmodSync(path, 0o444)
    expect(await open(path)).toBe(`STORE_READ_ONLY ${path}`)
  }, 30_000)
})
