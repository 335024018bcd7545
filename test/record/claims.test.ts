import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { currentOwner } from '../../src/record/owner.ts'
import type { Lease, MetadataStore } from '../../src/record/metadata.ts'
import { immediate } from '../../src/record/sqlite/transaction.ts'
import { openDriver } from '../../src/record/sqlite/driver.ts'
import { engines, folder, key, openStore } from './support.ts'

async function lease(store: MetadataStore, run: string, pid = process.pid): Promise<Lease> {
  const acquired = await store.acquire(run, { ...currentOwner(), pid })
  if (!acquired.ok) throw new Error(`${run} is taken`)
  return acquired.lease
}

const nobody = 2 ** 22 + 1

describe.each(engines)('claims on %s', (engine) => {
  async function open(path: string): Promise<MetadataStore> {
    return openStore(path, { engine })
  }

  it('are held by one run at a time, whichever store asks', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [one, two] = [await open(path), await open(path)]
    const [a, b] = [await lease(one, 'run-a'), await lease(two, 'run-b')]
    const granted = await Promise.all([one.claims!.claim(key('k'), a), two.claims!.claim(key('k'), b)])
    expect(granted.toSorted()).toEqual([false, true])
    const [holder, waiter] = granted[0] ? [one, two] : [two, one]
    const [own, other] = granted[0] ? [a, b] : [b, a]
    expect(await holder.claims!.claim(key('k'), own)).toBe(true)
    expect(await waiter.claims!.claim(key('other'), other)).toBe(true)
    // What the holder does not have, nobody can give back for it.
    waiter.claims!.release(key('k'), other)
    expect(await waiter.claims!.claim(key('k'), other)).toBe(false)
    holder.claims!.release(key('k'), own)
    await vi.waitFor(async () => expect(await waiter.claims!.claim(key('k'), other)).toBe(true))
    expect(await holder.claims!.claim(key('k'), own)).toBe(false)
  })

  it('claim many keys in one turn', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [one, two] = [await open(path), await open(path)]
    const [a, b] = [await lease(one, 'run-a'), await lease(two, 'run-b')]
    const keys = Array.from({ length: 500 }, (_, at) => key(`k${at}`))
    const results = await Promise.all(
      keys.map((name, at) => (at % 2 === 0 ? one.claims!.claim(name, a) : two.claims!.claim(name, b))),
    )
    expect(results.every(Boolean)).toBe(true)
    const crossed = await Promise.all(
      keys.map((name, at) => (at % 2 === 0 ? two.claims!.claim(name, b) : one.claims!.claim(name, a))),
    )
    expect(crossed.some(Boolean)).toBe(false)
  })

  it('end with the lease of their run: given back, taken over, or of a dead process', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [one, two] = [await open(path), await open(path)]
    const b = await lease(two, 'run-b')
    const released = await lease(one, 'released')
    const taken = await lease(one, 'taken')
    const dead = await lease(one, 'dead', nobody)
    for (const own of [released, taken, dead]) expect(await one.claims!.claim(key(own.run), own)).toBe(true)
    await one.release(released)
    await one.acquire('taken', currentOwner(), 'any')
    for (const { run } of [released, taken, dead]) expect(await two.claims!.claim(key(run), b)).toBe(true)
  })

  it('of a dead process go to one of those who ask', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const stores = [await open(path), await open(path), await open(path)]
    const dead = await lease(stores[0]!, 'dead', nobody)
    expect(await stores[0]!.claims!.claim(key('k'), dead)).toBe(true)
    const granted = await Promise.all(
      stores.map(async (store, at) => store.claims!.claim(key('k'), await lease(store, `run-${at}`))),
    )
    expect(granted.filter(Boolean)).toHaveLength(1)
  })

  it('that a dead process has left are dropped when the next one opens them', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const one = await open(path)
    await one.claims!.claim(key('left'), await lease(one, 'dead', nobody))
    await one.claims!.claim(key('kept'), await lease(one, 'run-a'))
    const two = await open(path)
    await two.claims!.claim(key('new'), await lease(two, 'run-b'))
    const driver = await openDriver(path.replace('.sqlite', '.claims.sqlite'), engine)
    onTestFinished(() => driver.close())
    const rows = driver.prepare('select key from claims').all([])
    expect(rows.map((row) => row['key']).toSorted()).toEqual([key('kept'), key('new')].toSorted())
  })

  it('start anew where the database is damaged', async () => {
    const path = join(folder(), 'metadata.sqlite')
    writeFileSync(path.replace('.sqlite', '.claims.sqlite'), 'no database '.repeat(1_000))
    const [one, two] = [await open(path), await open(path)]
    expect(await one.claims!.claim(key('k'), await lease(one, 'run-a'))).toBe(true)
    expect(await two.claims!.claim(key('k'), await lease(two, 'run-b'))).toBe(false)
  })

  it('are all granted where there can be no database; that is told once', async () => {
    const path = join(folder(), 'metadata.sqlite')
    mkdirSync(path.replace('.sqlite', '.claims.sqlite'))
    const warn = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    onTestFinished(() => warn.mockRestore())
    const one = await open(path)
    const [a, b] = [await lease(one, 'run-a'), await lease(one, 'run-b')]
    expect(await one.claims!.claim(key('k'), a)).toBe(true)
    one.claims!.release(key('k'), a)
    expect(await one.claims!.claim(key('k'), b)).toBe(true)
    expect(warn.mock.calls.map(([, options]) => (options as { code?: string }).code)).toEqual([
      'PIPEWRIGHT_CLAIMS',
    ])
  })

  it('wait for the lock of another process, and then are granted without one', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [one, two] = [await open(path), await open(path)]
    const [a, b] = [await lease(one, 'run-a'), await lease(two, 'run-b')]
    await one.claims!.claim(key('k'), a)
    const driver = await openDriver(path.replace('.sqlite', '.claims.sqlite'), engine)
    onTestFinished(() => driver.close())
    let answer: Promise<boolean> | undefined
    driver.exec('begin immediate')
    answer = two.claims!.claim(key('k'), b)
    await new Promise((resolve) => setTimeout(resolve, 50))
    driver.exec('commit')
    expect(await answer).toBe(false)
    driver.exec('begin immediate')
    expect(await two.claims!.claim(key('k'), b)).toBe(true)
    driver.exec('commit')
    // The lock is gone: claims are told apart again.
    immediate(driver, () => undefined)
    expect(await two.claims!.claim(key('k'), b)).toBe(false)
  })

  it('that are given back while another process has the lock are given back when it is gone', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [one, two] = [await open(path), await open(path)]
    const [a, b] = [await lease(one, 'run-a'), await lease(two, 'run-b')]
    await one.claims!.claim(key('k'), a)
    const driver = await openDriver(path.replace('.sqlite', '.claims.sqlite'), engine)
    onTestFinished(() => driver.close())
    driver.exec('begin immediate')
    one.claims!.release(key('k'), a)
    // Granted without the lock: by now nobody waits for it any more.
    expect(await one.claims!.claim(key('other'), a)).toBe(true)
    driver.exec('commit')
    await vi.waitFor(async () => expect(await two.claims!.claim(key('k'), b)).toBe(true), { timeout: 10_000 })
  })
})
