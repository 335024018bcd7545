import { inspect } from 'node:util'
import {
  definePipeline,
  definePredictor,
  defineStep,
  list,
  model,
  PipewrightError,
  table,
  type Ref,
  type Scope,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

const source = defineStep({
  name: 'source',
  outputs: {
    n: z.number(),
    rows: table(z.object({ x: z.number() })),
    yes: z.boolean(),
    list: z.array(z.number()),
  },
  run: () => ({ n: 1, rows: [], yes: true, list: [] }),
})

const sink = defineStep({
  name: 'sink',
  inputs: { n: z.number(), rate: z.number().default(1) },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n }),
})

const take = defineStep({ name: 'take', inputs: { value: z.any() }, run: () => undefined })

const predictor = definePredictor({
  name: 'predictor',
  state: z.object({}),
  input: z.object({}),
  output: z.object({}),
  predict: () => ({}),
})

const score = defineStep({ name: 'score', inputs: { model: model(predictor) }, run: () => undefined })

/** The error of a build function that TypeScript would refuse: what a user of JavaScript sees. */
function errorOf(build: (p: Scope & Record<string, never>) => unknown): PipewrightError {
  try {
    definePipeline({ name: 'p', inputs: { n: z.number() } }, build as never)
  } catch (error) {
    if (PipewrightError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function step(p: Scope, given: unknown, wiring: unknown, options?: unknown): Record<string, Ref<never>> {
  return p.step(given as never, wiring as never, options as never) as never
}

describe('identity', () => {
  test('duplicate ids of steps, maps and branches', () => {
    const twice = errorOf((p) => [step(p, source, {}), step(p, source, {})])
    expect(twice).toMatchObject({ code: 'DUPLICATE_ID', details: { id: 'source' } })
    expect(twice.fix).toContain("{ id: 'source-2' }")
    expect(errorOf((p) => [p.map([1], () => ({})), p.map([1], () => ({}))]).message).toContain(
      "already has a node 'map'",
    )
    const branches = errorOf((p) => {
      const { yes } = p.step(source, {})
      p.when(yes, () => ({}))
      p.when(yes, () => ({}))
    })
    expect(branches.fix).toContain('as the last argument of p.when')
  })

  test.each(['', 'a/b', 'a[0]', 'a\nb', 'x'.repeat(201), 7])('the name %j is refused', (name) => {
    expect(() => defineStep({ name: name as string, run: () => undefined })).toThrow(PipewrightError)
    expect(errorOf((p) => step(p, source, {}, { id: name })).code).toBe('DEFINITION_INVALID')
  })
})

describe('scopes', () => {
  test('a ref of another pipeline', () => {
    let foreign: Ref<number> | undefined
    definePipeline({ name: 'other' }, (p) => {
      foreign = p.step(source, {}).n
      return {}
    })
    const error = errorOf((p) => step(p, sink, { n: foreign }))
    expect(error.code).toBe('REF_OUT_OF_SCOPE')
    expect(error.message).toContain("belongs to pipeline 'other', this is pipeline 'p'")
    expect(error.fix).toContain('use the other pipeline as a step')
  })

  test('a ref that leaves its map or branch', () => {
    for (const leave of [
      (p: Scope, keep: (ref: Ref<number>) => void) => p.map([1], (item) => (keep(item), {})),
      (p: Scope, keep: (ref: Ref<number>) => void) =>
        p.when(p.step(source, {}).yes, (q) => (keep(q.step(sink, { n: 1 }).n), {})),
    ]) {
      let kept: Ref<number> | undefined
      const error = errorOf((p) => {
        leave(p, (ref) => (kept = ref))
        step(p, sink, { n: kept }, { id: 'after' })
      })
      expect(error.code).toBe('REF_OUT_OF_SCOPE')
      expect(error.message).toContain("node 'after', input 'n'")
      expect(error.fix).toContain('return it from the callback')
    }
  })

  test('a scope that is used after its callback', () => {
    const error = errorOf((p) => {
      let inner: Scope | undefined
      p.map([1], (_item, q) => ((inner = q), {}))
      step(inner!, source, {})
    })
    expect(error.message).toContain('after its callback had returned')
  })

  test('an outer ref may be read inside', () => {
    definePipeline({ name: 'fine' }, (p) => {
      const { n, yes, list } = p.step(source, {})
      const each = p.map(list, (item, q, index) => {
        q.step(take, { value: [item, index, n] })
        return { n: q.when(yes, (r) => r.step(sink, { n: item, rate: n })).n }
      })
      return { each: each.n }
    })
  })

  test('after names nodes of the same scope', () => {
    const error = errorOf((p) => {
      const { list, n } = p.step(source, {})
      p.map(list, (_item, q) => (q.step(sink, { n: 1 }, { after: [n] }), {}))
    })
    expect(error).toMatchObject({ code: 'REF_OUT_OF_SCOPE' })
    expect(error.message).toContain("node 'sink', after")
    definePipeline({ name: 'fine' }, (p) => {
      const first = p.step(source, {})
      p.step(sink, { n: 1 }, { after: [first, first.n] })
      return {}
    })
  })
})

describe('wiring', () => {
  test('unknown, missing and undefined inputs', () => {
    expect(errorOf((p) => step(p, sink, { n: 1, rat: 2 }))).toMatchObject({
      code: 'UNKNOWN_INPUT',
      fix: expect.stringContaining("did you mean 'rate'?") as string,
    })
    expect(errorOf((p) => step(p, sink, {}))).toMatchObject({
      code: 'MISSING_INPUT',
      fix: expect.stringContaining('{ n: … }') as string,
    })
    const typo = errorOf((p) => step(p, sink, { n: step(p, source, {}).m }))
    expect(typo.message).toContain("node 'sink': input 'n' is wired to undefined")
    expect(typo.fix).toContain('spelt right')
  })

  test('kinds that do not fit', () => {
    const swapped = errorOf((p) => step(p, score, { model: step(p, source, {}).rows }))
    expect(swapped.code).toBe('KIND_MISMATCH')
    expect(swapped.message).toContain(
      "node 'score', input 'model' takes a model, but 'source.rows' is a table",
    )
    expect(errorOf((p) => p.map(step(p, source, {}).rows as never, () => ({}))).message).toContain(
      'is a table, not a list',
    )
    expect(errorOf((p) => p.pick(step(p, source, {}).rows as never, 'x' as never)).code).toBe('KIND_MISMATCH')
  })

  test('a model of another predictor, also within lists and branches', () => {
    const rival = definePredictor({ ...predictor, name: 'rival' })
    const fit = defineStep({
      name: 'fit',
      outputs: { model: model(rival), models: list(model(rival)) },
      run: () => ({ model: rival.of({}), models: [] }),
    })
    const many = defineStep({
      name: 'many',
      inputs: { models: list(model(predictor)) },
      run: () => undefined,
    })
    const text = "of predictor 'predictor', but 'fit.model' is a model of predictor 'rival'"
    expect(errorOf((p) => step(p, score, { model: step(p, fit, {}).model })).message).toContain(text)
    expect(errorOf((p) => step(p, many, { models: step(p, fit, {}).models })).message).toContain(
      "takes a list of model of predictor 'predictor', but 'fit.models' is a list of model of predictor 'rival'",
    )
    expect(errorOf((p) => step(p, many, { models: [step(p, fit, {}).model] })).code).toBe('KIND_MISMATCH')
  })

  test('parts of a list of models are models, and of a model there are none', () => {
    const fit = defineStep({
      name: 'fit',
      outputs: { models: list(model(predictor)) },
      run: () => ({ models: [] }),
    })
    const first = (p: Scope): Ref<never> => p.pick(step(p, fit, {}).models as never, 0 as never)
    expect(errorOf((p) => step(p, sink, { n: first(p) })).message).toContain("but 'fit.models.0' is a model")
    expect(errorOf((p) => p.pick(first(p), 'state' as never)).message).toContain(
      "'fit.models.0' is a model\nFix: take the part in a step",
    )
    expect(errorOf((p) => p.pick(step(p, fit, {}).models as never, 'last' as never)).fix).toContain(
      "'length'",
    )
    const mixed = errorOf((p) => {
      const trained = step(p, fit, {})
      const models = trained.models as never
      const chosen = p.when(
        step(p, source, {}).yes!,
        () => ({ out: trained.models! }),
        () => ({ out: p.pick(models, 'length' as never) }),
      )
      return { out: chosen.out }
    })
    expect(mixed.message).toContain('is a list of model in one branch and a json in the other')
  })

  test.each([
    ['a Date', new Date(), 'an instance of Date'],
    ['a function', { deep: [() => 1] }, '.deep[0] is a function'],
    ['NaN', Number.NaN, 'NaN'],
    ['a Map', new Map(), 'an instance of Map'],
  ])('%s is no literal', (_name, value, text) => {
    const error = errorOf((p) => step(p, take, { value }))
    expect(error.code).toBe('LITERAL_NOT_SERIALIZABLE')
    expect(error.message).toContain("node 'take', input 'value'")
    expect(error.message).toContain(text)
  })

  test('a ref nested in a literal, a literal in place of a stored value', () => {
    const nested = errorOf((p) => step(p, take, { value: { n: step(p, source, {}).n } }))
    expect(nested.message).toContain("the ref 'source.n' stands inside a literal")
    const literal = errorOf((p) => step(p, score, { model: { weights: [] } }))
    expect(literal.message).toContain('takes a model, which cannot be written into a plan')
  })

  test('a literal that is changed later does not change the plan', () => {
    const rates = [1]
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(take, { value: rates })
      return {}
    })
    rates.push(2)
    expect(JSON.stringify(inspect(pipeline, { depth: 9, showHidden: true }))).not.toContain('value: [ 1, 2 ]')
  })
})

describe('build functions', () => {
  test('asynchronous ones are refused, and their rejection does no harm', () => {
    // oxlint-disable-next-line typescript/require-await -- what is being refused
    const error = errorOf(async () => {
      throw new Error('never seen')
    })
    expect(error.code).toBe('DEFINITION_INVALID')
    expect(error.message).toContain('asynchronous')
    expect(errorOf((p) => p.map([1], (() => Promise.resolve({})) as never)).message).toContain(
      "the callback of map 'map' is asynchronous",
    )
  })

  test('they return records of refs', () => {
    expect(errorOf((p) => step(p, source, {}).n).fix).toContain('return a record')
    expect(errorOf(() => ({ n: 3 })).message).toContain("output 'n' is not a ref")
    expect(errorOf((p) => ({ n: step(p, source, {}).m })).message).toContain("output 'n' is undefined")
    expect(errorOf((p) => p.map([1], (item) => ({ keys: item }))).message).toContain(
      "'keys' cannot be the name of an output",
    )
    expect(errorOf((p) => step(p, { run: () => 1 }, {})).message).toContain('neither a step nor a pipeline')
    expect(errorOf((p) => p.map(3 as never, () => ({}))).message).toContain(
      'neither a ref to a list nor a list',
    )
    expect(errorOf((p) => p.when(true as never, () => ({}))).fix).toContain('plain if')
    expect(errorOf((p) => p.map([1], () => ({}), { concurrency: 0 })).code).toBe('DEFINITION_INVALID')
  })

  test('a ref that is coerced names itself', () => {
    for (const misuse of [
      (ref: never) => String(ref),
      (ref: never) => Number(ref),
      (ref: never) => ref + 1,
      (ref: never) => ref > 1,
    ]) {
      const error = errorOf((p) => misuse(step(p, source, {}).n as never))
      expect(error.code).toBe('REF_COERCED')
      expect(error.message).toContain("'source.n'")
    }
    definePipeline({ name: 'prints' }, (p) => {
      const { n } = p.step(source, {})
      expect(JSON.stringify({ n })).toBe('{"n":{"$ref":"source.n"}}')
      expect(inspect(n)).toBe('Ref<source.n>')
      return {}
    })
  })
})

describe('options', () => {
  test.each([
    [{ timeout: '5 minutes' }, 'timeout'],
    [{ timeout: -1 }, 'timeout'],
    [{ grace: 'soon' }, 'grace'],
    [{ retry: { attempts: 0 } }, 'retry.attempts'],
    [{ retry: { attempts: 2, jitter: 2 } }, 'retry.jitter'],
    [{ retry: { attempts: 2, delay: '1x' } }, 'retry.delay'],
    [{ effect: { key: 'orderId' } }, 'effect.key'],
    [{ inputs: { a: 3 } }, "input 'a'"],
    [{ outputs: { a: 'string' } }, "output 'a'"],
    [{ run: undefined }, 'run function'],
  ])('%j names the field', (options, field) => {
    expect(() => defineStep({ name: 's', run: () => undefined, ...options } as never)).toThrow(field)
  })

  test('a pipeline takes json and sources only', () => {
    expect(() => definePipeline({ name: 'p', inputs: { rows: table(z.object({})) } }, () => ({}))).toThrow(
      "input 'rows' is a table",
    )
  })
})
