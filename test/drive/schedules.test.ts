import { definePipeline, schedule, type PipewrightError, type StoredSchedule } from 'pipewright'
import { describe, expect, test, vi } from 'vitest'
import { asking, gates, napping, noting, slow } from './programs/pipelines.ts'
import { driving, pass, passUntil, runsOf, timedWorkspace } from './support.ts'

const refusal = (work: Promise<unknown>): Promise<PipewrightError> =>
  work.then(
    () => Promise.reject(new Error('it was not refused')),
    (error: unknown) => error as PipewrightError,
  )

const hourly = { cron: '0 * * * *', inputs: { label: 'a' } } as const

describe('a schedule', () => {
  test('runs at its time, once, with its inputs', async () => {
    const { pw, clock } = await timedWorkspace('2026-01-01T09:59:50Z')
    await pw.schedule(noting, { name: 'hours', ...hourly })
    const driver = driving(pw)
    await pass(clock, 8)
    expect(await runsOf(pw)).toEqual([])
    await passUntil(clock, () => driver.told().includes('run.ended succeeded'))
    await pass(clock, 10)
    expect(await runsOf(pw)).toEqual(['schedule/hours/2026-01-01T10:00:00.000Z succeeded'])
    const { outputs } = await pw.runs().then(async ({ items }) => ({
      outputs: await pw.outputs(items[0]!.id, noting),
    }))
    expect(outputs).toEqual({ said: 'a' })
    expect(driver.told()).toEqual([
      'drive.started',
      'firing.fired schedule/hours/2026-01-01T10:00:00.000Z',
      'run.started schedule/hours/2026-01-01T10:00:00.000Z',
      'run.ended succeeded',
    ])
  })

  test('whose hour is skipped runs when that is over, one that comes twice the first time', async () => {
    for (const [now, tick] of [
      ['2026-03-29T00:59:55Z', '2026-03-29T01:00:00.000Z'],
      ['2026-10-25T00:29:55Z', '2026-10-25T00:30:00.000Z'],
    ] as const) {
      const { pw, clock } = await timedWorkspace(now)
      await pw.schedule(noting, { cron: '30 2 * * *', timezone: 'Europe/Berlin', inputs: { label: 'x' } })
      const driver = driving(pw, { interval: '20m' })
      await passUntil(clock, () => driver.told().includes('run.ended succeeded'))
      await clock.advance('70m')
      await pass(clock, 3)
      expect(await runsOf(pw)).toEqual([`schedule/noting/${tick} succeeded`])
      await driver.stop()
    }
  })

  test('takes its inputs from the time of the tick', async () => {
    const { pw, clock } = await timedWorkspace('2026-01-01T09:59:58Z')
    await pw.schedule(noting, {
      name: 'by-time',
      cron: '0 * * * *',
      inputs: (time) => ({ label: time.toISOString().slice(0, 13) }),
    })
    const driver = driving(pw)
    await passUntil(clock, () => driver.told().includes('run.ended succeeded'))
    const [run] = (await pw.runs()).items
    expect(await pw.outputs(run!.id, noting)).toEqual({ said: '2026-01-01T10' })
  })

  test('with a function is left to processes that declare it', async () => {
    const one = await timedWorkspace('2026-01-01T09:59:58Z')
    await one.pw.schedule(noting, { name: 'f', cron: '0 * * * *', inputs: () => ({ label: 'f' }) })
    const other = await timedWorkspace('', one)
    driving(other.pw)
    await pass(one.clock, 5)
    expect(await runsOf(one.pw)).toEqual([])
    const driver = driving(one.pw)
    await passUntil(one.clock, () => driver.told().includes('run.ended succeeded'))
  })

  test('is kept, listed, paused, resumed and removed', async () => {
    const { pw, clock, root } = await timedWorkspace('2026-01-01T00:30:00Z')
    await pw.schedule(noting, { name: 'hours', ...hourly, overlap: 'queue', catchUp: { all: 3 } })
    const again = await timedWorkspace('', { root, clock })
    const [kept] = (await again.pw.schedules()) as [StoredSchedule]
    expect(kept).toMatchObject({
      name: 'hours',
      pipeline: 'noting',
      cron: '0 * * * *',
      timezone: 'UTC',
      overlap: 'queue',
      catchUp: { all: 3 },
      inputs: { label: 'a' },
      paused: false,
    })
    expect(kept.next(3).map((time) => time.toISOString().slice(11, 16))).toEqual(['01:00', '02:00', '03:00'])
    await kept.pause()
    expect((await pw.scheduleNamed('hours')).paused).toBe(true)
    // Declared again, it stays so.
    await pw.schedule(noting, { name: 'hours', ...hourly, overlap: 'skip' })
    expect(await pw.scheduleNamed('hours')).toMatchObject({ paused: true, overlap: 'skip' })
    const driver = driving(pw, { interval: '20m' })
    await clock.advance('3h')
    await pass(clock, 3)
    expect(await runsOf(pw)).toEqual([])
    await kept.resume()
    await pass(clock, 3)
    // What came meanwhile is not made up for.
    expect(await runsOf(pw)).toEqual([])
    await clock.advance('29m')
    await passUntil(clock, () => driver.told().includes('run.ended succeeded'))
    expect(await runsOf(pw)).toEqual(['schedule/hours/2026-01-01T04:00:00.000Z succeeded'])
    expect(await kept.fired()).toMatchObject([{ key: '2026-01-01T04:00:00.000Z', state: 'started' }])
    await kept.remove()
    expect(await pw.schedules()).toEqual([])
    expect(await refusal(kept.pause())).toMatchObject({ code: 'SCHEDULE_NOT_FOUND' })
  })

  test('is run by hand, in this process', async () => {
    const { pw } = await timedWorkspace('2026-01-01T00:30:00Z')
    const hours = await pw.schedule(noting, { name: 'hours', ...hourly })
    const { outputs } = await (await hours.run()).result()
    expect(outputs).toEqual({ said: 'a' })
    expect((await pw.runs({ tag: 'schedule/hours' })).items).toHaveLength(1)
  })
})

