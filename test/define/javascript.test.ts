import {
  definePipeline,
  definePredictor,
  defineStep,
  list,
  model,
  PipewrightError,
  plan,
  table,
  type Ref,
  type Scope,
} from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'

/** What the compiler refuses, as a user of JavaScript would write it. */
type Loose = Record<string, (...parts: unknown[]) => Record<string, Ref<never>>>

const source = defineStep({
  name: 'source',
  outputs: { n: z.number(), rows: table(z.object({ x: z.number() })), yes: z.boolean() },
  run: () => ({ n: 1, rows: [], yes: true }),
})
const take = defineStep({ name: 'take', inputs: { value: z.any() }, run: () => undefined })
const add = defineStep({
  name: 'add',
  inputs: { n: z.number(), rate: z.number().default(1) },
  outputs: { n: z.number() },
  run: ({ n }) => ({ n }),
})
const predictor = definePredictor({
  name: 'predictor',
  state: z.object({}),
  input: z.object({}),
  output: z.object({}),
  predict: () => ({}),
})
const train = defineStep({
  name: 'train',
  outputs: { model: model(predictor) },
  run: () => ({ model: predictor.of({}) }),
})
const score = defineStep({
  name: 'score',
  inputs: { model: model(predictor) },
  outputs: { scores: z.array(z.number()) },
  run: () => ({ scores: [] }),
})
const pool = defineStep({ name: 'pool', inputs: { models: list(model(predictor)) }, run: () => undefined })

function errorOf(work: () => unknown): PipewrightError {
  try {
    work()
  } catch (error) {
    if (PipewrightError.isInstance(error)) return error
    throw error
  }
  throw new Error('nothing was thrown')
}

function buildError(build: (p: Loose) => unknown): PipewrightError {
  return errorOf(() => definePipeline({ name: 'p' }, build as never))
}

describe('what is wired', () => {
  test('a whole node in the place of an output', () => {
    const one = buildError((p) => p.step!(score, { model: p.step!(train, {}) }))
    expect(one.code).toBe('KIND_MISMATCH')
    expect(one.message).toContain("node 'score', input 'model' takes a model, but 'train' is a whole node")
    expect(one.fix).toBe("wire one of its outputs: 'model'")
    // It has no outputs, so that it looks like the literal {}.
    const empty = buildError((p) => p.step!(take, { value: p.step!(take, { value: 1 }, { id: 'first' }) }))
    expect(empty.fix).toContain("'first' has no outputs")
  })

  test('lists of refs: each one is of the right kind', () => {
    const json = buildError((p) => p.step!(take, { value: [1, p.step!(source, {}).rows] }))
    expect(json.message).toContain("node 'take', input 'value'[1] takes a json, but 'source.rows' is a table")
    const models = buildError((p) => p.step!(pool, { models: [p.step!(source, {}).rows] }))
    expect(models.message).toContain("input 'models'[0] takes a model, but 'source.rows' is a table")
    const single = buildError((p) => p.step!(score, { model: [p.step!(train, {}).model] }))
    expect(single.code).toBe('LITERAL_NOT_SERIALIZABLE')
    const typo = buildError((p) => p.step!(take, { value: [p.step!(source, {}).n, undefined] }))
    expect(typo.message).toContain("input 'value'[1]")
    expect(typo.fix).toContain('spelt right')
    definePipeline({ name: 'fine' }, (p) => {
      p.step(pool, { models: [p.step(train, {}).model] })
      p.step(take, { value: [[p.step(source, {}).n, 2], 3] })
      return {}
    })
  })

  test.each(['constructor', 'toString', 'hasOwnProperty'])('an input called %s is unknown', (name) => {
    expect(buildError((p) => p.step!(add, { n: 1, [name]: 1 })).code).toBe('UNKNOWN_INPUT')
  })

  test.each(['constructor', 'valueOf'])('names of Object.prototype are names: %s', (name) => {
    const odd = defineStep({ name, inputs: { [name]: z.number() }, run: () => undefined })
    expect(buildError((p) => p.step!(odd, {})).code).toBe('MISSING_INPUT')
    const document = plan(
      definePipeline({ name: 'p' }, (p) => {
        p.step(odd, { [name]: 1 })
        return {}
      }),
      {},
    )
    expect(Object.keys(document.steps)).toEqual([name])
    expect(
      errorOf(() => defineStep({ name: 's', effect: { key: name }, run: () => undefined })).message,
    ).toContain(`names '${name}'`)
  })

  test('a list that holds itself is no literal', () => {
    const round: unknown[] = [1]
    round.push(round)
    const error = buildError((p) => p.step!(take, { value: round }))
    expect(error.message).toContain('[1] is a circular reference')
  })

  test('a literal names its place, what is wrong and what to do', () => {
    const error = buildError((p) => p.step!(take, { value: { when: [new Date(0)] } }))
    expect(error.message.split('\n')).toHaveLength(2)
    expect(error.message).toContain('.when[0] is an instance of Date')
    expect(error.details).toMatchObject({ path: ['when', 0] })
  })
})

