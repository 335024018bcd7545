import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { describe, expect, it, vi } from 'vitest'
import type { Owner } from '../../src/record/event.ts'
import type { Acquired, Lease } from '../../src/record/metadata.ts'
import { currentOwner } from '../../src/record/owner.ts'
import { attempt, collect, engines, folder, openStore, started } from './support.ts'

const run = 'run-1'
const elsewhere: Owner = { ...currentOwner(), host: 'another-host' }
const gone: Owner = { ...currentOwner(), processStart: '1' }

function lease(acquired: Acquired): Lease {
  if (!acquired.ok) throw new Error('not acquired')
  return acquired.lease
}

describe('acquire', () => {
  it('gives a run without an owner, with a rising fence', async () => {
    const store = await openStore()
    const first = lease(await store.acquire(run, currentOwner()))
    expect(first).toEqual({ run, fence: 1 })
    await store.release(first)
    expect(await store.acquire(run, currentOwner())).toEqual({
      ok: true,
      lease: { run, fence: 2 },
      cancelRequested: null,
    })
  })

  it('refuses a run whose owner lives, even when its lease has expired', async () => {
    let now = 1_000
    const store = await openStore(':memory:', { now: () => now })
    await store.acquire(run, currentOwner())
    now += 60_000
    expect(await store.acquire(run, currentOwner())).toEqual({
      ok: false,
      owner: currentOwner(),
      heartbeatAt: 1_000,
      expired: true,
      liveness: 'alive',
    })
  })

  it('takes a run from a dead owner at once', async () => {
    const store = await openStore()
    await store.acquire(run, gone)
    expect(await store.acquire(run, currentOwner())).toMatchObject({ ok: true, lease: { fence: 2 } })
  })

  it('takes a run from an owner that cannot be seen only when its lease has expired', async () => {
    let now = 1_000
    const store = await openStore(':memory:', { now: () => now })
    await store.acquire(run, elsewhere)
    now += 14_999
    expect(await store.acquire(run, currentOwner())).toMatchObject({
      ok: false,
      expired: false,
      liveness: 'unknown',
    })
    now += 1
    expect(await store.acquire(run, currentOwner())).toMatchObject({ ok: true, lease: { fence: 2 } })
  })

  it('takes a run by force, from anybody or from one owner', async () => {
    const store = await openStore()
    await store.acquire(run, currentOwner())
    expect(await store.acquire(run, currentOwner(), { fence: 7 })).toMatchObject({ ok: false })
    expect(await store.acquire(run, currentOwner(), { fence: 1 })).toMatchObject({
      ok: true,
      lease: { fence: 2 },
    })
    expect(await store.acquire(run, currentOwner(), 'any')).toMatchObject({ ok: true, lease: { fence: 3 } })
  })

  it('lets only one of many have it', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const stores = await Promise.all(Array.from({ length: 6 }, () => openStore(path)))
    const found = await Promise.all(stores.map((store) => store.acquire(run, currentOwner())))
    expect(found.filter(({ ok }) => ok)).toHaveLength(1)
  })
})

describe('fencing', () => {
  it('refuses the commits of an owner that was replaced by another opener', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [a, b] = [await openStore(path), await openStore(path)]
    const old = lease(await a.acquire(run, elsewhere))
    await a.append({ run, at: 1, event: started() }, old)
    const current = lease(await b.acquire(run, currentOwner(), 'any'))
    await b.append({ run, at: 2, event: attempt('a') }, current)
    const late = await Promise.allSettled([
      a.append({ run, at: 3, event: attempt('b') }, old),
      a.append({ run, at: 3, event: attempt('c') }, old),
      a.append({ run: 'other', at: 3, event: started() }),
    ])
    expect(late.map(({ status }) => status)).toEqual(['rejected', 'rejected', 'fulfilled'])
    expect((late[0] as PromiseRejectedResult).reason).toMatchObject({
      code: 'LEASE_LOST',
      details: { run, fence: 1, current: 2 },
    })
    expect(await collect(b.events(run))).toHaveLength(2)
    // Giving back a lease that is not current changes nothing.
    await a.release(old)
    await b.append({ run, at: 4, event: attempt('d') }, current)
  })

  it('refuses commits after the release, and judges each event of a group by the lease of its moment', async () => {
    const store = await openStore()
    const first = lease(await store.acquire(run, currentOwner()))
    const group = await Promise.allSettled([
      store.append({ run, at: 1, event: started() }, first),
      store.release(first),
      store.append({ run, at: 2, event: attempt('a') }, first),
      store.acquire(run, currentOwner()),
      store.append({ run, at: 3, event: attempt('b') }, { run, fence: 2 }),
    ])
    expect(group.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ])
  })

  it('refuses a lease that nobody ever had', async () => {
    const store = await openStore()
    await expect(store.append({ run, at: 1, event: started() }, { run, fence: 1 })).rejects.toMatchObject({
      code: 'LEASE_LOST',
    })
  })
})

