import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { definePipeline, defineStep } from '../../src/index.ts'
import { testPipeline, testWorkspace } from '../../src/testing/index.ts'
import { add, halve } from './support.ts'

const halving = definePipeline({ name: 'halving', inputs: { n: z.number() } }, (p, input) => {
  const loop = p.loop(
    { n: input.n },
    (state, q) => {
      const half = q.step(halve, { n: state.n })
      return { next: { n: half.n }, again: half.more }
    },
    { id: 'halving', maxRounds: 20 },
  )
  return { n: loop.n, rounds: loop.rounds }
})

describe('p.loop', () => {
  test('gives each round the state that the one before returned', async () => {
    const run = await testPipeline(halving, { n: 100 })
    expect(run.outputs).toEqual({ n: 100 / 2 ** 7, rounds: 7 })
    const rounds = run.executions.filter(({ step }) => step === 'halve').map(({ node }) => node)
    expect(rounds).toEqual(Array.from({ length: 7 }, (_, round) => `halving[${round}]/halve`))
  })

  test('runs one round at least', async () => {
    expect((await testPipeline(halving, { n: 1 })).outputs).toEqual({ n: 0.5, rounds: 1 })
  })

  test('one that never ends fails, and says so', async () => {
    const endless = definePipeline({ name: 'endless', inputs: { n: z.number() } }, (p, input) => {
      const again = p.step(halve, { n: 100 }).more
      const loop = p.loop(
        { n: input.n },
        (state, q) => ({ next: { n: q.step(add, { n: state.n }).n }, again }),
        { id: 'count', maxRounds: 3 },
      )
      return { n: loop.n }
    })
    const run = await testPipeline(endless, { n: 0 })
    expect(run.state).toBe('failed')
    expect(() => run.outputs).toThrow(
      /loop 'count' asks for another round after 3, the most that it may have/,
    )
  })

  test('one that may stop there ends with the state that it has', async () => {
    const stopping = definePipeline({ name: 'stopping', inputs: { n: z.number() } }, (p, input) => {
      const again = p.step(halve, { n: 100 }).more
      const loop = p.loop(
        { n: input.n },
        (state, q) => ({ next: { n: q.step(add, { n: state.n }).n }, again }),
        { maxRounds: 3, onMaxRounds: 'stop' },
      )
      return { n: loop.n, rounds: loop.rounds }
    })
    expect((await testPipeline(stopping, { n: 0 })).outputs).toEqual({ n: 3, rounds: 3 })
  })

  test('nests in maps, branches and itself, with literals and outer refs in its state', async () => {
    const nested = definePipeline({ name: 'nested', inputs: { list: z.array(z.number()) } }, (p, input) => {
      const by = p.step(add, { n: 1 }, { id: 'by' })
      const each = p.map(input.list, (item, q) => {
        const outer = q.loop(
          { n: item, total: 0 },
          (state, r, round) => {
            const inner = r.loop(
              { n: state.n },
              (deep, s) => {
                const half = s.step(halve, { n: deep.n })
                return { next: { n: half.n }, again: half.more }
              },
              { id: 'inner', maxRounds: 9 },
            )
            const total = r.step(add, { n: state.total, by: by.n })
            const more = r.step(
              defineStep({
                name: 'more',
                inputs: { round: z.number() },
                outputs: { more: z.boolean() },
                version: '1',
                run: ({ round: at }) => ({ more: at < 2 }),
              }),
              { round },
            )
            return { next: { n: inner.n, total: total.n }, again: more.more }
          },
          { id: 'outer', maxRounds: 5 },
        )
        return { n: outer.n, total: outer.total }
      })
      return { n: each.n, total: each.total }
    })
    const run = await testPipeline(nested, { list: [8, 3] })
    expect(run.outputs).toEqual({ n: [0.25, 0.1875], total: [6, 6] })
    expect(run.executions.map(({ node }) => node)).toContain('map[1]/outer[2]/inner[0]/halve')
  })

  test('goes on in the round in which it was cut off', async () => {
    await using workspace = await testWorkspace()
    const first = await workspace.run(halving, { n: 100 })
    const again = await workspace.run(halving, { n: 100 })
    expect(first.outputs).toEqual(again.outputs)
    expect(again.executions.filter(({ reused }) => reused !== null)).toHaveLength(7)
  })

  test('refuses what is no loop', () => {
    const defining = (body: unknown, options: unknown) => () =>
      definePipeline({ name: 'bad', inputs: { n: z.number() } }, (p, input) => {
        p.loop({ n: input.n }, body as never, options as never)
        return {}
      })
    const round = (
      state: { n: never },
      q: { step: (...all: unknown[]) => { n: unknown; more: unknown } },
    ) => {
      const half = q.step(halve, { n: state.n })
      return { next: { n: half.n }, again: half.more }
    }
    expect(defining(round, {})).toThrow(/loop 'loop': maxRounds undefined is not a count/)
    expect(defining(() => ({}), { maxRounds: 2 })).toThrow(/did not return \{ next, again \}/)
    expect(defining(round, { maxRounds: 2, onMaxRounds: 'never' })).toThrow(
      /onMaxRounds "never" is not possible/,
    )
  })
})