describe('scopes', () => {
  test('the outer scope inside a callback: the fix says which to use', () => {
    const error = buildError((p) => p.map!([1], (item: unknown) => p.step!(add, { n: item })))
    expect(error.code).toBe('REF_OUT_OF_SCOPE')
    expect(error.fix).toContain('wire with the scope that it is given')
  })

  test('a ref of one branch in the other, and of an inner map in the outer one', () => {
    let kept: unknown
    const error = buildError((p) =>
      p.when!(
        p.step!(source, {}).yes,
        (q: Loose) => ((kept = q.step!(add, { n: 1 }).n), {}),
        (q: Loose) => q.step!(add, { n: kept }),
      ),
    )
    expect(error.message).toContain("the ref 'add.n' lives inside when 'when' (then) of pipeline 'p'")
    const after = buildError((p) => {
      const inner = p.map!([1], (item: unknown, q: Loose) => q.step!(add, { n: item })).n
      p.map!([1], (_item: unknown, q: Loose) => q.step!(take, { value: 1 }, { after: [inner] }), {
        id: 'second',
      })
    })
    expect(after.message).toContain("node 'take', after: names something that is not a node of this scope")
  })

  test('after takes no undefined, no input and no items', () => {
    for (const wrong of [undefined, {}, 'source']) {
      expect(buildError((p) => p.step!(source, {}, { after: [wrong] })).code).toBe('REF_OUT_OF_SCOPE')
    }
    const input = errorOf(() =>
      definePipeline({ name: 'p', inputs: { n: z.number() } }, (p, { n }) =>
        p.step(source, {}, { after: [n] }),
      ),
    )
    expect(input.message).toContain('not a node of this scope')
  })

  test('the scope of a pipeline is closed once it is defined', () => {
    let kept: Scope | undefined
    definePipeline({ name: 'p' }, (p) => ((kept = p), {}))
    for (const late of [
      () => kept!.step(source, {}),
      () => kept!.map([1], () => ({})),
      () => kept!.when({} as never, () => ({})),
    ])
      expect(errorOf(late)).toMatchObject({
        code: 'REF_OUT_OF_SCOPE',
        fix: 'use the scope that the innermost callback is given',
      })
  })
})

describe('build functions and callbacks', () => {
  test.each([
    ['an array', () => [], 'returned an array'],
    ['null', () => null, 'returned null'],
    ['a number', () => 3, 'returned a number'],
    ['a node in a record', (p: Loose) => ({ node: p.step!(source, {}) }), "output 'node' is not a ref"],
    [
      'a name with a slash',
      (p: Loose) => ({ 'a/b': p.step!(source, {}).n }),
      'the output name "a/b" holds "/"',
    ],
  ])('%s is refused', (_what, build, text) => {
    expect(buildError(build as never)).toMatchObject({
      code: 'DEFINITION_INVALID',
      message: expect.stringContaining(text) as string,
    })
  })

  test('what is not a function is named', () => {
    expect(buildError(3 as never).message).toContain("pipeline 'p' has no build function")
    expect(buildError((p) => p.map!([1])).message).toContain("the callback of map 'map' is not a function")
    expect(buildError((p) => p.when!(p.step!(source, {}).yes)).message).toContain(
      "the then callback of when 'when' is not a function",
    )
    const missing = { name: 'x', state: z.any(), input: z.any(), output: z.any() }
    expect(errorOf(() => definePredictor(missing as never)).message).toContain("predictor 'x' has no predict")
  })

  test.each(['keys', 'failed'])("no output of a map is called '%s'", (name) => {
    expect(buildError((p) => p.map!([1], (item: unknown) => ({ [name]: item })))).toMatchObject({
      code: 'DEFINITION_INVALID',
      fix: expect.stringContaining('reserved') as string,
    })
  })

  test('conditions and branches: their kinds', () => {
    const table = buildError((p) => p.when!(p.step!(source, {}).rows, () => ({})))
    expect(table.message).toContain("when 'when', condition: 'source.rows' is a table, not true or false")
    const mixed = buildError((p) => {
      const { yes, rows } = p.step!(source, {})
      p.when!(
        yes,
        () => ({ out: rows }),
        (q: Loose) => ({ out: q.step!(train, {}).model }),
      )
    })
    expect(mixed).toMatchObject({ code: 'KIND_MISMATCH' })
    const lists = buildError((p) => {
      const { yes, rows } = p.step!(source, {})
      p.when!(
        yes,
        (q: Loose) => q.map!([1], () => ({ out: rows })),
        (q: Loose) => q.map!([1], (_item: unknown, r: Loose) => ({ out: r.step!(train, {}).model })),
      )
    })
    expect(lists.message).toContain('a list of table in one branch and a list of model in the other')
  })

  test('gathered json values in one branch and a json list in the other are both json', () => {
    definePipeline({ name: 'p' }, (p) => {
      const { yes } = p.step(source, {})
      const { scores } = p.when(
        yes,
        (q) => ({ scores: q.map([1, 2], (item, r) => r.step(add, { n: item })).n }),
        (q) => q.step(score, { model: q.step(train, {}).model }),
      )
      p.step(take, { value: scores })
      return { scores }
    })
  })

  test('a part is picked by a name or a number', () => {
    expect(buildError((p) => p.pick!(p.step!(source, {}).n, undefined)).message).toContain(
      "p.pick on 'source.n' was given a undefined",
    )
    expect(buildError((p) => p.pick!(p.step!(source, {}).n, 1.5)).code).toBe('DEFINITION_INVALID')
    expect(buildError((p) => p.pick!({ n: 1 }, 'n')).fix).toContain('ordinary code')
  })
})

