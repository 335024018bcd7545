import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it, vi } from 'vitest'
import { currentOwner } from '../../src/record/owner.ts'
import { collect, folder, openStore } from './support.ts'

const script = fileURLToPath(new URL('./programs/append-many.ts', import.meta.url))

function start(path: string, run: string, count: number): ChildProcess {
  return spawn(process.execPath, ['--import', 'tsx', script, path, run, String(count)], {
    stdio: ['ignore', 'inherit', 'inherit'],
  })
}

function ended(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)))
}

describe('several processes on one workspace', () => {
  it('append 2,000 events each, and nothing is lost', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const runs = ['run-a', 'run-b']
    expect(await Promise.all(runs.map((run) => ended(start(path, run, 2_000))))).toEqual([0, 0])
    const store = await openStore(path)
    const places: number[] = []
    for (const run of runs) {
      const events = await collect(store.events(run))
      expect(events.map(({ at }) => at)).toEqual(Array.from({ length: 2_000 }, (_, at) => at))
      expect(await store.executions(run)).toHaveLength(2_000)
      places.push(...events.map(({ seq }) => seq))
    }
    expect(places.sort((a, b) => a - b)).toEqual(Array.from({ length: 4_000 }, (_, at) => at + 1))
  }, 60_000)

  it('keep what a killed one had committed, and can take its run at once', async () => {
    const path = join(folder(), 'metadata.sqlite')
    const store = await openStore(path)
    const child = start(path, 'run-a', 1_000_000)
    await vi.waitFor(async () => expect((await store.executions('run-a')).length).toBeGreaterThan(50), {
      timeout: 20_000,
      interval: 50,
    })
    expect(await store.acquire('run-a', currentOwner())).toMatchObject({ ok: false, liveness: 'alive' })
    child.kill('SIGKILL')
    expect(await ended(child)).toBe('SIGKILL')
    const events = await collect(store.events('run-a'))
    expect(events.map(({ at }) => at)).toEqual(events.map((_, at) => at))
    expect(await store.acquire('run-a', currentOwner())).toMatchObject({ ok: true, lease: { fence: 2 } })
  }, 60_000)
})
