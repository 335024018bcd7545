import { describe, expect, test } from 'vitest'
import { cronTimes } from '../../src/schedule/cron.ts'
import { dueTicks, type CatchUp } from '../../src/schedule/due.ts'
import { judgeOverlap } from '../../src/schedule/overlap.ts'

const hourly = cronTimes('0 * * * *', 'UTC', 'test')
const at = (text: string): number => Date.parse(`2026-01-01T${text}Z`)

function due(catchUp: CatchUp, position: string, now: string): Record<string, unknown> {
  const text = (time: number): string => new Date(time).toISOString().slice(11, 16)
  const { onTime, madeUp, missed } = dueTicks(hourly, at(position), at(now), catchUp)
  return {
    onTime: onTime.map(text),
    madeUp: madeUp.map(text),
    missed: missed === undefined ? undefined : text(missed),
  }
}

describe('ticks that are due', () => {
  test('are on time within a minute, whatever is made up for', () => {
    for (const catchUp of ['none', 'latest', 'all', { all: 1 }] as const)
      expect(due(catchUp, '00:00', '01:00:59')).toEqual({ onTime: ['01:00'], madeUp: [], missed: undefined })
  })

  test('are none before their time, and none again', () => {
    expect(due('all', '00:00', '00:59:59.999')).toEqual({ onTime: [], madeUp: [], missed: undefined })
    expect(due('all', '01:00', '01:00:30')).toEqual({ onTime: [], madeUp: [], missed: undefined })
  })

  test('that were missed are made up for as it was said', () => {
    expect(due('none', '00:00', '05:30')).toEqual({ onTime: [], madeUp: [], missed: '05:00' })
    expect(due('latest', '00:00', '05:30')).toEqual({ onTime: [], madeUp: ['05:00'], missed: '04:00' })
    expect(due('all', '00:00', '05:30').madeUp).toEqual(['01:00', '02:00', '03:00', '04:00', '05:00'])
    expect(due({ all: 2 }, '00:00', '05:30')).toEqual({
      onTime: [],
      madeUp: ['04:00', '05:00'],
      missed: '03:00',
    })
  })

  test('on time stand for the latest one that was missed', () => {
    expect(due('latest', '00:00', '05:00:10')).toEqual({ onTime: ['05:00'], madeUp: [], missed: '04:00' })
    expect(due('all', '02:00', '05:00:10')).toEqual({
      onTime: ['05:00'],
      madeUp: ['03:00', '04:00'],
      missed: undefined,
    })
  })

  test('of years are looked at from their end', () => {
    const secondly = cronTimes('* * * * * *', 'UTC', 'test')
    const { onTime, madeUp } = dueTicks(secondly, 0, at('00:00:00'), 'all')
    expect(onTime).toHaveLength(60)
    expect(madeUp).toHaveLength(100)
    expect(madeUp.at(-1)).toBe(at('00:00:00') - 60_000)
  })
})

describe('a tick', () => {
  const free = { runs: [], earlier: 0, starting: 0, later: 0 }
  const busy = { ...free, runs: ['r1'] }

  test('starts where nothing goes on', () => {
    for (const overlap of ['skip', 'queue', 'replace'] as const)
      expect(judgeOverlap(overlap, false, free)).toBe('start')
  })

  test('is skipped, waits or replaces while a run goes on', () => {
    expect(judgeOverlap('skip', false, busy)).toEqual({ skip: 'run r1 was still going on' })
    expect(judgeOverlap('queue', false, busy)).toBe('wait')
    expect(judgeOverlap('replace', false, busy)).toBe('wait')
  })

  test('waits behind those before it, or is skipped for one after it', () => {
    expect(judgeOverlap('queue', false, { ...free, earlier: 1 })).toBe('wait')
    expect(judgeOverlap('skip', false, { ...free, starting: 1 })).toEqual({
      skip: 'an earlier tick was not over',
    })
    expect(judgeOverlap('replace', false, { ...free, later: 1 })).toEqual({
      skip: 'a later tick has replaced it',
    })
    expect(judgeOverlap('replace', false, { ...free, earlier: 1 })).toBe('start')
  })

  test('that is made up for waits for its turn, whatever overlap says', () => {
    for (const overlap of ['skip', 'queue', 'replace'] as const) {
      expect(judgeOverlap(overlap, true, busy)).toBe('wait')
      expect(judgeOverlap(overlap, true, { ...free, later: 3 })).toBe('start')
    }
  })
})
