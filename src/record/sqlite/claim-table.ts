import { rmSync } from 'node:fs'
import type { Digest } from '../../internal/digest.ts'
import type { Lease } from '../metadata.ts'
import { whenFree } from './busy.ts'
import { openDriver } from './driver.ts'
import type { SqliteEngine } from './engine.ts'
import { codeOf, sqliteCode } from './failure.ts'
import { immediate } from './transaction.ts'

/** A key with the run that is to have it. */
export interface Claim {
  readonly key: Digest
  readonly lease: Lease
  /** The claim whose holder is dead. */
  readonly instead?: Lease | undefined
}

/** The claims of all processes, in a database of their own. */
export interface ClaimTable {
  /** Gives claims back and makes others, in one transaction; by claim: who has it instead, undefined when granted. */
  exchange(released: readonly Claim[], wanted: readonly Claim[]): (Lease | undefined)[]
  /** The runs that have claims. */
  holders(): readonly Lease[]
  /** Drops all claims of a run under a lease. */
  drop(lease: Lease): void
  close(): void
}

const table = `create table if not exists claims (
  key text primary key, run text not null, fence integer not null) without rowid`

/** Claims are worth nothing after a crash of the machine, so nothing is synced: a claim costs no durable commit. */
async function open(path: string, engine: SqliteEngine): Promise<ClaimTable> {
  const driver = await openDriver(path, engine)
  try {
    driver.exec('pragma busy_timeout=0')
    await whenFree(() => driver.exec('pragma journal_mode=wal'))
    driver.exec('pragma synchronous=off')
    await whenFree(() => driver.exec(table))
    const insert = driver.prepare(
      'insert into claims (key, run, fence) values (?, ?, ?) on conflict do nothing',
    )
    const replace = driver.prepare(
      'update claims set run = ?, fence = ? where key = ? and run = ? and fence = ?',
    )
    const remove = driver.prepare('delete from claims where key = ? and run = ? and fence = ?')
    const removeAll = driver.prepare('delete from claims where run = ? and fence = ?')
    const holder = driver.prepare('select run, fence from claims where key = ?')
    const runs = driver.prepare('select distinct run, fence from claims')
    const take = ({ key, lease: { run, fence }, instead }: Claim): Lease | undefined => {
      if (instead !== undefined && replace.run([run, fence, key, instead.run, instead.fence]).changes > 0)
        return undefined
      if (insert.run([key, run, fence]).changes > 0) return undefined
      const row = holder.get([key]) as unknown as Lease
      return row.run === run && row.fence === fence ? undefined : { run: row.run, fence: row.fence }
    }
    return {
      exchange: (released, wanted) =>
        immediate(driver, () => {
          for (const { key, lease } of released) remove.run([key, lease.run, lease.fence])
          return wanted.map(take)
        }),
      holders: () => runs.all([]) as unknown as Lease[],
      drop: ({ run, fence }) => void removeAll.run([run, fence]),
      close: () => driver.close(),
    }
  } catch (error) {
    driver.close()
    throw error
  }
}

/** Opens the claims of a workspace; a damaged file is replaced: all that is lost is who was about to do what. */
export async function openClaimTable(path: string, engine: SqliteEngine): Promise<ClaimTable> {
  try {
    return await open(path, engine)
  } catch (error) {
    const code = codeOf(error)
    if (code !== sqliteCode.corrupt && code !== sqliteCode.notADatabase) throw error
    for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true })
    return open(path, engine)
  }
}
