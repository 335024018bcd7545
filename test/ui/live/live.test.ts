import { definePipeline, defineStep } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import type { RunUpdate } from '../../../src/execute/run-request.ts'
import { compilePipeline } from '../../../src/plan/plan.ts'
import { widthOf } from '../../../src/ui/fit.ts'
import { remaining, roughly } from '../../../src/ui/live/estimate.ts'
import { frameOf, type FrameRequest } from '../../../src/ui/live/frame.ts'
import { bar, sparkline, thinned } from '../../../src/ui/live/gauges.ts'
import { folded, type Row } from '../../../src/ui/live/row.ts'
import { RunProgress } from '../../../src/ui/live/run-progress.ts'
import { noColours } from '../../../src/ui/palette.ts'

const one = defineStep({
  name: 'one',
  inputs: { x: z.number() },
  outputs: { x: z.number() },
  run: ({ x }) => ({ x }),
})

const lists = defineStep({
  name: 'lists',
  inputs: { x: z.array(z.number()) },
  outputs: {},
  run: () => ({}),
})

const wide = definePipeline({ name: 'wide', inputs: { items: z.array(z.number()) } }, (p, input) => {
  const each = p.map(
    input.items,
    (item, q) => ({ x: q.step(one, { x: q.step(one, { x: item }, { id: '訓練' }).x }, { id: 'second' }).x }),
    { id: 'trials' },
  )
  return { each: each.x }
})

const plan = compilePipeline(wide).structure

function request(columns: number, lines: number, now = 10_000): FrameRequest {
  return {
    title: 'wide',
    columns,
    lines,
    now,
    startedAt: 0,
    frame: 0,
    note: undefined,
    palette: noColours,
  }
}

function started(node: string, at: number, attempt = 1): RunUpdate {
  return { at, event: { type: 'attempt.started', node, step: 'one', attempt, key: null } }
}

function succeeded(node: string, at: number, reused = false, startedAt = at): RunUpdate {
  return {
    at,
    event: {
      type: 'node.succeeded',
      node,
      step: 'one',
      attempt: reused ? 0 : 1,
      startedAt,
      inputs: {},
      outputs: {},
      key: null,
      ...(reused ? { reused: { run: 'r', node } } : {}),
    },
  }
}

function after(updates: readonly RunUpdate[]): RunProgress {
  const progress = new RunProgress(plan)
  for (const update of updates) progress.update(update)
  return progress
}

function expand(count: number, node = 'trials', at = 0): RunUpdate {
  return { at, event: { type: 'map.expanded', node, count } }
}

