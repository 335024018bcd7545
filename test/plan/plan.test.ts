import { alg } from '@dagrejs/graphlib'
import fc from 'fast-check'
import {
  check,
  definePipeline,
  defineStep,
  file,
  graphView,
  plan,
  render,
  select,
  type Plan,
  type PlanNode,
  type PlanScope,
} from 'pipewright'
import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { canonicalJson } from '../../src/internal/canonical.ts'
import { sha256 } from '../../src/internal/digest.ts'
import { graphOfScope, sortPlan, sortScope } from '../../src/plan/graph.ts'
import { planJsonSchema, planSchema } from '../../scripts/plan-format.ts'

const load = defineStep({
  name: 'load',
  tags: ['io'],
  inputs: { csv: file('text/csv') },
  outputs: { n: z.number(), list: z.array(z.number()), ok: z.boolean() },
  run: () => ({ n: 1, list: [], ok: true }),
})
const train = defineStep({
  name: 'train',
  retry: { attempts: 3 },
  timeout: '30m',
  inputs: { n: z.number(), rate: z.number().default(0.1) },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n }),
})
const send = defineStep({
  name: 'send',
  effect: true,
  tags: ['io'],
  inputs: { ns: z.array(z.number()) },
  run: () => undefined,
})

const inner = definePipeline({ name: 'inner', inputs: { n: z.number() } }, (p, input) => ({
  n: p.step(train, { n: input.n }).n,
}))

const all = definePipeline(
  { name: 'all', inputs: { csv: file('text/csv'), rates: z.array(z.number()).default([1]) } },
  (p, input) => {
    const loaded = p.step(load, { csv: input.csv })
    const trials = p.map(loaded.list, (rate, q) => ({ n: q.step(train, { n: loaded.n, rate }).n }), {
      id: 'trials',
      concurrency: 2,
    })
    const either = p.when(
      loaded.ok,
      (q) => q.step(train, { n: loaded.n }, { id: 'yes' }),
      (q) => q.step(train, { n: 2 }, { id: 'no', tags: ['rare'] }),
      { id: 'gate' },
    )
    const sub = p.step(inner, { n: either.n })
    p.step(send, { ns: trials.n }, { after: [sub] })
    return { n: sub.n, first: p.pick(trials.n, 0) }
  },
)

const document = plan(all, { csv: 'rows.csv' })

describe('plan()', () => {
  test('is frozen JSON with a digest of its structure alone', () => {
    expect(Object.isFrozen(document)).toBe(true)
    expect(JSON.parse(JSON.stringify(document))).toEqual(document)
    expect(document.given).toEqual({ csv: 'rows.csv', rates: [1] })
    expect(plan(all, { csv: 'other.csv', rates: [] }).digest).toBe(document.digest)
    const changed = (rate: number, attempts: number): string =>
      plan(
        definePipeline({ name: 'p' }, (p) => {
          const step = defineStep({
            name: 's',
            retry: { attempts },
            inputs: { rate: z.number() },
            run: () => undefined,
          })
          p.step(step, { rate })
          return {}
        }),
        {},
      ).digest
    expect(new Set([changed(1, 1), changed(2, 1), changed(1, 2), changed(1, 1)]).size).toBe(3)
  })

  test('the digest is that of its canonical JSON, without `digest` and `given`', () => {
    const wide = definePipeline({ name: 'wide "x"' }, (p) => {
      for (let i = 0; i < 2_500; i++) p.step(train, { n: i }, { id: `s${i}` })
      return {}
    })
    for (const one of [document, plan(wide, {})]) {
      const { digest, given: _given, ...structure } = one
      expect(digest).toBe(sha256(canonicalJson(structure)))
    }
  })

  test('fits the published schema, which is made from the source', () => {
    expect(planSchema.parse(JSON.parse(JSON.stringify(document)))).toEqual(document)
    const published: unknown = JSON.parse(
      readFileSync(new URL('../../schemas/plan.json', import.meta.url), 'utf8'),
    )
    expect(published).toEqual(JSON.parse(JSON.stringify(planJsonSchema)))
    expect(planSchema.safeParse({ ...document, extra: 1 }).success).toBe(false)
  })

  test('reports all problems of the inputs', () => {
    const pipeline = definePipeline(
      { name: 'p', inputs: { a: z.object({ b: z.number(), c: z.string() }), d: z.boolean() } },
      () => ({}),
    )
    expect(() => plan(pipeline, { a: { b: 'x', c: 1 } } as never)).toThrow(
      /a\.b[\s\S]*a\.c[\s\S]*d: is missing/,
    )
    expect(() => plan(pipeline, { e: 1 } as never)).toThrow("has no input 'e'")
  })

  test('steps that share a name have keys of their own', () => {
    const make = (n: number) => defineStep({ name: 'same', outputs: { n: z.number() }, run: () => ({ n }) })
    const { steps } = plan(
      definePipeline({ name: 'p' }, (p) => {
        p.step(make(1), {}, { id: 'a' })
        p.step(make(2), {}, { id: 'b' })
        return {}
      }),
      {},
    )
    expect(Object.keys(steps)).toEqual(['same', 'same#2'])
  })
})

