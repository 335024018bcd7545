import { expect, test } from 'vitest'
import { DueTimes } from '../../src/execute/due-times.ts'

/** A clock whose time is set apart from how its timers fire: as when somebody sets the machine's, or it slept. */
function jumpyClock() {
  let now = 1_000_000
  const timers: { ms: number; call: () => void }[] = []
  return {
    clock: {
      now: () => now,
      after: (ms: number, call: () => void) => {
        const timer = { ms, call }
        timers.push(timer)
        return () => void timers.splice(timers.indexOf(timer), 1)
      },
      during: <T>(work: Promise<T>) => work,
    },
    jump: (ms: number) => void (now += ms),
    /** Lets the next timer fire, whatever the clock says. */
    fire: () => timers.shift()?.call(),
    pending: () => timers.map(({ ms }) => ms),
  }
}

test('any number of times takes one timer, which looks at the clock every minute', () => {
  const { clock, jump, fire, pending } = jumpyClock()
  const due = new DueTimes(clock)
  const called: string[] = []
  due.add(1_000_000 + 3_600_000, () => called.push('hour'))
  due.add(1_000_000 + 5_000, () => called.push('soon'))
  due.add(1_000_000 + 86_400_000, () => called.push('day'))
  expect(pending()).toEqual([5_000])
  jump(5_000)
  fire()
  expect(called).toEqual(['soon'])
  expect(pending()).toEqual([60_000])
  // The machine slept, or its clock was set forward: the next look finds out.
  jump(7_200_000)
  fire()
  expect(called).toEqual(['soon', 'hour'])
  // Set back: nothing is called too early.
  jump(-7_000_000)
  fire()
  expect(called).toEqual(['soon', 'hour'])
  jump(100_000_000)
  fire()
  expect(called).toEqual(['soon', 'hour', 'day'])
  expect(pending()).toEqual([])
})

test('they are called in the order of their times, however many there are', () => {
  const { clock, jump, fire } = jumpyClock()
  const due = new DueTimes(clock)
  const called: number[] = []
  const times = Array.from({ length: 1_000 }, (_, i) => (i * 7_919) % 1_000)
  for (const time of times) due.add(1_000_000 + time, () => called.push(time))
  jump(1_000)
  fire()
  expect(called).toEqual(times.toSorted((a, b) => a - b))
  due.add(1_000_000 + 9_000, () => called.push(-1))
  due.end()
  jump(10_000)
  fire()
  expect(called).toHaveLength(1_000)
})