describe('the live tree', () => {
  test('ten thousand items are one line, with items, share, ETA and hits', () => {
    const updates = [expand(10_000)]
    for (let item = 0; item < 2_500; item++)
      for (const id of ['訓練', 'second']) updates.push(succeeded(`trials[${item}]/${id}`, 9_000, item < 100))
    updates.push(started('trials[2500]/訓練', 9_500))
    const progress = after(updates)
    const lines = frameOf(progress, plan, request(120, 20))
    expect(lines).toHaveLength(2)
    expect(lines[1]).toContain('trials  2,500/10,000  25 %  ETA 30 s')
    expect(lines[1]).toContain('200 reused')
    expect(lines[1]).toContain('1 running')
    // What is kept does not grow with the items.
    expect(progress.items.size).toBe(0)
    expect(progress.nodes.get('trials/訓練')!.running.size).toBe(1)
  })

  test('few items have lines of their own', () => {
    const lines = frameOf(
      after([expand(2), started('trials[0]/訓練', 9_000), succeeded('trials[1]/訓練', 9_000, true)]),
      plan,
      request(60, 20),
    )
    expect(lines.slice(2)).toEqual(['  ⠋ [0] 訓練  1.0 s', '  ↺ [1] 訓練  reused'])
  })

  test.each([200, 80, 40, 20, 5, 1])('no line is wider than %i cells, whatever is in it', (columns) => {
    const long = 'e'.repeat(300)
    const progress = after([
      expand(3),
      started('trials[0]/訓練', 100),
      { at: 200, event: { type: 'attempt.progress', node: 'trials[0]/訓練', done: 1, total: 3 } },
      ...[3, 2, 1, Number.NaN].map((value, step): RunUpdate => ({
        at: 300,
        event: { type: 'attempt.metric', node: 'trials[0]/訓練', name: '損失', value, step },
      })),
      {
        at: 400,
        event: {
          type: 'node.failed',
          node: 'trials[1]/訓練',
          step: 'one',
          error: { name: 'Error', message: `\u001b[31m${long}` },
        },
      },
    ])
    for (const lines of [50, 5, 2, 1, 0]) {
      const frame = frameOf(progress, plan, request(columns, lines))
      expect(frame.length).toBeLessThanOrEqual(lines)
      for (const line of frame) {
        expect(widthOf(line)).toBeLessThanOrEqual(columns)
        expect(line).not.toContain('\u001b')
      }
    }
  })

  test('retries and metrics are told', () => {
    const node = 'trials[0]/訓練'
    const fails: RunUpdate = {
      at: 1_000,
      event: {
        type: 'attempt.failed',
        node,
        attempt: 1,
        end: 'failed',
        error: { name: 'Error', message: 'no luck' },
        retryIn: 14_000,
      },
    }
    const waiting = frameOf(after([expand(1), started(node, 0), fails]), plan, request(80, 20))
    expect(waiting[2]).toBe('  ◌ [0] 訓練  next try in 5 s  no luck')
    const metrics = [4, 3, 2, 1].map((value, step): RunUpdate => ({
      at: 9_500,
      event: { type: 'attempt.metric', node, name: 'loss', value, step },
    }))
    const again = frameOf(
      after([expand(1), started(node, 0), fails, started(node, 9_000, 2), ...metrics]),
      plan,
      request(80, 20),
    )
    expect(again[2]).toBe('  ⠋ [0] 訓練  1.0 s  attempt 2  loss 1 █▆▃▁')
  })

  test('items that run beside one another count for what is done of them', () => {
    // Eight items, four at once, 10 s each.
    const updates = [expand(8)]
    for (let item = 0; item < 8; item++) {
      updates.push(succeeded(`trials[${item}]/訓練`, 0))
      if (item < 4) updates.push(succeeded(`trials[${item}]/second`, 10_000, false, 0))
      else updates.push(started(`trials[${item}]/second`, 10_000))
    }
    const line = (now: number): string => frameOf(after(updates), plan, request(120, 3, now))[1]!
    expect(line(12_000)).toContain('ETA 8 s')
    expect(line(19_000)).toContain('ETA 1 s')
  })

  test('the estimate of a run is that of what runs and what is to come, not of counts', () => {
    const chain = definePipeline({ name: 'chain', inputs: { items: z.array(z.number()) } }, (p, input) => {
      p.step(one, { x: 1 }, { id: 'first' })
      const map = p.map(input.items, (item, q) => q.step(one, { x: item }), { id: 'map' })
      p.step(lists, { x: map.x }, { id: 'last' })
      return {}
    })
    const progress = new RunProgress(compilePipeline(chain).structure)
    const updates = [succeeded('first', 10_000, false, 0), expand(100, 'map', 10_000)]
    for (let item = 0; item < 10; item++) updates.push(succeeded(`map[${item}]/one`, 11_000, false, 10_000))
    for (let item = 10; item < 20; item++) updates.push(started(`map[${item}]/one`, 11_000))
    for (const update of updates) progress.update(update)
    // 90 items at ten in a second, then one step that takes as long as the first.
    expect(frameOf(progress, compilePipeline(chain).structure, request(80, 9, 11_000))[0]).toContain(
      'ETA 19 s',
    )
  })

  test('steps that do not wait for one another take their turns, as many at once as there have been', () => {
    const beside = definePipeline({ name: 'beside' }, (p) => {
      for (let index = 0; index < 40; index++) p.step(one, { x: index }, { id: `s${index}` })
      return {}
    })
    const { structure } = compilePipeline(beside)
    const progress = new RunProgress(structure)
    const updates: RunUpdate[] = []
    for (let index = 0; index < 4; index++) updates.push(started(`s${index}`, 0))
    for (let index = 0; index < 4; index++) updates.push(succeeded(`s${index}`, 10_000, false, 0))
    for (let index = 4; index < 8; index++) updates.push(started(`s${index}`, 10_000))
    for (const update of updates) progress.update(update)
    // 36 steps of 10 s, four at once.
    expect(frameOf(progress, structure, request(80, 9, 10_000))[0]).toContain('ETA 2 min')
    expect(frameOf(progress, structure, request(80, 9, 19_000))[0]).toContain('ETA 1 min')
  })

  test('while nothing can be said of a map that runs, nothing is said of the run', () => {
    const chain = definePipeline({ name: 'chain', inputs: { items: z.array(z.number()) } }, (p, input) => {
      p.step(one, { x: 1 }, { id: 'first' })
      p.map(input.items, (item, q) => q.step(one, { x: item }), { id: 'map' })
      return {}
    })
    const { structure } = compilePipeline(chain)
    const progress = new RunProgress(structure)
    const updates = [succeeded('first', 20, false, 0), expand(1_000, 'map', 20), started('map[0]/one', 20)]
    for (const update of updates) progress.update(update)
    expect(frameOf(progress, structure, request(80, 9, 600))[0]).not.toContain('ETA')
  })

  test('a map of many items shows the last value of each, not their points together; a try its own', () => {
    const updates = [expand(20)]
    for (let item = 0; item < 6; item++) {
      const node = `trials[${item}]/訓練`
      updates.push(started(node, 0))
      for (const value of [100, 50, item])
        updates.push({ at: 1, event: { type: 'attempt.metric', node, name: 'loss', value, step: 0 } })
      const end = succeeded(node, 2)
      const summary = { last: item, min: item, max: 100, count: 3 }
      if (item < 4)
        updates.push({
          ...end,
          event: {
            ...end.event,
            facts: { metrics: { loss: summary }, params: {}, reports: [] },
          } as RunUpdate['event'],
        })
    }
    // That an item is tried again takes nothing from the others.
    updates.push(started('trials[5]/訓練', 3, 2))
    const [, line] = frameOf(after(updates), plan, request(160, 3))
    expect(line).toContain('loss 3 ▁▃▆█')
  })

  test('where a curve finds no room a shorter one does, then its last value alone', () => {
    const updates = [expand(40)]
    for (let item = 0; item < 20; item++) {
      const end = succeeded(`trials[${item}]/訓練`, 9_000, item % 2 === 0)
      const metrics = { loss: { last: item, min: item, max: item, count: 1 } }
      const facts = { metrics, params: {}, reports: [] }
      updates.push({ ...end, event: { ...end.event, facts } as RunUpdate['event'] })
    }
    const at = (columns: number): string => frameOf(after(updates), plan, request(columns, 3))[1]!
    expect(at(100)).toMatch(/loss 19 [▁-█]{16} /)
    expect(at(76)).toMatch(/ETA 30 s.*10 reused {2}loss 19 [▁-█]{8}( |$)/)
    expect(at(64)).toMatch(/loss 19( {2}|$)/)
  })

  test('a run that is resumed begins with what was done', () => {
    const progress = new RunProgress(plan)
    const record = {
      number: 1,
      run: 'r',
      step: 'one',
      inputs: {},
      outputs: {},
      key: null,
      code: null,
      uncached: null,
    }
    const rest = {
      env: {},
      fingerprint: null,
      metrics: {},
      params: {},
      reports: [],
      attempts: [],
      error: null,
    }
    progress.recorded([
      {
        ...record,
        ...rest,
        node: 'trials[0]/訓練',
        state: 'succeeded',
        startedAt: 1,
        finishedAt: 5,
        reused: null,
      },
      {
        ...record,
        ...rest,
        node: 'trials[1]/訓練',
        state: 'failed',
        startedAt: 1,
        finishedAt: 5,
        reused: null,
      },
    ])
    expect(frameOf(progress, plan, request(80, 20)).join('\n')).toContain('0/2')
  })

  test('more rows than lines: what failed and runs stays, the rest is counted', () => {
    const row = (name: string, state: Row['state']): Row => ({ depth: 0, state, name, facts: [] })
    const rows = [
      row('a', 'done'),
      row('b', 'reused'),
      row('c', 'failed'),
      row('d', 'running'),
      row('e', 'pending'),
      row('f', 'pending'),
    ]
    expect(folded(rows, 10)).toBe(rows)
    expect(folded(rows, 4).map(({ name }) => name)).toEqual(['c', 'd', 'e', '… 2 done, 1 to come'])
    expect(folded(rows, 1).map(({ name }) => name)).toEqual(['… 1 running, 1 failed, 2 done, 2 to come'])
    expect(folded(rows, 0)).toEqual([])
  })
})