describe('the state that is shown', () => {
  it('is running as long as somebody may drive the run, else interrupted', async () => {
    let now = 1_000
    const store = await openStore(':memory:', { now: () => now })
    const state = async (): Promise<string> => (await store.detail(run))!.state
    await store.append({ run, at: 1, event: started() })
    expect(await state()).toBe('interrupted')
    const mine = lease(await store.acquire(run, currentOwner()))
    now += 60_000
    expect(await state()).toBe('running')
    await store.release(mine)
    expect(await state()).toBe('interrupted')
    await store.acquire(run, gone)
    expect(await state()).toBe('interrupted')
    await store.acquire(run, elsewhere, 'any')
    expect(await state()).toBe('running')
    now += 15_000
    expect(await state()).toBe('interrupted')
    expect((await store.detail(run))!.owner).toEqual(elsewhere)
    await store.append({ run, at: 2, event: { type: 'run.finished', state: 'failed', outputs: {} } })
    expect(await state()).toBe('failed')
  })
})

describe.each(engines)('the heartbeat thread on %s', (engine) => {
  const timing = { interval: 50, ttl: 400 }

  it('keeps a lease alive while the main thread is blocked', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [a, b] = [
      await openStore(path, { engine, lease: timing }),
      await openStore(path, { engine, lease: timing }),
    ]
    const mine = lease(await a.acquire(run, elsewhere))
    await sleep(300)
    const until = performance.now() + 900
    while (performance.now() < until);
    expect(await b.acquire(run, currentOwner())).toMatchObject({ ok: false, expired: false })
    await a.release(mine)
    expect(await b.acquire(run, currentOwner())).toMatchObject({ ok: true })
  })

  it('stops with the release: the run can be taken', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path, { engine, lease: timing })
    const lost = vi.fn()
    store.onLost(run, lost)
    await store.release(lease(await store.acquire(run, elsewhere)))
    await sleep(200)
    expect(await store.acquire(run, elsewhere)).toMatchObject({ ok: true, lease: { fence: 2 } })
    expect(lost).not.toHaveBeenCalled()
  })

  it('tells an owner that it was replaced', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [a, b] = [await openStore(path, { engine }), await openStore(path, { engine })]
    const lost = vi.fn()
    a.onLost(run, lost)
    const old = lease(await a.acquire(run, currentOwner()))
    await b.acquire(run, currentOwner(), 'any')
    await vi.waitFor(() => expect(lost).toHaveBeenCalledWith(old), { timeout: 3_000 })
  })

  it('tells an owner within a second that it is asked to cancel, wherever that was asked', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const [a, b] = [await openStore(path, { engine }), await openStore(path, { engine })]
    await a.append({ run, at: 1, event: started() }, lease(await a.acquire(run, currentOwner())))
    await sleep(500)
    const start = performance.now()
    const reason = new Promise<string>((resolve) => a.onCancelRequested(run, resolve))
    await b.requestCancel(run, 'too dear')
    expect(await reason).toBe('too dear')
    expect(performance.now() - start).toBeLessThan(1_000)
    expect((await collect(a.events(run))).at(-1)!.event).toEqual({
      type: 'run.cancel-requested',
      reason: 'too dear',
    })
    const late = vi.fn()
    a.onCancelRequested(run, late)
    const ended = vi.fn()
    a.onCancelRequested(run, ended)()
    await sleep(10)
    expect(late).toHaveBeenCalledOnce()
    expect(ended).not.toHaveBeenCalled()
  })
})

describe('a cancel', () => {
  it('of a run that nobody drives waits for its next owner, and for that one alone', async () => {
    const store = await openStore()
    await store.append({ run, at: 1, event: started() })
    await store.requestCancel(run, 'no need')
    const first = await store.acquire(run, currentOwner())
    expect(first).toMatchObject({ ok: true, lease: { fence: 1 }, cancelRequested: 'no need' })
    await store.release(lease(first))
    expect(await store.acquire(run, currentOwner())).toMatchObject({ ok: true, cancelRequested: null })
  })

  it('reaches the owner in the same process, in memory too', async () => {
    const store = await openStore()
    await store.acquire(run, currentOwner())
    const listener = vi.fn()
    store.onCancelRequested(run, listener)
    await store.requestCancel(run, 'stop')
    expect(listener).toHaveBeenCalledWith('stop')
  })
})

describe('a process that holds a lease', () => {
  it('ends by itself: the heartbeat thread keeps nothing alive', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const script = `
      const { openSqliteMetadata } = await import('./src/record/sqlite/store.ts')
      const { currentOwner } = await import('./src/record/owner.ts')
      const store = await openSqliteMetadata(${JSON.stringify(path)})
      await store.acquire('run-1', currentOwner())
      await new Promise((resolve) => setTimeout(resolve, 600))
    `
    const child = spawn(process.execPath, ['--import', 'tsx', '--input-type=module', '-e', script], {
      stdio: ['ignore', 'inherit', 'inherit'],
    })
    const killing = setTimeout(() => child.kill('SIGKILL'), 15_000)
    expect(await new Promise((resolve) => child.once('exit', resolve))).toBe(0)
    clearTimeout(killing)
    const store = await openStore(path)
    expect(await store.acquire(run, currentOwner())).toMatchObject({ ok: true, lease: { fence: 2 } })
  }, 20_000)
})