describe('ticks that nobody was there for', () => {
  const ticks = async (catchUp: 'none' | 'latest' | 'all' | { all: number }): Promise<string[]> => {
    const { pw, clock } = await timedWorkspace('2026-01-01T00:30:00Z')
    await pw.schedule(noting, { name: 'h', ...hourly, catchUp })
    await clock.advance('5h')
    const driver = driving(pw)
    await pass(clock, 8)
    await vi.waitFor(async () => {
      const states = (await (await pw.scheduleNamed('h')).fired()).map(({ state }) => state)
      expect(states.every((state) => state === 'started' || state === 'skipped')).toBe(true)
      expect(states.length).toBeGreaterThan(0)
    })
    await driver.stop()
    return (await runsOf(pw)).map((line) => line.slice(11, 24))
  }

  test.each([
    ['none', []],
    ['latest', ['2026-01-01T05']],
    [{ all: 2 }, ['2026-01-01T04', '2026-01-01T05']],
    ['all', [1, 2, 3, 4, 5].map((hour) => `2026-01-01T0${hour}`)],
  ] as const)('are made up for: %j', async (catchUp, expected) => {
    expect(await ticks(catchUp)).toEqual(expected)
  })
})

describe('while the run of an earlier tick goes on, a tick', () => {
  const overlapping = async (
    overlap: 'skip' | 'queue' | 'replace',
    label: string,
  ): Promise<{ runs: string[]; states: string[] }> => {
    let isOpen = false
    gates.set(label, () => isOpen)
    const { pw, clock } = await timedWorkspace('2026-01-01T00:00:58Z')
    await pw.schedule(slow, { name: 's', cron: '* * * * *', inputs: { label }, overlap })
    const driver = driving(pw)
    await passUntil(clock, () => driver.told().some((line) => line.startsWith('run.started')))
    await clock.advance('60s')
    await passUntil(clock, async () => (await (await pw.scheduleNamed('s')).fired()).length === 2)
    await pass(clock, 3)
    isOpen = true
    await passUntil(clock, async () => {
      const states = (await (await pw.scheduleNamed('s')).fired()).map(({ state }) => state)
      return states.every((state) => state !== 'pending' && state !== 'starting')
    })
    await vi.waitFor(async () => expect((await runsOf(pw)).join()).not.toContain('running'))
    const fired = await (await pw.scheduleNamed('s')).fired()
    await driver.stop()
    const runs = (await runsOf(pw)).slice(0, 2).map((line) => line.slice(22))
    return { runs, states: fired.slice(-2).map(({ state, reason }) => `${state} ${reason ?? ''}`) }
  }

  test('is skipped, and that is recorded', async () => {
    const { runs, states } = await overlapping('skip', 'skip')
    expect(runs[0]).toBe('00:01:00.000Z succeeded')
    expect(states[0]).toMatch(/^skipped run .* was still going on$/)
  })

  test('waits for its turn', async () => {
    const { runs } = await overlapping('queue', 'queue')
    expect(runs).toEqual(['00:01:00.000Z succeeded', '00:02:00.000Z succeeded'])
  })

  test('replaces it', async () => {
    const { runs } = await overlapping('replace', 'replace')
    expect(runs).toEqual(['00:01:00.000Z cancelled', '00:02:00.000Z succeeded'])
  })
})

