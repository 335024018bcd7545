import { PipewrightError } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { cronTimes, zonedTime } from '../../src/schedule/cron.ts'

const at = (text: string): number => Date.parse(text)

/** The times after a start, as long as they are before an end. */
function times(cron: string, timezone: string, from: string, to: string): string[] {
  const all = cronTimes(cron, timezone, 'test')
  const found: string[] = []
  for (let time = all.after(at(from) - 1); time !== undefined && time < at(to); time = all.after(time))
    found.push(new Date(time).toISOString().slice(5, 16))
  return found
}

const refusal = (work: () => unknown): PipewrightError => {
  try {
    work()
  } catch (error) {
    if (PipewrightError.isInstance(error)) return error
  }
  throw new Error('it was not refused')
}

describe('an hour that is skipped in spring', () => {
  test('is made up for at its end, once, by what names its times', () => {
    const days = ['2026-03-28T12:00Z', '2026-03-31T00:00Z'] as const
    expect(times('30 2 * * *', 'Europe/Berlin', ...days)).toEqual(['03-29T01:00', '03-30T00:30'])
    expect(times('0,30 2 * * *', 'Europe/Berlin', ...days)).toEqual([
      '03-29T01:00',
      '03-30T00:00',
      '03-30T00:30',
    ])
    const american = ['2026-03-07T12:00Z', '2026-03-10T00:00Z'] as const
    expect(times('30 2 * * *', 'America/New_York', ...american)).toEqual(['03-08T07:00', '03-09T06:30'])
  })

  test('is left out by what repeats', () => {
    expect(times('*/30 * * * *', 'Europe/Berlin', '2026-03-29T00:00Z', '2026-03-29T02:00Z')).toEqual([
      '03-29T00:00',
      '03-29T00:30',
      '03-29T01:00',
      '03-29T01:30',
    ])
    expect(times('*/30 2 * * *', 'America/New_York', '2026-03-08T00:00Z', '2026-03-09T12:00Z')).toEqual([
      '03-09T06:00',
      '03-09T06:30',
    ])
  })

  test('changes nothing before and after it', () => {
    expect(times('30 1,3 * * *', 'Europe/Berlin', '2026-03-28T20:00Z', '2026-03-29T20:00Z')).toEqual([
      '03-29T00:30',
      '03-29T01:30',
    ])
    expect(times('0 9 * * *', 'America/New_York', '2026-03-07T00:00Z', '2026-03-10T00:00Z')).toEqual([
      '03-07T14:00',
      '03-08T13:00',
      '03-09T13:00',
    ])
  })
})

describe('an hour that comes twice in autumn', () => {
  test('fires the first time for what names its times', () => {
    expect(times('30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-27T00:00Z')).toEqual([
      '10-25T00:30',
      '10-26T01:30',
    ])
    expect(times('0,30 1 * * *', 'America/New_York', '2026-10-31T12:00Z', '2026-11-03T00:00Z')).toEqual([
      '11-01T05:00',
      '11-01T05:30',
      '11-02T06:00',
      '11-02T06:30',
    ])
  })

  test('fires both times for what repeats', () => {
    expect(times('*/30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00Z', '2026-10-26T00:00Z')).toEqual([
      '10-25T00:00',
      '10-25T00:30',
      '10-25T01:00',
      '10-25T01:30',
    ])
    expect(times('0 * * * *', 'America/New_York', '2026-11-01T04:00Z', '2026-11-01T08:00Z')).toEqual([
      '11-01T04:00',
      '11-01T05:00',
      '11-01T06:00',
      '11-01T07:00',
    ])
  })
})

test.each([
  ['30 2 * * *', 'Europe/Berlin'],
  ['0,30 1,2,3 * * *', 'America/New_York'],
  ['*/20 * * * *', 'Europe/Berlin'],
  ['15 */2 * * 0', 'America/New_York'],
  ['0 3 29 2 *', 'UTC'],
])('the latest times of %s in %s are those that came one after another', (cron, timezone) => {
  const all = cronTimes(cron, timezone, 'test')
  for (const [from, to] of [
    ['2026-03-07T00:00Z', '2026-03-30T12:00Z'],
    ['2026-10-24T00:00Z', '2026-11-02T12:00Z'],
  ] as const) {
    const forward: number[] = []
    for (let time = all.after(at(from)); time !== undefined && time <= at(to); time = all.after(time))
      forward.push(time)
    expect(all.latest(forward.length + 1, at(from), at(to))).toEqual(forward)
  }
})

test('the time itself is one of the latest, and not one after it', () => {
  const all = cronTimes('0 0 * * *', 'UTC', 'test')
  expect(all.latest(1, 0, at('2026-01-02T00:00Z'))).toEqual([at('2026-01-02T00:00Z')])
  expect(all.after(at('2026-01-02T00:00Z'))).toBe(at('2026-01-03T00:00Z'))
})

describe('refused at once', () => {
  test.each(['0 0 30 2 *', '0 0 31 4,6,9,11 *', '0 0 31 2 *'])('%s, which never fires', (cron) => {
    expect(refusal(() => cronTimes(cron, 'UTC', "schedule 'x'"))).toMatchObject({
      code: 'DEFINITION_INVALID',
      message: expect.stringContaining(`schedule 'x': cron '${cron}' never fires`) as string,
    })
  })

  test.each(['', '* * *', '61 * * * *', 'every day', '2026-01-01T00:00:00', '* * * * * * *'])(
    '%j, which is no cron expression',
    (cron) => {
      expect(refusal(() => cronTimes(cron, 'UTC', "schedule 'x'")).message).toContain(
        `cron ${JSON.stringify(cron)} cannot be read`,
      )
    },
  )

  test('a time zone that is none', () => {
    expect(refusal(() => cronTimes('* * * * *', 'Mars/Olympus', "schedule 'x'"))).toMatchObject({
      code: 'DEFINITION_INVALID',
      message: expect.stringContaining(`timezone "Mars/Olympus" is not known`) as string,
    })
  })
})

test('29 February fires in leap years', () => {
  expect(times('0 0 29 2 *', 'UTC', '2026-01-01T00:00Z', '2033-01-01T00:00Z')).toHaveLength(2)
})

describe('a point in time', () => {
  test('without a zone is one of the zone that is named', () => {
    expect(zonedTime('2026-07-01', 'Europe/Berlin', 'start', 'from')).toBe(at('2026-06-30T22:00Z'))
    expect(zonedTime('2026-07-01', 'Europe/Berlin', 'end', 'to')).toBe(at('2026-07-01T22:00Z') - 1)
    expect(zonedTime('2026-07-01T06:30', 'America/New_York', 'end', 'to')).toBe(at('2026-07-01T10:30Z'))
    expect(zonedTime('2026-07-01T06:30:00+05:30', 'America/New_York', 'end', 'to')).toBe(
      at('2026-07-01T01:00Z'),
    )
    // The last day of October has 25 hours there.
    const start = zonedTime('2026-10-25', 'Europe/Berlin', 'start', 'from')
    expect(zonedTime('2026-10-25', 'Europe/Berlin', 'end', 'to') + 1 - start).toBe(25 * 3_600_000)
  })

  test.each(['2026-02-30', 'yesterday', '2026-07-01T25:00', new Date(Number.NaN)])('%s is none', (text) => {
    expect(refusal(() => zonedTime(text, 'UTC', 'start', 'from')).code).toBe('CONFIG_INVALID')
  })
})
