import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { whenFree } from './busy.ts'
import { requireLocalDisk } from './disk.ts'
import { openDriver, type SqliteDriver } from './driver.ts'
import type { SqliteEngine } from './engine.ts'
import { readOnly, translate } from './failure.ts'

function makeFolder(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true })
  } catch (error) {
    throw readOnly(path, error)
  }
}

/** Opens the connection of the main thread: durable commits, and no waiting for locks inside of SQLite. */
export async function openConnection(path: string, engine?: SqliteEngine): Promise<SqliteDriver> {
  const inMemory = path === ':memory:'
  if (!inMemory) {
    makeFolder(path)
    requireLocalDisk(dirname(path))
  }
  let driver: SqliteDriver | undefined
  try {
    const opened = await openDriver(path, engine)
    driver = opened
    opened.exec('pragma busy_timeout=0')
    if (!inMemory) await whenFree(() => opened.exec('pragma journal_mode=wal'))
    opened.exec('pragma synchronous=full')
    opened.exec('pragma foreign_keys=off')
    opened.exec('pragma cache_size=-16000')
    // A log of 16 MB at most: hot pages are copied back less often than with the default of 4 MB.
    opened.exec('pragma wal_autocheckpoint=4000')
    // The first read: a damaged file is noticed here.
    await whenFree(() => opened.prepare('select count(*) as n from sqlite_schema').get([]))
    return opened
  } catch (error) {
    driver?.close()
    throw translate(error, path)
  }
}