describe('gauges', () => {
  test('sparklines', () => {
    expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7], 8)).toBe('▁▂▃▄▅▆▇█')
    expect(sparkline([0, 7, 1], 2)).toBe('█▁')
    expect(sparkline([5, 5], 4)).toBe('▄▄')
    expect(sparkline([1, Number.NaN, Number.POSITIVE_INFINITY], 4)).toBe('▄··')
    expect(sparkline([], 4)).toBe('')
  })

  test('bars', () => {
    expect(bar(0.5, 4)).toBe('██░░')
    expect(bar(2, 4)).toBe('████')
    expect(bar(-1, 4)).toBe('░░░░')
  })

  test('a long series loses every second point, never the last', () => {
    expect(thinned([1, 2, 3, 4, 5], 4)).toEqual([1, 3, 5])
    expect(thinned([1, 2, 3, 4], 4)).toEqual([1, 2, 3, 4])
  })

  test('estimates', () => {
    expect(remaining(30_000, 0.25)).toBe(90_000)
    expect(remaining(30_000, 0.001)).toBeUndefined()
    expect(remaining(30_000, 1)).toBeUndefined()
    expect([400, 59_400, 60_000, 3_600_000, 5_400_000].map(roughly)).toEqual([
      '1 s',
      '59 s',
      '1 min',
      '1 h 0 min',
      '1 h 30 min',
    ])
  })
})