function node(id: string, ...after: string[]): PlanNode {
  return { type: 'step', id, step: id, inputs: {}, after }
}

const scope = (...nodes: PlanNode[]): PlanScope => ({ nodes, outputs: {} })

describe('sorting', () => {
  test('a cycle is reported with its way', () => {
    expect(() => sortScope(scope(node('a'), node('b', 'a', 'd'), node('c', 'b'), node('d', 'c')))).toThrow(
      /the plan has a cycle: (b -> c -> d -> b|c -> d -> b -> c|d -> b -> c -> d)/,
    )
    const hidden = scope({
      type: 'map',
      id: 'm',
      items: { value: [] },
      body: scope(node('x', 'y'), node('y', 'x')),
    })
    expect(() => sortPlan(hidden)).toThrow('cycle')
  })

  test('edges from nowhere and shared ids are refused', () => {
    expect(() => sortScope(scope(node('alpha'), node('b', 'alpa')))).toThrow("did you mean 'alpha'?")
    expect(() => sortScope(scope(node('a'), node('a')))).toThrow('two nodes')
  })

  test('a container waits for what anything inside it reads', () => {
    const deep: PlanNode = {
      type: 'map',
      id: 'm',
      items: { value: [] },
      body: scope({
        type: 'map',
        id: 'n',
        items: { value: [] },
        body: scope({
          type: 'step',
          id: 's',
          step: 's',
          inputs: { x: { node: 'source', output: 'o', up: 2 } },
        }),
      }),
    }
    expect([...sortScope(scope(deep, node('source')))]).toEqual([1, 0])
  })

  test('agrees with graphlib on random graphs', () => {
    const graphs = fc.array(fc.tuple(fc.nat(7), fc.nat(7)), { maxLength: 12 })
    fc.assert(
      fc.property(graphs, (edges) => {
        const nodes = Array.from({ length: 8 }, (_, i) =>
          node(`n${i}`, ...new Set(edges.filter(([, to]) => to === i).map(([from]) => `n${from}`))),
        )
        const document: Plan = {
          format: 1,
          pipeline: 'p',
          digest: 'sha256:',
          inputs: {},
          given: {},
          steps: Object.fromEntries(nodes.map(({ id }) => [id, { name: id, inputs: {}, outputs: {} }])),
          scope: scope(...nodes),
        }
        const view = graphView(document)
        if (!alg.isAcyclic(view)) {
          expect(() => sortScope(document.scope)).toThrow('cycle')
          return
        }
        const place = new Map([...sortScope(document.scope)].map((number, at) => [`n${number}`, at]))
        for (const { v, w } of view.edges()) expect(place.get(v)!).toBeLessThan(place.get(w)!)
      }),
    )
  })

  test('a chain of 100,000 needs no recursion', () => {
    const nodes = Array.from({ length: 100_000 }, (_, i) =>
      i === 0 ? node('n0') : node(`n${i}`, `n${i - 1}`),
    )
    expect(sortScope(scope(...nodes)).at(-1)).toBe(99_999)
    expect(graphOfScope(scope()).nodes).toEqual([])
  })
})

