import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { bind } from '../../src/record/sqlite/bind.ts'
import { defaultEngine, openDriver } from '../../src/record/sqlite/driver.ts'
import type { SqliteValue } from '../../src/record/sqlite/engine.ts'
import { networkFileSystem } from '../../src/record/sqlite/disk.ts'
import { codeOf, isBusy, sqliteCode } from '../../src/record/sqlite/failure.ts'
import { engines, folder } from './support.ts'

describe('the choice of the engine', () => {
  it.each([
    ['20.19.0', 'libsql'],
    ['22.12.0', 'libsql'],
    ['22.13.0', 'node:sqlite'],
    ['24.0.0', 'node:sqlite'],
  ])('Node %s: %s', (version, engine) => {
    expect(defaultEngine(version)).toBe(engine)
  })
})

describe('binding', () => {
  it('turns booleans and undefined into what SQLite knows', () => {
    expect(bind([true, false, undefined, null, 1.5, 'a', 7n])).toEqual([1, 0, null, null, 1.5, 'a', 7n])
  })

  it('refuses what libsql would abort the process on', () => {
    expect(() => bind([new Date() as unknown as SqliteValue])).toThrow(/Date cannot be bound/)
    expect(() => bind([{} as unknown as SqliteValue])).toThrow(/Object cannot be bound/)
    expect(() => bind(['a\u0000b'])).toThrow(/NUL character/)
    expect(() => bind([Symbol('x') as unknown as SqliteValue])).toThrow(/symbol cannot be bound/)
  })
})

describe.each(engines)('%s', (engine) => {
  it('gives back text, numbers, bytes and null, the same way from each method', async () => {
    const driver = await openDriver(':memory:', engine)
    driver.exec('create table t (n integer primary key, text text, real real, bytes blob, missing text)')
    const bytes = new Uint8Array([9, 1, 2, 3]).subarray(1)
    const insert = driver.prepare('insert into t (text, real, bytes, missing) values (?, ?, ?, ?)')
    expect(insert.run(['ü\nx', 1.5, bytes, undefined])).toEqual({ changes: 1, lastInsertRowid: 1 })
    const select = driver.prepare('select text, real, bytes, missing from t where n = ?')
    const rows = [select.get([1]), ...select.all([1]), ...select.iterate([1])]
    expect(rows).toHaveLength(3)
    for (const row of rows) {
      expect(Object.keys(row!)).toEqual(['text', 'real', 'bytes', 'missing'])
      expect(row!['text']).toBe('ü\nx')
      expect(row!['real']).toBe(1.5)
      expect([...(row!['bytes'] as Uint8Array)]).toEqual([1, 2, 3])
      expect(row!['missing']).toBeNull()
    }
    expect(select.get([2])).toBeUndefined()
    driver.close()
    driver.close()
  })

  it('answers for the parameters of this call, however it was called before', async () => {
    const driver = await openDriver(':memory:', engine)
    driver.exec('create table t (n integer primary key)')
    driver.exec('insert into t values (1), (3)')
    const select = driver.prepare('select n from t where n = ?')
    expect(select.all([1])).toHaveLength(1)
    expect(select.get([2])).toBeUndefined()
    expect([...select.iterate([3])]).toHaveLength(1)
    select.iterate([1]).next()
    expect(select.all([2])).toEqual([])
    expect(select.get([3])!['n']).toBe(3)
    expect(select.get([2])).toBeUndefined()
    driver.close()
  })

  it('never waits for a lock, and says that there was one', async () => {
    const path = join(folder(), 'a.sqlite')
    const [a, b] = [await openDriver(path, engine), await openDriver(path, engine)]
    a.exec('create table t (n integer)')
    a.exec('begin immediate')
    const start = performance.now()
    let error: unknown
    try {
      b.exec('begin immediate')
    } catch (caught) {
      error = caught
    }
    expect(performance.now() - start).toBeLessThan(100)
    expect(isBusy(error)).toBe(true)
    a.exec('commit')
    a.close()
    b.close()
  })

  it('tells its errors by their codes', async () => {
    const driver = await openDriver(':memory:', engine)
    driver.exec('create table t (n integer primary key)')
    driver.exec('insert into t values (1)')
    const failure = (work: () => unknown): number | undefined => {
      try {
        work()
      } catch (error) {
        return codeOf(error)
      }
      return undefined
    }
    expect(failure(() => driver.prepare('insert into t values (?)').run([1]))).toBe(sqliteCode.constraint)
    expect(failure(() => driver.exec('select * from nothing'))).toBe(1)
    driver.close()
    const missing = join(folder(), 'no', 'such', 'folder.sqlite')
    await expect(openDriver(missing, engine)).rejects.toSatisfy(
      (error) => codeOf(error) === sqliteCode.cannotOpen,
    )
  })
})

describe('network file systems', () => {
  it('are told by their statfs type, signed or not', () => {
    expect(networkFileSystem(0x6969)).toBe('NFS')
    expect(networkFileSystem(0xff534d42)).toBe('CIFS')
    expect(networkFileSystem(-11317950)).toBe('CIFS')
    expect(networkFileSystem(0xef53)).toBeUndefined()
    expect(networkFileSystem(0x01021997)).toBeUndefined()
  })
})
