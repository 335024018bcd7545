import { alg } from '@dagrejs/graphlib'
import fc from 'fast-check'
import {
  check,
  definePipeline,
  defineStep,
  directory,
  file,
  graphView,
  list,
  metrics,
  model,
  definePredictor,
  plan,
  PipewrightError,
  render,
  select,
  table,
  type Plan,
  type PlanNode,
  type PlanScope,
  type Scope,
} from 'pipewright'
import { expect, test, describe } from 'vitest'
import { z } from 'zod'
import { graphOfScope, sortPlan, sortScope } from '../../src/plan/graph.ts'
import { planSchema } from '../../scripts/plan-format.ts'

const predictor = definePredictor({
  name: 'predictor',
  state: z.object({}),
  input: z.object({}),
  output: z.object({}),
  predict: () => ({}),
})
const load = defineStep({
  name: 'load',
  inputs: { files: list(file()), folder: directory(), limit: z.number().optional() },
  outputs: { rows: table(z.object({ x: z.number() })), ok: z.boolean(), n: z.array(z.number()) },
  run: () => ({ rows: [], ok: true, n: [] }),
})
const train = defineStep({
  name: 'train',
  tags: ['slow'],
  version: '3',
  timeout: '1h',
  grace: 500,
  cache: 'content',
  resources: { gpu: 1, memory: '4GiB' },
  retry: { attempts: 2, backoff: 'constant', delay: '10s', maxDelay: '1m', jitter: 0 },
  inputs: { rows: table(z.object({ x: z.number() })), seed: z.number() },
  outputs: { model: model(predictor), scores: metrics({ auc: z.number() }) },
  run: () => ({ model: predictor.of({}), scores: { auc: 1 } }),
})
const send = defineStep({
  name: 'send',
  effect: { key: 'id' },
  inputs: { id: z.string(), what: z.any() },
  run: () => undefined,
})
const inner = definePipeline(
  { name: 'inner', inputs: { flag: z.boolean().default(true) } },
  (p, { flag }) => {
    p.when(flag, (q) => (q.step(send, { id: 'inner', what: [flag, 'yes'] }), {}))
    return { flag }
  },
)
const whole = definePipeline(
  { name: 'whole', inputs: { files: list(file()), folder: directory(), limit: z.number().optional() } },
  (p, input) => {
    const loaded = p.step(load, { files: input.files, folder: input.folder, limit: input.limit })
    const outer = p.map(loaded.n, (seed, q, index) => {
      const nested = q.map([1, 2], (_item, r) => r.step(train, { rows: loaded.rows, seed }))
      q.step(send, { id: 'each', what: [index, p.pick(loaded.n, 0)] }, { tags: ['loud'] })
      return { models: nested.model }
    })
    p.step(inner, {}, { id: 'sub', after: [outer, loaded.ok] })
    return { models: outer.models }
  },
)
const given = { files: ['a', 'b'], folder: 'c' }