describe('selection', () => {
  test.each([
    [{ from: ['trials'] }, ['trials', 'send']],
    [{ to: ['gate'] }, ['load', 'gate']],
    [{ only: ['*a*'] }, ['load', 'trials', 'gate']],
    [{ only: ['trials/train'] }, ['trials']],
    [{ only: ['**/yes'] }, ['gate']],
    [{ tags: ['io'] }, ['load', 'send']],
    [{ tags: ['rare'] }, ['gate']],
    [{ from: ['gate'], to: ['inner'] }, ['gate', 'inner']],
  ])('%j', (selection, nodes) => {
    expect(select(document, selection)).toEqual(nodes)
  })

  test('what matches nothing is an error with the nearest path', () => {
    expect(() => select(document, { only: ['trails'] })).toThrow("did you mean 'trials'?")
    expect(() => select(document, { from: ['send'], to: ['load'] })).toThrow('leaves no node')
  })
})

describe('drawing', () => {
  test('as a tree', () => {
    expect(render(document)).toMatchInlineSnapshot(`
      "all
      ├─ load
      ├─ trials [map, 2 at once]  <- load
      │  └─ train
      ├─ gate [when]  <- load
      │  ├─ then
      │  │  └─ yes (train)
      │  └─ else
      │     └─ no (train)
      ├─ inner [pipeline inner]  <- gate
      │  └─ train
      └─ send [effect]  <- trials, inner"
    `)
  })

  test('as Mermaid', () => {
    expect(render(document, 'mermaid')).toMatchInlineSnapshot(`
      "flowchart TD
        n0["load"]
        subgraph n1 ["trials"]
          n2["trials [map, 2 at once]"]
          n3["train"]
          n2 --> n3
        end
        subgraph n4 ["gate"]
          n5{"gate [when]"}
          subgraph n6 ["then"]
            n7["yes (train)"]
          end
          n5 --> n7
          subgraph n8 ["else"]
            n9["no (train)"]
          end
          n5 --> n9
        end
        subgraph n10 ["inner"]
          n11["inner [pipeline inner]"]
          n12["train"]
          n11 --> n12
        end
        n13["send [effect]"]
        n0 --> n2
        n0 --> n5
        n5 --> n11
        n2 --> n13
        n11 --> n13"
    `)
  })

  test('as DOT', () => {
    expect(render(document, 'dot')).toMatchInlineSnapshot(`
      "digraph "all" {
        rankdir=TB; node [shape=box, fontname="sans-serif"];
        "load" [label="load"];
        subgraph "cluster_trials" { label="trials";
          "trials" [label="trials [map, 2 at once]"];
          "trials/train" [label="train"];
          "trials" -> "trials/train";
        }
        subgraph "cluster_gate" { label="gate";
          "gate" [label="gate [when]", shape=diamond];
          subgraph "cluster_gate/then" { label="then";
            "gate/then/yes" [label="yes (train)"];
          }
          "gate" -> "gate/then/yes";
          subgraph "cluster_gate/else" { label="else";
            "gate/else/no" [label="no (train)"];
          }
          "gate" -> "gate/else/no";
        }
        subgraph "cluster_inner" { label="inner";
          "inner" [label="inner [pipeline inner]"];
          "inner/train" [label="train"];
          "inner" -> "inner/train";
        }
        "send" [label="send [effect]"];
        "load" -> "trials";
        "load" -> "gate";
        "gate" -> "inner";
        "trials" -> "send";
        "inner" -> "send";
      }"
    `)
  })
})

test('check tells dead ends, timeouts, effects with retries and resources', () => {
  const risky = defineStep({
    name: 'risky',
    effect: true,
    retry: { attempts: 2 },
    resources: { gpu: 1 },
    run: () => undefined,
  })
  const dead = defineStep({ name: 'dead', outputs: { n: z.number() }, run: () => ({ n: 1 }) })
  const findings = check(
    plan(
      definePipeline({ name: 'p' }, (p) => {
        p.step(risky, {})
        p.step(dead, {})
        p.step(train, { n: 1 })
        return {}
      }),
      {},
    ),
    { importable: false },
  )
  expect(findings.map(({ subject, message }) => `${subject} ${message.split(',')[0]}`)).toEqual([
    "risky asks for resource 'gpu'",
    'risky is an effect with retries: it may happen more than once',
    'train has a timeout',
    'dead has outputs that nothing reads',
    'train has outputs that nothing reads',
    'p was made inside a function: another process cannot find it',
  ])
})
