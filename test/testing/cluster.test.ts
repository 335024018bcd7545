import { definePipeline, defineStep, plan } from 'pipewright'
import { exploreCluster, orchestratorContract, simulateCluster } from 'pipewright/testing'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { memoryStore } from '../../src/store/memory-store.ts'
import { runInCluster } from '../../src/testing/cluster/cluster.ts'
import { seededDraw } from '../../src/testing/cluster/draw.ts'
import { brokenIn, differences } from '../../src/testing/cluster/invariants.ts'
import { shortened } from '../../src/testing/cluster/shorten.ts'
import { randomWork } from '../../src/testing/cluster/work.ts'
import { clusterOrchestrator } from './cluster-contract.ts'
import { continuePolicy, scope, step } from '../execute/simulate.ts'

describe('a simulated cluster passes the contract', () => {
  orchestratorContract({ create: () => Promise.resolve(clusterOrchestrator()), test, without: ['cache'] })
})

describe('a simulated cluster', () => {
  test('breaks no invariant with these seeds, in which everything goes wrong', async () => {
    const { explored, failures, counts, states } = await exploreCluster({ seeds: 500, from: 1 })
    expect(failures).toEqual([])
    expect(explored).toBe(500)
    for (const count of Object.values(counts)) expect(count).toBeGreaterThan(100)
    for (const state of ['succeeded', 'failed', 'cancelled']) expect(states[state]).toBeGreaterThan(5)
  })

  test('does the same again with the same seed', async () => {
    const [one, two, other] = await Promise.all([7, 7, 8].map((seed) => simulateCluster({ seed })))
    expect(two).toEqual(one)
    expect(other!.trace).not.toEqual(one!.trace)
  })

  test('runs the plan of a pipeline, its steps made up', async () => {
    const list = defineStep({
      name: 'list',
      inputs: { from: z.number() },
      outputs: { items: z.array(z.object({ name: z.string() })), many: z.boolean() },
      run: () => ({ items: [], many: false }),
    })
    const ship = defineStep({
      name: 'ship',
      inputs: { name: z.string() },
      outputs: { code: z.number().int().min(1).max(9) },
      effect: true,
      run: () => ({ code: 1 }),
    })
    const shop = definePipeline({ name: 'shop', inputs: { from: z.number() } }, (p, { from }) => {
      const { items, many } = p.step(list, { from })
      const all = p.when(many, (q) => ({
        codes: q.map(items, (item, r) => r.step(ship, { name: r.pick(item, 'name') })).code,
      }))
      return { codes: all.codes }
    })
    const { failures, states } = await exploreCluster({ seeds: 60, from: 1, plan: plan(shop, { from: 3 }) })
    expect(failures).toEqual([])
    expect(states['succeeded']).toBeGreaterThan(10)
  })

  test('refuses bounds that are none', async () => {
    await expect(exploreCluster({ seeds: 0 })).rejects.toMatchObject({ code: 'TEST_INVALID' })
    await expect(exploreCluster({ from: 0.5 })).rejects.toMatchObject({ code: 'TEST_INVALID' })
  })
})

describe('what a simulated cluster is for', () => {
  const small = {
    pipeline: 'small',
    scope: { ...scope(step('a'), step('b', 'a')), outputs: { n: { node: 'b', output: 'n' } } },
    steps: Object.fromEntries(
      ['a', 'b'].map((name) => [name, { name, inputs: {}, outputs: { n: { kind: 'json' as const } } }]),
    ),
  }
  const history = (seed: string, work = randomWork('w', 0, memoryStore())) =>
    runInCluster({
      program: { plan: small, pipelines: new Map(), inputs: {} },
      policy: continuePolicy,
      work,
      store: memoryStore(),
      draw: seed === '' ? () => 0 : seededDraw(seed),
    })

  test('finds a step whose result depends on how often it was tried', async () => {
    let calls = 0
    const moody = {
      ...randomWork('w', 0, memoryStore()),
      execute: ({ attempt }: { attempt: number }) => {
        calls++
        return Promise.resolve({ ok: true as const, outputs: { n: { value: attempt } } })
      },
    }
    const found = []
    const calm = await history('', moody)
    for (let seed = 1; seed < 40; seed++)
      found.push(...differences(small, await history(`s${seed}`, moody), calm, continuePolicy))
    expect(found[0]).toMatch(/its outputs are .*"value":\d.*undisturbed .*"value":1/)
    expect(calls).toBeGreaterThan(80)
  })

  test('finds results that are recorded twice, late writers, and what is begun too late', async () => {
    const good = await history('')
    expect(brokenIn(small, good)).toEqual([])
    const done = good.events.findIndex(({ event }) => event.type === 'node.succeeded')
    const again = good.events[done]!
    const last = good.events.length
    expect(
      brokenIn(small, { ...good, events: [...good.events, again], fences: [...good.fences, 0] }),
    ).toEqual([
      `event ${last + 1} comes after the end`,
      "attempt 1 of 'a' has two results",
      "'a' has 2 results",
    ])
    const late = good.fences.map((fence, at) => (at === 0 ? 2 : fence))
    expect(brokenIn(small, { ...good, fences: late })[0]).toBe(
      'event 2 was written under 1, after one under 2',
    )
    const start = good.events.find(({ event }) => event.type === 'attempt.started')!
    expect(brokenIn(small, { ...good, events: good.events.toSpliced(done + 1, 0, start) })).toContain(
      "'a' was begun when 'a' had a result",
    )
  })
})

test('failing choices are made shorter, and their numbers 0', async () => {
  const choices = { plan: Array.from({ length: 50 }, (_, at) => at), course: [5, 6, 7] }
  const short = await shortened(choices, ({ plan: list }) => Promise.resolve(list.includes(31)))
  expect(short).toEqual({ plan: [31], course: [] })
})