function errorOf(work: () => unknown): PipewrightError {
  try {
    work()
  } catch (error) {
    if (PipewrightError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function* within(value: unknown): Generator<object> {
  if (typeof value !== 'object' || value === null) return
  yield value
  for (const member of Object.values(value)) yield* within(member)
}

describe('the document', () => {
  test('is frozen all the way down and survives JSON', () => {
    const document = plan(whole, given)
    for (const part of within(document)) expect(Object.isFrozen(part)).toBe(true)
    const copy: unknown = JSON.parse(JSON.stringify(document))
    expect(copy).toEqual(document)
    expect(planSchema.parse(copy)).toEqual(document)
    expect(plan(whole, given)).toEqual(document)
    expect(document.given).toEqual(given)
  })

  test('its schema knows every type of node and binding', () => {
    const document = plan(whole, { ...given, limit: 3 })
    const types = new Set([...within(document.scope)].map((part) => (part as { type?: string }).type))
    types.delete('boolean') // of a declared schema
    types.delete(undefined)
    expect([...types].toSorted()).toEqual(['map', 'pipeline', 'step', 'when'])
    const bindings = [...within(document.scope)].flatMap((part) => Object.keys(part))
    for (const name of ['node', 'input', 'item', 'index', 'value', 'list', 'up', 'pick', 'after', 'declares'])
      expect(bindings).toContain(name)
    expect(planSchema.safeParse({ ...document, format: 2 }).success).toBe(false)
    const broken = structuredClone(document) as unknown as { scope: { nodes: { type: string }[] } }
    broken.scope.nodes[0]!.type = 'loop'
    expect(planSchema.safeParse(broken).success).toBe(false)
  })

  test('the digest ignores what is given and follows everything else', () => {
    const digest = (
      options: object = {},
      build: (p: Scope, step: never) => unknown = (p, s) => p.step(s, {}),
    ): string =>
      plan(
        definePipeline({ name: 'p', inputs: { x: z.number().default(1) } }, (p) => {
          const step = defineStep({
            name: 's',
            inputs: { x: z.number().default(1) },
            run: () => undefined,
            ...options,
          })
          build(p, step as never)
          return {}
        }),
        {},
      ).digest
    const changes = [
      digest(),
      digest({ retry: { attempts: 2 } }),
      digest({ retry: { attempts: 2, jitter: 0 } }),
      digest({ inputs: { x: z.number().default(2) } }),
      digest({ outputs: { y: z.number() } }),
      digest({ version: '1' }),
      digest({ effect: true }),
      digest({ cache: 'never' }),
      digest({ timeout: '1s' }),
      digest({ tags: ['a'] }),
      digest({ name: 't' }),
      digest({}, (p, s) => p.step(s, { x: 5 } as never)),
      digest({}, (p, s) => p.step(s, {}, { id: 'other' })),
      digest({}, (p, s) => p.step(s, {}, { tags: ['a'] })),
      digest({}, (p, s) => p.map([1], (_item, q) => (q.step(s, {}), {}))),
      digest({}, (p, s) => p.map([1], (_item, q) => (q.step(s, {}), {}), { concurrency: 1 })),
      digest({}, (p, s) => [p.step(s, {}, { id: 'a' }), p.step(s, {}, { id: 's' })]),
    ]
    expect(new Set(changes).size).toBe(changes.length)
    expect(digest({ run: () => 'other code' })).toBe(digest())
    expect(digest({ timeout: 60_000 })).toBe(digest({ timeout: '1m' }))
    expect(digest({ retry: { attempts: 2, delay: '1s' } })).toBe(digest({ retry: { attempts: 2 } }))
    // A delay of minutes is waited, not cut to the longest wait that is assumed.
    expect(digest({ retry: { attempts: 2, delay: '10m' } })).toBe(
      digest({ retry: { attempts: 2, delay: '10m', maxDelay: '10m' } }),
    )
  })
})

describe('given inputs', () => {
  const pipeline = definePipeline(
    {
      name: 'p',
      inputs: {
        rows: z.array(z.object({ a: z.number() })),
        folder: directory(),
        files: list(file()),
        free: z.any(),
        late: z.string().optional(),
      },
    },
    () => ({}),
  )

  test('all problems in one error, with paths', () => {
    const rows = [{ a: 1 }, { a: 'x' }, {}]
    const wrong = { rows, folder: 7, files: ['ok', '', null], free: { deep: [Number.NaN] }, late: 3 }
    const error = errorOf(() => plan(pipeline, wrong as never))
    expect(error.code).toBe('INPUT_INVALID')
    const issues = error.details.issues as { path: string; message: string }[]
    expect(issues.map(({ path }) => path)).toEqual([
      'rows[1].a',
      'rows[2].a',
      'folder',
      'files[1]',
      'files[2]',
      'free',
      'late',
    ])
    expect(issues[5]!.message).toBe('.deep[0] is NaN, which JSON cannot hold')
    for (const { path, message } of issues) expect(error.message).toContain(`  ${path}: ${message}`)
  })

  test('missing, unknown, and no record at all', () => {
    expect(errorOf(() => plan(pipeline, {} as never)).message).toContain('rows: is missing')
    expect(errorOf(() => plan(pipeline, { folders: '' } as never))).toMatchObject({
      code: 'UNKNOWN_INPUT',
      fix: expect.stringContaining("did you mean 'folder'?") as string,
    })
    for (const none of [undefined, null, [1], 'rows'])
      expect(errorOf(() => plan(pipeline, none as never)).message).toContain('given no record of inputs')
  })

  test('an asynchronous schema is refused, and its rejection does no harm', async () => {
    const validate = (): Promise<never> => Promise.reject(new Error('never seen'))
    const slow = { '~standard': { version: 1 as const, vendor: 'test', validate } }
    const asks = definePipeline({ name: 'asks', inputs: { slow } }, () => ({}))
    expect(errorOf(() => plan(asks, { slow: 'x' })).message).toContain(
      "the schema of input 'slow' is asynchronous",
    )
    await new Promise(setImmediate)
  })
})

function step(id: string, ...reads: { node: string; up?: number }[]): PlanNode {
  const inputs = Object.fromEntries(reads.map((read, i) => [`i${i}`, { ...read, output: 'o' }]))
  return { type: 'step', id, step: 's', inputs }
}

function documentOf(scope: PlanScope): Plan {
  const steps = { s: { name: 's', inputs: {}, outputs: {} } }
  return { format: 1, pipeline: 'p', digest: 'sha256:', inputs: {}, given: {}, steps, scope }
}

describe('sorting', () => {
  /** A node that reads these others from inside of so many scopes. */
  function reader(id: string, sources: readonly string[], depth: number, kind: number): PlanNode {
    if (depth === 0) return step(id, ...sources.map((node) => ({ node })))
    const wrap = (scope: PlanScope, level: number): PlanNode => {
      const name = level === 0 ? id : 'inner'
      const inner = level === depth - 1 ? scope : { nodes: [wrap(scope, level + 1)], outputs: {} }
      if ((kind + level) % 3 === 0) return { type: 'map', id: name, items: { value: [] }, body: inner }
      const none: PlanScope = { nodes: [], outputs: {} }
      return (kind + level) % 3 === 1
        ? { type: 'when', id: name, condition: { value: true }, then: inner }
        : { type: 'when', id: name, condition: { value: true }, then: none, else: inner }
    }
    const reads = sources.map((node) => ({ node, up: depth }))
    // The last one is read by an output of the scope, and not by a node.
    const last = reads.pop()
    const outputs = last === undefined ? {} : { out: { ...last, output: 'o' } }
    // A node of the inner scope that has the name of an outer one is not the outer one.
    const twin = step(sources[0] ?? 'x')
    return wrap({ nodes: [twin, step('leaf', { node: twin.id }, ...reads)], outputs }, 0)
  }

  test('agrees with graphlib, also where nested scopes read outer ones', () => {
    const size = 7
    const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 10 })
    const depths = fc.array(fc.nat(3), { minLength: size, maxLength: size })
    fc.assert(
      fc.property(edges, depths, fc.nat(2), (pairs, depth, kind) => {
        const sourcesOf = (i: number): string[] => [
          ...new Set(pairs.filter(([, to]) => to === i).map(([from]) => `n${from}`)),
        ]
        const nodes = Array.from({ length: size }, (_, i) => reader(`n${i}`, sourcesOf(i), depth[i]!, kind))
        const scope: PlanScope = { nodes, outputs: {} }
        const view = graphView(documentOf(scope))
        const wanted = new Set(pairs.map(([from, to]) => `n${from} n${to}`))
        expect(new Set(view.edges().map(({ v, w }) => `${v} ${w}`))).toEqual(wanted)
        if (alg.isAcyclic(view)) {
          const order = [...sortScope(scope)]
          expect(order.toSorted((a, b) => a - b)).toEqual(nodes.map((_, i) => i))
          const place = new Map(order.map((number, at) => [`n${number}`, at]))
          for (const { v, w } of view.edges()) expect(place.get(v)).toBeLessThan(place.get(w)!)
          expect(alg.topsort(view)).toHaveLength(size)
        } else {
          const { cycle } = errorOf(() => sortScope(scope)).details as { cycle: string[] }
          for (const [i, id] of cycle.entries())
            expect(view.hasEdge(id, cycle[(i + 1) % cycle.length]!)).toBe(true)
        }
      }),
    )
  })

  test('a node that reads itself, and a cycle through a scope', () => {
    expect(errorOf(() => sortScope({ nodes: [step('a', { node: 'a' })], outputs: {} })).message).toContain(
      'a -> a',
    )
    const through = { nodes: [step('a', { node: 'm' }), reader('m', ['a'], 2, 0)], outputs: {} }
    const error = errorOf(() => sortPlan(through))
    expect(error.code).toBe('PLAN_CYCLE')
    expect(error.fix).toBe('take one of these edges out')
  })

  test('a sub-pipeline is closed: its names are its own', () => {
    const body: PlanScope = { nodes: [step('a'), step('b', { node: 'a' })], outputs: {} }
    const sub: PlanNode = { type: 'pipeline', id: 'sub', pipeline: 'x', inputs: {}, declares: {}, body }
    const scope: PlanScope = { nodes: [sub, step('a', { node: 'sub' })], outputs: {} }
    expect([...sortScope(scope)]).toEqual([0, 1])
    expect(() => sortPlan(scope)).not.toThrow()
  })

  test('an output of a node that is not there is refused, inside too', () => {
    const scope: PlanScope = { nodes: [step('alpha')], outputs: { x: { node: 'alpa', output: 'o' } } }
    expect(errorOf(() => check(documentOf(scope)))).toMatchObject({
      code: 'PLAN_INVALID',
      fix: expect.stringContaining("did you mean 'alpha'?") as string,
    })
    const map: PlanNode = { type: 'map', id: 'm', items: { value: [] }, body: scope }
    expect(errorOf(() => sortPlan({ nodes: [map], outputs: {} })).code).toBe('PLAN_INVALID')
  })

  test('100,000 nodes in a chain with a cycle at its end', () => {
    const nodes = Array.from({ length: 100_000 }, (_, i) =>
      step(`n${i}`, { node: `n${i === 0 ? 99_999 : i - 1}` }),
    )
    const { cycle } = errorOf(() => sortScope({ nodes, outputs: {} })).details as { cycle: string[] }
    expect(cycle).toHaveLength(100_000)
    expect(graphOfScope({ nodes: nodes.slice(0, 0), outputs: {} }).offsets).toHaveLength(1)
  })
})

describe('selection and drawing', () => {
  const document = plan(whole, given)

  test.each([
    [{ only: ['**/send'] }, ['map', 'sub']],
    [{ only: ['**/load'] }, ['load']],
    [{ only: ['map/**'] }, ['map']],
    [{ only: ['*/*/train'] }, ['map']],
    [{ only: ['sub/when/then/send'] }, ['sub']],
    [{ from: ['**'] }, ['load', 'map', 'sub']],
    [{ tags: ['loud'] }, ['map']],
    [{ tags: ['slow', 'loud'] }, ['map']],
    [{ from: ['map'], tags: ['slow'] }, ['map']],
  ])('%j', (selection, nodes) => {
    expect(select(document, selection)).toEqual(nodes)
  })

  test.each([
    [{ only: ['train'] }, "did you mean 'map/map/train'?"],
    [{ to: ['lod'] }, "did you mean 'load'?"],
    [{ from: ['zzzzzzzzz'] }, 'nodes: load, map, sub'],
    [{ only: ['load', 'l.ad'] }, "did you mean 'load'?"],
    [{ tags: ['lowd'] }, "did you mean 'loud'?"],
    [{ tags: [] }, 'loosen one of them'],
    [{ only: ['load'], tags: ['loud'] }, 'loosen one of them'],
  ])('%j is empty', (selection, fix) => {
    const error = errorOf(() => select(document, selection))
    expect(error.code).toBe('SELECTION_EMPTY')
    expect(error.fix).toContain(fix)
  })

  test('graphView is the root scope', () => {
    const view = graphView(document)
    expect(view.nodes()).toEqual(['load', 'map', 'sub'])
    expect(view.node('sub')).toEqual({ type: 'pipeline', name: 'inner' })
    expect(view.node('load')).toEqual({ type: 'step', name: 'load' })
    expect(view.predecessors('sub')).toEqual(['load', 'map'])
    expect(view.successors('load')).toEqual(['map', 'sub'])
  })

  test('names that mean something to the drawing languages', () => {
    const odd = plan(
      definePipeline({ name: 'a "b" \\ c' }, (p) => {
        const first = p.step(send, { id: 'x', what: 1 }, { id: 'n "<1>" & #35; \\' })
        p.map([1], (_item, q) => (q.step(send, { id: 'x', what: 1 }), {}), { id: 'm' })
        p.step(send, { id: 'x', what: 1 }, { id: 'cluster m', after: [first] })
        return {}
      }),
      {},
    )
    expect(render(odd, 'mermaid')).toMatchInlineSnapshot(`
      "flowchart TD
        n0["n #34;#60;1#62;#34; #38; #35;35; \\ (send) [effect]"]
        subgraph n1 ["m"]
          n2["m [map]"]
          n3["send [effect]"]
          n2 --> n3
        end
        n4["cluster m (send) [effect]"]
        n0 --> n4"
    `)
    expect(render(odd, 'dot')).toMatchInlineSnapshot(`
      "digraph "a \\"b\\" \\\\ c" {
        rankdir=TB; node [shape=box, fontname="sans-serif"];
        "n \\"<1>\\" & #35; \\\\" [label="n \\"<1>\\" & #35; \\\\ (send) [effect]"];
        subgraph "cluster_m" { label="m";
          "m" [label="m [map]"];
          "m/send" [label="send [effect]"];
          "m" -> "m/send";
        }
        "cluster m" [label="cluster m (send) [effect]"];
        "n \\"<1>\\" & #35; \\\\" -> "cluster m";
      }"
    `)
    expect(render(odd)).toMatchInlineSnapshot(`
      "a "b" \\ c
      ├─ n "<1>" & #35; \\ (send) [effect]
      ├─ m [map]
      │  └─ send [effect]
      └─ cluster m (send) [effect]  <- n "<1>" & #35; \\"
    `)
  })
})

test('check: what can be known of a plan before it runs', () => {
  const found = (context: Parameters<typeof check>[1]): string[] =>
    check(plan(whole, given), context).map(({ level, subject, message }) => `${level} ${subject} ${message}`)
  const timeout = 'note train has a timeout, but inline a synchronous loop cannot be stopped by it'
  expect(found({ resources: { gpu: 1 } })).toEqual([timeout])
  expect(
    found({ resources: { gpu: 0 }, uncacheable: { load: 'of its name', send: 'of its name', train: null } }),
  ).toEqual([
    'warning load is not cached: of its name',
    timeout,
    "warning train asks for 1 of resource 'gpu', there are 0: it can never run",
  ])
  expect(found({ resources: { gpu: 1 }, outside: new Set(['train']) })).toEqual([])
  expect(found({})).toEqual([timeout, "note train asks for resource 'gpu', which the settings do not bound"])
})