describe('several drivers', () => {
  test('start each tick once', async () => {
    const one = await timedWorkspace('2026-01-01T00:00:55Z')
    await one.pw.schedule(noting, {
      name: 's',
      cron: '*/5 * * * * *',
      inputs: { label: 'n' },
      overlap: 'queue',
    })
    const others = [await timedWorkspace('', one), await timedWorkspace('', one)]
    const drivers = [one, ...others].map(({ pw }) => driving(pw))
    await pass(one.clock, 60)
    await Promise.all(drivers.map((driver) => driver.stop()))
    const started = drivers.flatMap((driver) =>
      driver.told().filter((line) => line.startsWith('run.started')),
    )
    expect(new Set(started).size).toBe(started.length)
    expect(started.length).toBeGreaterThanOrEqual(10)
  })

  test('go on with what one of them has given up', async () => {
    let isOpen = false
    gates.set('given-up', () => isOpen)
    const one = await timedWorkspace('2026-01-01T00:59:58Z')
    await one.pw.schedule(slow, { name: 's', cron: '0 * * * *', inputs: { label: 'given-up' } })
    const first = driving(one.pw)
    await passUntil(one.clock, () => first.told().some((line) => line.startsWith('run.started')))
    await first.stop()
    const [run] = (await one.pw.runs()).items
    expect(first.events.at(-1)).toMatchObject({ type: 'drive.stopped', givenUp: [run!.id] })
    expect(run!.state).toBe('interrupted')
    isOpen = true
    const other = await timedWorkspace('', one)
    const second = driving(other.pw)
    await passUntil(one.clock, () => second.told().includes('run.ended succeeded'))
    expect(second.told()).toEqual(['drive.started', 'run.taken-up interrupted', 'run.ended succeeded'])
    expect((await one.pw.show(run!.id)).state).toBe('succeeded')
  })

  test('leave alone what is of no pipeline that they were given', async () => {
    let isOpen = false
    gates.set('foreign', () => isOpen)
    const one = await timedWorkspace('2026-01-01T00:59:58Z')
    const first = driving(one.pw, { pipelines: [slow] })
    const { id } = await one.pw.start(slow, { label: 'foreign' })
    await first.stop()
    const other = await timedWorkspace('', one)
    await one.pw.close()
    isOpen = true
    const second = driving(other.pw, { pipelines: [noting] })
    await pass(one.clock, 5)
    expect((await other.pw.show(id)).state).toBe('interrupted')
    await second.stop()
    const third = driving(other.pw, { pipelines: [slow] })
    await passUntil(one.clock, () => third.told().includes('run.ended succeeded'))
  })
})

test('a run that cannot be gone on with, since its pipeline has changed, holds no tick up', async () => {
  gates.set('stuck', () => false)
  const one = await timedWorkspace('2026-01-01T00:59:58Z')
  await one.pw.schedule(slow, { name: 's', cron: '0 * * * *', inputs: { label: 'stuck' } })
  const first = driving(one.pw)
  await passUntil(one.clock, () => first.told().some((line) => line.startsWith('run.started')))
  await first.stop()
  gates.set('stuck', () => true)
  const changed = definePipeline({ name: 'slow', inputs: slow.inputs }, () => ({}))
  const other = await timedWorkspace('', one)
  await one.clock.advance('59m')
  const second = driving(other.pw, { pipelines: [changed] })
  await passUntil(one.clock, () => second.told().includes('run.ended succeeded'))
  const trouble = second.events.find(({ type }) => type === 'drive.trouble')
  expect(trouble).toMatchObject({ error: { code: 'STRUCTURE_CHANGED' } })
  expect(second.told()).toContain('run.started schedule/s/2026-01-01T02:00:00.000Z')
})

