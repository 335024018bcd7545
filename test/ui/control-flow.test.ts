import { renderRun } from 'pipewright'
import { expect, test } from 'vitest'
import { foldedPath } from '../../src/ui/live/folded-path.ts'
import { frameOf } from '../../src/ui/live/frame.ts'
import { RunProgress } from '../../src/ui/live/run-progress.ts'
import { noColours } from '../../src/ui/palette.ts'
import { toured } from '../flow/tour.ts'
import { tempWorkspace } from '../workspace/temp.ts'

/** The tree with times left out, which are others each time. */
const timeless = (text: string): string =>
  text
    .split('\n')
    .slice(1)
    .map((line) => line.replaceAll(/\d+(?:\.\d+)? m?s|run [0-9a-f-]{8,}/g, '#').trimEnd())
    .join('\n')

test('the tree of a run shows rounds, calls inside of one another, who decided, and what was taken back', async () => {
  const pw = await tempWorkspace()
  const id = await toured(pw, true)
  const text = timeless(renderRun(await pw.show(id), await pw.planOf(id)))
  expect(text).toMatch(/✓ flat {2}taken back {2}#/)
  expect(text).toMatch(/✓ rounds {2}3 rounds\n│ {2}├─ \[0\]\n│ {2}│ {2}└─ [✓↺] add/)
  expect(text).toMatch(/└─ ✓ again\n[│ ]+├─ [✓↺] add.*\n[│ ]+└─ ✓ when\n[│ ]+└─ then\n[│ ]+└─ ✓ again\n/)
  expect(text).toMatch(/✓ go-live {2}waited # · approved by ada/)
  expect(text).toMatch(/✓ labels {2}waited #\n/)
})

test('a run that has not failed leaves its handler for failures out', async () => {
  const pw = await tempWorkspace()
  const id = await toured(pw, false)
  const text = timeless(renderRun(await pw.show(id), await pw.planOf(id)))
  expect(text).toMatch(/○ on-failure {2}when the run fails/)
  expect(text).not.toContain('taken back')
})

test('the live tree shows what is waited for, rounds, calls, branches and undoing', async () => {
  const pw = await tempWorkspace()
  const id = await toured(pw, true)
  const plan = await pw.planOf(id)
  const progress = new RunProgress(plan)
  const startedAt = (await pw.show(id)).startedAt
  const frames: string[] = []
  for await (const { at, event } of pw.events(id)) {
    progress.update({ at, event })
    const request = {
      title: 'tour',
      columns: 80,
      lines: 60,
      now: at,
      startedAt,
      frame: 0,
      note: undefined,
      palette: noColours,
    }
    frames.push(frameOf(progress, plan, request).join('\n'))
  }
  const seen = (pattern: RegExp): void => expect(frames.some((frame) => pattern.test(frame))).toBe(true)
  seen(/◌ labels {2}waits for the signal 'labels' {2}\S+ .*left/)
  seen(/◌ go-live {2}waits for a decision by role:lead {2}Deploy it\?/)
  seen(/◌ sleep {2}goes on in/)
  seen(/by-kind {2}small\n/)
  seen(/rounds {2}round 2 of at most 5/)
  seen(/○ on-failure {2}when the run fails\n/)
  seen(/⠋ flat {2}being taken back/)
  const last = frames.at(-1)!
  expect(last).toMatch(/■ flat {2}taken back/)
  expect(last).toMatch(/✓ rounds {2}3 rounds\n/)
  // Three calls are one inside the other: the rows of the inner ones are those of the first.
  expect(last.match(/again/g)).toHaveLength(2)
  expect(last).toMatch(/✓ again\n {6}[✓↺] add.*\n {6}✓ when/)
})

test('however deep a recursion is, its nodes have a bounded number of places', async () => {
  const pw = await tempWorkspace()
  const plan = await pw.planOf(await toured(pw, false))
  const deep = (times: number): string => `count-down/${'when/then/again/'.repeat(times)}add`
  expect(foldedPath(plan, deep(0))).toBe('count-down/add')
  expect(foldedPath(plan, deep(1))).toBe('count-down/when/then/again/add')
  expect(foldedPath(plan, deep(7))).toBe('count-down/when/then/again/add')
  expect(foldedPath(plan, 'count-down/nothing')).toBeUndefined()
})
