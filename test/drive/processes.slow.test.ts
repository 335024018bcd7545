import { spawn, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { openWorkspace, type DriveEvent, type Workspace } from 'pipewright'
import { expect, test, vi } from 'vitest'
import { tempFolder } from '../workspace/temp.ts'
import { driving } from './support.ts'

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url))
const program = path('programs/drives.ts')
const tsx = path('../../node_modules/tsx/dist/esm/index.mjs')

interface Process {
  readonly child: ChildProcess
  readonly ended: Promise<number | NodeJS.Signals | null>
  events(): DriveEvent[]
}

function drive(root: string, dies?: 'taken' | 'started'): Process {
  const child = spawn(
    process.execPath,
    ['--import', tsx, program, root, ...(dies === undefined ? [] : [dies])],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TSX_TSCONFIG_PATH: path('../../tsconfig.json') },
    },
  )
  let out = ''
  child.stdout!.on('data', (text: Buffer) => (out += text.toString()))
  return {
    child,
    ended: new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal))),
    events: () =>
      out
        .split('\n')
        .slice(0, -1)
        .map((line) => JSON.parse(line) as DriveEvent),
  }
}

const startedOf = (one: Process): string[] =>
  one.events().flatMap((event) => (event.type === 'run.started' ? [event.key] : []))

/** Opens a workspace that the processes use too. */
async function opened(root: string): Promise<Workspace> {
  return openWorkspace({ root, metadata: join(root, 'metadata.sqlite') })
}

/** Every tick, from the first one up to a time, has one run. */
async function expectEachUpTo(pw: Workspace, position: string): Promise<void> {
  const { items } = await pw.runs({ tag: 'schedule/seconds', limit: 1_000 })
  const keys = items.map(({ key }) => key!.split('/').at(-1)!).filter((key) => key <= position)
  const times = keys.map((key) => Date.parse(key) / 1000).toSorted((a, b) => a - b)
  expect(times.length).toBeGreaterThan(6)
  expect(times).toEqual(Array.from(times, (_, at) => times[0]! + at))
}

test('four processes race for ticks: each is started by one of them, and none is lost', async () => {
  const root = await tempFolder()
  const processes = Array.from({ length: 4 }, () => drive(root))
  await vi.waitFor(() => expect(processes.flatMap(startedOf).length).toBeGreaterThan(12), {
    timeout: 60_000,
    interval: 100,
  })
  for (const { child } of processes) child.kill('SIGTERM')
  expect(await Promise.all(processes.map(({ ended }) => ended))).toEqual([0, 0, 0, 0])
  const started = processes.flatMap(startedOf)
  expect(new Set(started).size).toBe(started.length)
  await using pw = await opened(root)
  const { items } = await pw.runs({ tag: 'schedule/seconds', limit: 1_000 })
  expect(items.map(({ key }) => key).toSorted()).toEqual(started.toSorted())
  await expectEachUpTo(pw, '9999')
})

test.each(['taken', 'started'] as const)(
  'kill -9 when a tick is %s: the next driver makes it good',
  async (where) => {
    const root = await tempFolder()
    const dying = drive(root, where)
    expect(await dying.ended).toBe('SIGKILL')
    await using pw = await opened(root)
    const schedule = await pw.scheduleNamed('seconds')
    const left = (await schedule.fired()).filter(({ state }) => state === 'starting')
    expect(left).toHaveLength(1)
    const before = (await pw.runs()).items
    expect(before.map(({ state }) => state)).toEqual(where === 'taken' ? [] : ['interrupted'])
    const driver = driving(pw, { interval: 100 })
    await vi.waitFor(
      async () => {
        const now = (await schedule.fired(1_000)).find(({ key }) => key === left[0]!.key)!
        expect(now.state).toBe('started')
        expect((await pw.show(now.run!)).state).toBe('succeeded')
      },
      { timeout: 60_000, interval: 100 },
    )
    await driver.stop()
    const { items } = await pw.runs({ limit: 1_000 })
    const key = `schedule/seconds/${left[0]!.key}`
    const [run, ...others] = items.filter((one) => one.key === key)
    expect(others).toEqual([])
    if (where === 'started') expect(run!.id).toBe(before[0]!.id)
  },
)

test('drivers that are killed at random lose no tick and double none', async () => {
  const root = await tempFolder()
  for (let round = 0; round < 6; round++) {
    const driver = drive(root)
    await vi.waitFor(() => expect(driver.events().length).toBeGreaterThan(0), {
      timeout: 60_000,
      interval: 20,
    })
    await sleep(300 + Math.random() * 2_000)
    driver.child.kill('SIGKILL')
    expect(await driver.ended).toBe('SIGKILL')
  }
  const last = drive(root)
  await using pw = await opened(root)
  await vi.waitFor(() => expect(startedOf(last).length).toBeGreaterThan(3), {
    timeout: 60_000,
    interval: 100,
  })
  // A tick is not taken any more, and what was taken ends.
  const position = (await (await pw.scheduleNamed('seconds')).fired(1))[0]!.key
  await vi.waitFor(
    async () => {
      const fired = await (await pw.scheduleNamed('seconds')).fired(1_000)
      const old = fired.filter(({ key }) => key <= position)
      expect(old.filter(({ state }) => state !== 'started')).toEqual([])
      const states = await Promise.all(old.map(async ({ run }) => (await pw.show(run!)).state))
      expect(new Set(states)).toEqual(new Set(['succeeded']))
    },
    { timeout: 60_000, interval: 500 },
  )
  last.child.kill('SIGTERM')
  expect(await last.ended).toBe(0)
  await expectEachUpTo(pw, position)
})
