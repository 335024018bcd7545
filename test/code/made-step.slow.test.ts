import { describe, expect, test } from 'vitest'
import { digestsOf, header } from './digests-of.ts'

const digest = /^sha256:/

/** A factory whose steps capture a name and a number. */
const factory = (body: string, more = ''): string => `${header}${more}
export function makeTrain(kind: string, rate: number) {
  ${body}
}
export const a = makeTrain('a', 1)
export const b = makeTrain('b', 2)
`

const plain = 'return defineStep({ name: `train-${kind}`, run: () => `${kind} ${rate}` })'

describe.each(['tsx', 'jiti'])('steps that a function makes (%s)', (loader) => {
  const of = (text: string, files: Readonly<Record<string, string>> = {}): Promise<Record<string, string>> =>
    digestsOf({ 'steps.ts': text, ...files }, loader)

  test('count by the code of the function and by what they have captured', async () => {
    const base = await of(factory(plain))
    expect(base['a']).toMatch(digest)
    expect(base['b']).toMatch(digest)
    expect(base['a']).not.toBe(base['b'])
    expect(await of(factory(`/* why */ ${plain}`, 'const unrelated = 1'))).toEqual(base)
    const edited = await of(factory(plain.replace('} ${rate}', '}: ${rate}')))
    expect(edited['a']).toMatch(digest)
    expect(edited['a']).not.toBe(base['a'])
    const other = await of(factory(plain).replace("('a', 1)", "('a', 3)"))
    expect(other['a']).toMatch(digest)
    expect(other['a']).not.toBe(base['a'])
    expect(other['b']).toBe(base['b'])
  })

  test('a name that no text tells', async () => {
    const text = (rate: number): string =>
      factory('return defineStep({ name: kind, run: () => rate })').replace("('a', 1)", `('a', ${rate})`)
    const base = await of(text(1))
    expect(base['a']).toMatch(digest)
    expect((await of(text(2)))['a']).not.toBe(base['a'])
    expect((await of(text(2)))['b']).toBe(base['b'])
  })

  test('in a callback, in a loop, in a class, beside steps of their own', async () => {
    const text = (value: number): string => `${header}
const kinds = [{ kind: 'x', by: ${value} }, { kind: 'y', by: 5 }]
const listed = kinds.map(({ kind, by }) => defineStep({ name: \`listed-\${kind}\`, run: () => by }))
const looped: unknown[] = []
for (const one of kinds) looped.push(defineStep({ name: \`looped-\${one.kind}\`, run: () => one.by }))
class Trainer {
  readonly step
  constructor(kind: string) { this.step = defineStep({ name: \`of-\${kind}\`, run: () => kind }) }
}
export const own = defineStep({ name: 'own', run: () => 1 })
export const [listedX, listedY] = listed
export const [loopedX, loopedY] = looped
export const member = new Trainer('member').step
`
    const base = await of(text(1))
    for (const key of Object.keys(base)) expect(base[key], key).toMatch(digest)
    const other = await of(text(2))
    expect(other['listedX']).not.toBe(base['listedX'])
    expect(other['loopedX']).not.toBe(base['loopedX'])
  })

  test('functions beside `run` count by their code, and what these have captured', async () => {
    const text = (rate: number, by: number): string =>
      factory(`const scale = (n: number): number => n * rate * ${by}
  return defineStep({ name: \`train-\${kind}\`, run: () => scale(2) })`).replace("('a', 1)", `('a', ${rate})`)
    const base = await of(text(1, 1))
    expect(base['a']).toMatch(digest)
    expect((await of(text(2, 1)))['a']).not.toBe(base['a'])
    expect((await of(text(1, 2)))['a']).not.toBe(base['a'])
  })

  test('what else the same function makes does not count, unless the step uses it', async () => {
    const of = (uses: string) =>
      digestsOf(
        {
          'steps.ts': `${header}
function make(kind: string) {
  const client = { send: () => kind, at: new Date(NaN), now: Promise.resolve(1) }
  const load = defineStep({ name: \`load-\${kind}\`, run: () => kind })
  const train = defineStep({ name: \`train-\${kind}\`, run: () => ${uses} })
  return { load, train, both: () => [client, load, train] }
}
export const { load, train } = make('x')
`,
        },
        loader,
      )
    const apart = await of('kind.length')
    expect(apart['load']).toMatch(digest)
    expect(apart['train']).toMatch(digest)
    const using = await of('client.send()')
    expect(using['load']).toMatch(digest)
    expect(using['train']).toContain("captured as 'client' cannot be read (.send is a function)")
  })

  test('two definitions in one function are two', async () => {
    const found = await of(
      factory(`return [
    defineStep({ name: kind, run: () => rate }),
    defineStep({ name: kind, run: () => rate + 1 }),
  ]`).replace(
        /export const a[^]*$/,
        "export const [x, y] = makeTrain('n', 1)\nexport const [u, v] = makeTrain('n', 1)",
      ),
    )
    expect(found['x']).toMatch(digest)
    expect(found['x']).not.toBe(found['y'])
    expect(found['u']).toBe(found['x'])
    expect(found['v']).toBe(found['y'])
  })

  test('the same text in two functions is not the same step', async () => {
    const of = (which: string) =>
      digestsOf(
        {
          'steps.ts': `${header}
const one = () => { const f = () => 1; return defineStep({ name: 'train', run: () => f() }) }
const two = () => { const f = () => 2; return defineStep({ name: 'train', run: () => f() }) }
export const train = process.env.WHICH === 'one' ? one() : two()
`,
        },
        loader,
        { WHICH: which },
      )
    const [first, again, other] = [await of('one'), await of('one'), await of('two')]
    expect(first['train']).toMatch(digest)
    expect(again['train']).toBe(first['train'])
    expect(other['train']).not.toBe(first['train'])
  })

  test('what the declarations use is told by code or by values that functions show', async () => {
    const schema =
      "const most = (limit: number) => ({ '~standard': { version: 1, vendor: 'x', validate: (value: unknown) => ({ value, limit }) } })"
    const told = await of(
      factory(
        `const limit = rate + 1
  const shape = most(limit)
  return defineStep({ name: \`train-\${kind}\`, inputs: { n: shape }, run: () => [kind, rate] })`,
        schema,
      ),
    )
    expect(told['a']).toMatch(digest)
    const hidden = await of(
      factory(
        'return defineStep({ name: `train-${kind}`, outputs: { y: most(rate) }, run: () => kind })',
        schema,
      ),
    )
    expect(hidden['a']).toContain("what 'rate' is in its definition cannot be read")
    const impure = await of(
      factory(
        `const limit = Number(process.env.LIMIT ?? 1)
  return defineStep({ name: \`train-\${kind}\`, outputs: { y: most(limit) }, run: () => [kind, rate] })`,
        schema,
      ),
    )
    expect(impure['a']).toContain("what 'limit' is in its definition cannot be read")
  })

  test('what cannot be told is named', async () => {
    const found = await of(`${header}
type Run = () => number
const other = (n: number): Run => () => n
function given(name: string, fn: Run) { return defineStep({ name: \`given-\${name}\`, run: () => fn() }) }
function handed(name: string, run: Run) { return defineStep({ name: \`handed-\${name}\`, run }) }
function spread(rest: { run: Run }) { return defineStep({ name: 'spread', ...rest }) }
function counting(name: string) {
  let count = 0
  return defineStep({ name: \`counting-\${name}\`, run: () => ++count })
}
class Trainer {
  readonly rate = 2
  readonly step = defineStep({ name: 'instance', run: () => this.rate })
}
class Client { n = 1 }
function holding(name: string, client: Client) { return defineStep({ name: \`holding-\${name}\`, run: () => client.n }) }
export const g = given('x', other(1))
export const h = handed('x', other(1))
export const s = spread({ run: other(1) })
export const c = counting('x')
export const i = new Trainer().step
export const k = holding('x', new Client())
`)
    expect(found['g']).toContain("captured as 'fn' cannot be read (it is a function)")
    expect(found['h']).toContain('inside a function or a loop: give it a `version`')
    expect(found['s']).toContain('inside a function or a loop: give it a `version`')
    expect(found['c']).toContain("'count', which it has captured, is given other values")
    expect(found['i']).toContain('uses `this`')
    expect(found['k']).toContain("captured as 'client' cannot be read (it is an object of a class)")
  })
})

test('the loaders agree', async () => {
  const files = { 'steps.ts': factory(plain) }
  expect(await digestsOf(files, 'jiti')).toEqual(await digestsOf(files, 'tsx'))
})