describe('refs', () => {
  // The type of a ref is that of a function: the compiler lets these pass.
  test.each<[string, (ref: Ref<number[]>) => unknown]>([
    ['length', (ref) => ref.length],
    ['name', (ref) => ref.name],
    ['toString()', (ref) => ref.toString()],
    ['a loop', (ref) => [...(ref as unknown as number[])]],
    ['Array.from', (ref) => Array.from(ref as unknown as number[])],
    ['a property key', (ref) => ({ [ref as never]: 1 })],
  ])('%s of a ref throws and names it', (_what, misuse) => {
    const error = buildError((p) => misuse(p.step!(source, {}).n!))
    expect(error.code).toBe('REF_COERCED')
    expect(error.message).toContain("the ref 'source.n' was used as a value")
    expect(error.details).toEqual({ ref: 'source.n' })
  })
})

describe('options', () => {
  test.each([
    [{ cache: 'nevr' }, 'cache: "nevr"'],
    [{ version: '' }, 'version'],
    [{ version: 2 }, 'version: 2'],
    [{ tags: 'nightly' }, 'tags'],
    [{ effect: 'yes' }, 'effect'],
    [{ effect: null }, 'effect'],
    [{ retry: { attempts: 2, backoff: 'linear' } }, 'retry.backoff'],
    [{ retry: { attempts: 2, retryIf: true } }, 'retry.retryIf'],
    [{ retry: { attempts: 1.5 } }, 'retry.attempts'],
    [{ retry: { attempts: 2, jitter: Number.NaN } }, 'retry.jitter'],
    [{ retry: { attempts: 2, maxDelay: Infinity } }, 'retry.maxDelay'],
    [{ resources: { gpu: Number.NaN } }, 'resources.gpu'],
    [{ resources: { gpu: -1 } }, 'resources.gpu'],
    [{ inputs: { 'a[0]': z.number() } }, 'the input name "a[0]" holds "["'],
    [{ outputs: { '': z.number() } }, 'a output needs a name'],
  ])('%j is refused, by name', (options, text) => {
    const error = errorOf(() => defineStep({ name: 's', run: () => undefined, ...options } as never))
    expect(error.code).toBe('DEFINITION_INVALID')
    expect(error.message).toContain(text)
    expect(error.fix).toBeDefined()
  })

  test('effect.key that names no input: the nearest one', () => {
    const inputs = { orderId: z.string() }
    const error = errorOf(() =>
      defineStep({ name: 's', inputs, effect: { key: 'orderID' }, run: () => undefined }),
    )
    expect(error.fix).toContain("did you mean 'orderId'?")
  })

  test.each([undefined, null, 7, {}, 10n])('%s is no name', (name) => {
    const error = errorOf(() => defineStep({ name: name as never, run: () => undefined }))
    expect(error.message).toContain('a step needs a name of 1 to 200 characters, not ')
  })

  test('a schema that throws at undefined makes its input needed', () => {
    const schema = {
      '~standard': {
        version: 1 as const,
        vendor: 'test',
        validate: (value: unknown) => ({ value: (value as string).trim() }),
      },
    }
    const trims = defineStep({ name: 'trims', inputs: { text: schema }, run: () => undefined })
    expect(buildError((p) => p.step!(trims, {})).code).toBe('MISSING_INPUT')
  })

  test('what a caller does to its objects later changes nothing', () => {
    const retry = { attempts: 2 }
    const tags = ['a']
    const resources = { gpu: 1 }
    const step = defineStep({ name: 's', retry, tags, resources, run: () => undefined })
    const nodeTags = ['x']
    const pipeline = definePipeline({ name: 'p' }, (p) => {
      p.step(step, {}, { tags: nodeTags })
      return {}
    })
    const before = plan(pipeline, {}).digest
    retry.attempts = 9
    tags.push('b')
    resources.gpu = 8
    nodeTags.push('y')
    expect(plan(pipeline, {}).digest).toBe(before)
  })
})
