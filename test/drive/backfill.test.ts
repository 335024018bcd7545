import { PipewrightError, type BackfillProgress } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { gates, noting, slow } from './programs/pipelines.ts'
import { timedWorkspace } from './support.ts'

const refusal = async (work: Promise<unknown>): Promise<PipewrightError> => {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  if (!PipewrightError.isInstance(error)) throw new Error(`not refused: ${String(error)}`)
  return error
}

const day = (time: Date): { label: string } => ({ label: time.toISOString().slice(0, 10) })

describe('a backfill', () => {
  test('runs each time of a range, no more at once than may be, and tells how far it is', async () => {
    const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
    const told: BackfillProgress[] = []
    const report = await pw.backfill(noting, {
      cron: '0 0 * * *',
      from: '2026-01-01',
      to: '2026-01-10',
      concurrency: 3,
      inputs: day,
      onProgress: (progress) => told.push(progress),
    })
    expect(report).toEqual({ total: 10, succeeded: 10, failed: [], left: 0 })
    const { items } = await pw.runs({ tag: 'backfill' })
    expect(items.map(({ key }) => key).toSorted()[0]).toBe('backfill/noting/2026-01-01T00:00:00.000Z')
    expect(items).toHaveLength(10)
    expect(Math.max(...told.map(({ running }) => running))).toBe(3)
    expect(told.at(-1)).toMatchObject({ total: 10, succeeded: 10, running: 0 })
    // Again: nothing is left to do.
    await pw.backfill(noting, { cron: '0 0 * * *', from: '2026-01-01', to: '2026-01-10', inputs: day })
    expect((await pw.runs({ tag: 'backfill' })).items).toHaveLength(10)
  })

  test('of a schedule has its times, its inputs, and the keys of its ticks', async () => {
    const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
    await pw.schedule(noting, {
      name: 'nightly',
      cron: '30 2 * * *',
      timezone: 'Europe/Berlin',
      inputs: day,
    })
    const report = await pw.backfill('nightly', { from: '2026-03-28', to: '2026-03-30' })
    expect(report).toMatchObject({ total: 3, succeeded: 3 })
    const keys = (await pw.runs({ orderBy: 'startedAt' })).items.map(({ key }) => key)
    expect(keys.toSorted()).toEqual([
      'schedule/nightly/2026-03-28T01:30:00.000Z',
      'schedule/nightly/2026-03-29T01:00:00.000Z',
      'schedule/nightly/2026-03-30T00:30:00.000Z',
    ])
  })

  test('goes on where it was stopped, and resumes what has failed', async () => {
    const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
    let isOpen = false
    gates.set('2026-01-03', () => isOpen)
    const range = {
      cron: '0 0 * * *',
      from: '2026-01-01',
      to: '2026-01-05',
      concurrency: 1,
      inputs: day,
    } as const
    const stop = new AbortController()
    const first = await pw.backfill(slow, {
      ...range,
      signal: stop.signal,
      onProgress: ({ time, state }) => {
        if (state === undefined && time.getUTCDate() === 3) setTimeout(() => stop.abort(), 200)
      },
    })
    expect(first).toMatchObject({ total: 5, succeeded: 2, left: 2 })
    expect(first.failed).toHaveLength(1)
    isOpen = true
    const second = await pw.backfill(slow, range)
    expect(second).toEqual({ total: 5, succeeded: 5, failed: [], left: 0 })
    const { items } = await pw.runs({ tag: 'backfill' })
    expect(items.map(({ state }) => state)).toEqual(Array.from({ length: 5 }, () => 'succeeded'))
  })

  test('tells of each time that has failed, and goes on with the others', async () => {
    const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
    const report = await pw.backfill(noting, {
      cron: '0 0 * * *',
      from: '2026-01-01',
      to: '2026-01-03',
      inputs: (time) => ({ label: time.getUTCDate() === 2 ? 'fail' : 'fine' }),
    })
    expect(report).toMatchObject({ total: 3, succeeded: 2, left: 0 })
    expect(report.failed).toMatchObject([{ time: new Date('2026-01-02T00:00:00Z') }])
    expect(report.failed[0]!.message).toContain('it was to fail')
  })
})

test.each([
  [{ from: '2026-01-02', to: '2026-01-01' }, 'has no time in the range'],
  [{ from: 'soon', to: '2026-01-01' }, 'from: "soon" is not a point in time'],
  [{ from: '2026-01-01', to: '2026-02-30' }, 'to: "2026-02-30" is not a point in time'],
  [{ from: '1900-01-01', to: '2026-01-01', cron: '* * * * * *' }, 'has more than 10000 times'],
  [{ from: '2026-01-01', to: '2026-01-01', concurrency: 0 }, 'concurrency 0 is not a count'],
  [{ from: '2026-01-01', to: '2026-01-01', cron: undefined }, 'does not say for which times'],
])('%j is refused', async (wrong, message) => {
  const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
  const error = await refusal(pw.backfill(noting, { cron: '0 0 * * *', inputs: day, ...wrong } as never))
  expect(error.code).toBe('CONFIG_INVALID')
  expect(error.message).toContain(message)
})

test('a schedule that is none is refused', async () => {
  const { pw } = await timedWorkspace('2026-06-01T00:00:00Z')
  const error = await refusal(pw.backfill('nightly', { from: '2026-01-01', to: '2026-01-02' }))
  expect(error.code).toBe('SCHEDULE_NOT_FOUND')
})
