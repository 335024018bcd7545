import { testClock } from 'pipewright/testing'
import { expect, test } from 'vitest'

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await turn()
}

test('what waits comes in the order of its time, then of its asking, and sees its own time', async () => {
  const clock = testClock({ now: '2026-03-01T00:00:00Z' })
  const start = clock.now()
  const seen: [string, number][] = []
  const see = (name: string) => () => seen.push([name, clock.now() - start])
  const done = new Promise<void>((resolve) => clock.after(3_600_000, resolve))
  clock.after(60_000, see('minute'))
  clock.after(30_000, () => {
    see('half')()
    clock.after(30_000, see('again'))
  })
  clock.after(10, see('never'))()
  // Longer than any timer of the platform.
  clock.after(2 ** 33, see('far'))
  await done
  expect(seen).toEqual([
    ['half', 30_000],
    ['minute', 60_000],
    ['again', 60_000],
  ])
})

test('it stands still while something is done', async () => {
  const clock = testClock()
  let isDue = false
  clock.after(5, () => (isDue = true))
  let finish!: () => void
  const work = clock.during(new Promise<void>((resolve) => (finish = resolve)))
  const release = clock.hold()
  await turns(50)
  expect(isDue).toBe(false)
  finish()
  await work
  await turns(50)
  expect(isDue).toBe(false)
  release()
  release()
  await turns(50)
  expect(isDue).toBe(true)
})

test('without skipping it passes by hand, also while something is done', async () => {
  const clock = testClock({ skip: false })
  const start = clock.now()
  const seen: number[] = []
  clock.after(1_000, () => {
    seen.push(clock.now() - start)
    clock.after(1_000, () => seen.push(clock.now() - start))
  })
  clock.hold()
  await turns(50)
  expect(seen).toEqual([])
  await clock.advance('1500ms')
  expect(seen).toEqual([1_000])
  expect(clock.now() - start).toBe(1_500)
  await clock.advance('1h')
  expect(seen).toEqual([1_000, 2_000])
  await expect(clock.advance('soon' as never)).rejects.toMatchObject({ code: 'DEFINITION_INVALID' })
})