describe('a run that waits and that nobody drives', () => {
  test('is taken up when its time has come', async () => {
    const one = await timedWorkspace('2026-01-01T00:00:00Z')
    const { id } = await one.pw.start(napping, { label: 'rested' })
    await vi.waitFor(async () => expect((await one.pw.show(id)).state).toBe('waiting'))
    await one.pw.close()
    const other = await timedWorkspace('', one)
    const driver = driving(other.pw, { pipelines: [napping], interval: '5s' })
    await pass(one.clock, 5)
    expect(driver.told()).toEqual(['drive.started'])
    await one.clock.advance('59m')
    await passUntil(one.clock, () => driver.told().includes('run.ended succeeded'))
    expect(driver.told()).toEqual(['drive.started', 'run.taken-up due', 'run.ended succeeded'])
  })

  test('is taken up when it is decided', async () => {
    const one = await timedWorkspace('2026-01-01T00:00:00Z')
    const { id } = await one.pw.start(asking, { label: 'asked' })
    await vi.waitFor(async () => expect((await one.pw.show(id)).state).toBe('waiting'))
    await one.pw.close()
    const other = await timedWorkspace('', one)
    const driver = driving(other.pw, { pipelines: [asking] })
    await pass(one.clock, 3)
    expect(await other.pw.overdue()).toMatchObject({ waiting: 0 })
    await other.pw.approve(id, { by: 'ada' })
    await passUntil(one.clock, () => driver.told().includes('run.ended succeeded'))
    expect(driver.told()).toContain('run.taken-up posted')
  })
})

test('what a driver cannot start is told, and recorded with its reason', async () => {
  const { pw, clock } = await timedWorkspace('2026-01-01T00:59:58Z')
  await pw.schedule(noting, {
    name: 'broken',
    cron: '0 * * * *',
    inputs: () => {
      throw new Error('there is no such day')
    },
  })
  const driver = driving(pw)
  await passUntil(clock, () => driver.told().some((line) => line.startsWith('firing.failed')))
  expect(await (await pw.scheduleNamed('broken')).fired()).toMatchObject([
    { state: 'failed', reason: 'there is no such day' },
  ])
})

test('what is due and not begun is told', async () => {
  const { pw, clock } = await timedWorkspace('2026-01-01T00:30:00Z')
  await pw.schedule(noting, { name: 'h', ...hourly })
  expect(await pw.overdue()).toEqual({ schedules: [], firings: 0, interrupted: 0, waiting: 0 })
  await clock.advance('45m')
  expect(await pw.overdue()).toEqual({ schedules: ['h'], firings: 0, interrupted: 0, waiting: 0 })
  const driver = driving(pw)
  await passUntil(clock, () => driver.told().includes('run.ended succeeded'))
  expect((await pw.overdue()).schedules).toEqual([])
})

describe('refused', () => {
  test('inputs that do not fit', async () => {
    const { pw } = await timedWorkspace('2026-01-01T00:00:00Z')
    expect(
      await refusal(pw.schedule(noting, { cron: '@daily', inputs: { label: 1 } as never })),
    ).toMatchObject({
      code: 'INPUT_INVALID',
    })
    expect(await refusal(pw.schedule(noting, { cron: '@daily' }))).toMatchObject({ code: 'INPUT_INVALID' })
    expect(
      await refusal(pw.schedule(noting, { cron: '@daily', inputs: { lable: 'a' } as never })),
    ).toMatchObject({ code: 'UNKNOWN_INPUT' })
    expect(await pw.schedules()).toEqual([])
  })

  test.each([
    [{ overlap: 'wait' }, 'overlap "wait" is none'],
    [{ catchUp: 'some' }, 'catchUp "some" is none'],
    [{ catchUp: { all: 0 } }, 'catchUp {"all":0} is none'],
    [{ cron: '0 0 30 2 *' }, "cron '0 0 30 2 *' never fires"],
    [{ timezone: 'Europe/Berlln' }, 'timezone "Europe/Berlln" is not known'],
    [{ cronn: '@daily' }, "'cronn' is not an option"],
    [{ name: 'a/b' }, 'the schedule name "a/b" holds "/"'],
  ])('%j', (wrong, message) => {
    expect(() => schedule(noting, { cron: '@daily', inputs: { label: 'a' }, ...wrong } as never)).toThrow(
      message,
    )
  })

  test('a pipeline that no module exports', async () => {
    const { pw } = await timedWorkspace('2026-01-01T00:00:00Z')
    const local = definePipeline({ name: 'local' }, () => ({}))
    const error = await refusal(pw.schedule(local, { cron: '@daily' }))
    expect(error).toMatchObject({ code: 'PIPELINE_NOT_FOUND' })
    expect(error.message).toContain("pipeline 'local' has no address")
  })

  test('what is no pipeline, and no schedule', async () => {
    expect(() => schedule({} as never, { cron: '@daily' })).toThrow('a schedule is of no pipeline')
    const { pw } = await timedWorkspace('2026-01-01T00:00:00Z')
    expect(await refusal(pw.scheduleNamed('nightly'))).toMatchObject({ code: 'SCHEDULE_NOT_FOUND' })
  })
})
