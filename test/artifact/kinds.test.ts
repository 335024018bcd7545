import { chmod, mkdir, readFile, stat, symlink, writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { Readable } from 'node:stream'
import { definePredictor, directory, file, json, list, metrics, model, report, type Model } from 'pipewright'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { canonicalJson } from '../../src/internal/canonical.ts'
import { sha256 } from '../../src/internal/digest.ts'
import { tempFolder } from '../workspace/temp.ts'
import { bench } from './support.ts'

describe('canonical JSON', () => {
  test.each([
    // From RFC 8785, section 3.2.3 and appendix B.
    [
      { '\u20ac': 1, '\r': 2, '\ufb33': 3, '1': 4, '\ud83d\ude00': 5, '\u0080': 6, '\u00f6': 7 },
      '{"\\r":2,"1":4,"\u0080":6,"\u00f6":7,"\u20ac":1,"\ud83d\ude00":5,"\ufb33":3}',
    ],
    [
      [333333333.3333333, 1e30, 4.5, 2e-3, 1e-27, 1e21, 5e-324],
      '[333333333.3333333,1e+30,4.5,0.002,1e-27,1e+21,5e-324]',
    ],
    [[-0, 0, null, true, '\u20ac$\u000f\nA\'B"\\\\"/'], '[0,0,null,true,"€$\\u000f\\nA\'B\\"\\\\\\\\\\"/"]'],
    [{ b: undefined, a: { d: 1, c: [] } }, '{"a":{"c":[],"d":1}}'],
    [Object.create(null), '{}'],
  ])('%j', (value, text) => {
    expect(canonicalJson(value)).toBe(text)
  })

  test('what is too deep is refused, not a crash', () => {
    let value: unknown = 1
    for (let i = 0; i < 3_000; i++) value = [value]
    expect(() => canonicalJson(value)).toThrow('nested deeper')
    const shared = { a: 1 }
    expect(canonicalJson([shared, shared])).toBe('[{"a":1},{"a":1}]')
  })
})

describe('json and metrics', () => {
  test('a consumer gets a frozen value, never the producer’s object', async () => {
    const { encode, decode } = await bench()
    const kind = json(z.object({ a: z.array(z.number()) }))
    const value = { a: [1] }
    const artifact = await encode(kind, value)
    value.a.push(2)
    expect(await decode(kind, artifact)).toEqual({ a: [1] })
    expect(artifact.digest).toBe(artifact.blob)
    expect(artifact.digest).toBe(sha256('{"a":[1]}'))
  })

  test('metrics keep NaN and infinities, and refuse what is not declared', async () => {
    const { pass, encode } = await bench()
    const kind = metrics({ a: z.number().or(z.nan()), b: z.any() })
    expect(await pass(kind, { a: Number.NaN, b: [Infinity, -Infinity] })).toEqual({
      a: Number.NaN,
      b: [Infinity, -Infinity],
    })
    await expect(encode(kind, { a: 'x', c: 1 })).rejects.toThrow(/\.a: [\s\S]*\.c: is not declared/)
  })
})

describe('files', () => {
  const text = file('text/plain')

  test('paths, bytes, streams, and files that are passed on', async () => {
    const { workdir, encode, decode, pass } = await bench()
    await writeFile(join(workdir, 'out.bin'), 'hello')
    const digests = new Set<string>()
    for (const value of [
      'out.bin',
      join(workdir, 'out.bin'),
      Buffer.from('hello'),
      Readable.from([Buffer.from('hel'), Buffer.from('lo')]),
    ]) {
      const artifact = await encode(text, value)
      digests.add(artifact.digest)
      const handle = await decode(text, artifact, 'my input')
      expect(await handle.text()).toBe('hello')
      expect(handle.size).toBe(5)
      const path = await handle.path()
      expect(basename(path)).toBe('my_input.txt')
      expect(await handle.path()).toBe(path)
      expect(await readFile(path, 'utf8')).toBe('hello')
    }
    expect([...digests]).toEqual([sha256('hello')])
    const handle = await pass(text, Buffer.from('x'))
    expect((await encode(text, handle)).digest).toBe(handle.digest)
    expect(await (await pass(text, Buffer.from('{"a":1}'))).json(z.object({ a: z.number() }))).toEqual({
      a: 1,
    })
    await expect((await pass(text, Buffer.from('{"a":'))).json(z.object({}))).rejects.toThrow('no JSON')
  })

  test('what lies elsewhere, is not there or is no file', async () => {
    const { workdir, encode } = await bench()
    const outside = join(await tempFolder(), 'secret')
    await writeFile(outside, 'x')
    await symlink(outside, join(workdir, 'link'))
    await mkdir(join(workdir, 'folder'))
    for (const [value, message] of [
      [outside, 'leads out of ctx.workdir'],
      ['link', 'leads out of ctx.workdir'],
      ['../consumer', 'leads out of ctx.workdir'],
      ['missing', 'is not there'],
      ['folder', 'is not a file'],
      [3, 'is a number, not a file'],
      [null, 'is a null'],
    ] as const) {
      await expect(encode(text, value)).rejects.toThrow(message)
    }
  })
})

describe('directories', () => {
  test('are their files: paths, content and the executable bit; no times, no empty folders', async () => {
    const { workdir, encode, decode } = await bench()
    const fill = async (name: string): Promise<string> => {
      const root = join(workdir, name)
      await mkdir(join(root, 'b', 'empty'), { recursive: true })
      await writeFile(join(root, 'b', 'x.txt'), 'x')
      await writeFile(join(root, 'a.sh'), 'run')
      await chmod(join(root, 'a.sh'), 0o755)
      await symlink(join(root, 'a.sh'), join(root, 'inside'))
      return root
    }
    const one = await encode(directory(), await fill('one'))
    expect((await encode(directory(), await fill('two'))).digest).toBe(one.digest)
    const handle = await decode(directory(), one)
    expect((await handle.files()).map(({ path, executable }) => [path, executable])).toEqual([
      ['a.sh', true],
      ['b/x.txt', false],
      ['inside', true],
    ])
    const copy = await handle.path()
    expect(await readFile(join(copy, 'b', 'x.txt'), 'utf8')).toBe('x')
    expect((await stat(join(copy, 'a.sh'))).mode & 0o111).not.toBe(0)
    expect((await encode(directory(), handle)).digest).toBe(one.digest)
    await chmod(join(workdir, 'two', 'a.sh'), 0o644)
    expect((await encode(directory(), 'two')).digest).not.toBe(one.digest)
  })

  test('a link that leads out, or round in a circle', async () => {
    const { workdir, encode } = await bench()
    await mkdir(join(workdir, 'd', 'sub'), { recursive: true })
    await symlink('/etc/passwd', join(workdir, 'd', 'out'))
    await expect(encode(directory(), 'd')).rejects.toThrow('the link out leads out')
    await mkdir(join(workdir, 'e'))
    await symlink(join(workdir, 'e'), join(workdir, 'e', 'loop'))
    await expect(encode(directory(), 'e')).rejects.toThrow('leads back')
  })
})

const scale = definePredictor({
  name: 'scale',
  state: z.object({ by: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  predict: ({ by }, { x }) => ({ y: x * by }),
})

describe('models', () => {
  test('score with the stored state; both sides are checked', async () => {
    const { pass, encode } = await bench()
    const loaded = await pass(model(scale), scale.of({ by: 3 }))
    expect(await loaded.predict({ x: 2 })).toEqual({ y: 6 })
    expect(await loaded.predictAll([{ x: 1 }, { x: 2 }])).toEqual([{ y: 3 }, { y: 6 }])
    await expect(loaded.predict({ x: 'a' } as never)).rejects.toMatchObject({ code: 'INPUT_INVALID' })
    expect(loaded.signature.input).toMatchObject({ properties: { x: { type: 'number' } } })
    await expect(encode(model(scale), scale.of({ by: 'x' } as never))).rejects.toThrow(
      "the state of predictor 'scale'",
    )
    await expect(encode(model(scale), { by: 3 })).rejects.toThrow('not a model')
  })

  test('belong to their code and to their predictor', async () => {
    const [one, two] = [await bench(sha256('1')), await bench(sha256('2'))]
    const artifact = await one.encode(model(scale), scale.of({ by: 3 }))
    expect((await two.encode(model(scale), scale.of({ by: 3 }))).digest).not.toBe(artifact.digest)
    const other = definePredictor({
      name: 'other',
      state: z.any(),
      input: z.any(),
      output: z.any(),
      predict: () => 1,
    })
    await expect(one.encode(model(other), scale.of({ by: 3 }))).rejects.toThrow(
      "the model is of predictor 'scale', declared is 'other'",
    )
    const opaque = (await one.decode(model(), artifact)) as Model<unknown>
    await expect(opaque.predict({})).rejects.toMatchObject({ code: 'PREDICTOR_CHANGED' })
    expect((await one.encode(model(), opaque)).digest).toBe(artifact.digest)
  })
})

describe('lists and reports', () => {
  test('a list of any kind keeps its order; equal lists are equal', async () => {
    const { pass, encode } = await bench()
    const kind = list(model(scale))
    const models = Array.from({ length: 1_500 }, (_, by) => scale.of({ by }))
    const artifact = await encode(kind, models)
    expect(artifact.meta).toEqual({ count: 1_500 })
    const loaded = await pass(kind, models)
    expect(await loaded[1_400]!.predict({ x: 1 })).toEqual({ y: 1_400 })
    expect((await encode(kind, models.toReversed())).digest).not.toBe(artifact.digest)
    await expect(encode(kind, 3)).rejects.toThrow('not a list')
    await expect(encode(kind, [3])).rejects.toThrow('not a model')
  })

  test('a report keeps its pictures', async () => {
    const { pass, encode } = await bench()
    const blocks = [
      { type: 'markdown', text: '# a' },
      { type: 'image', mediaType: 'image/svg+xml', data: '<svg/>', alt: 'nothing' },
      { type: 'spec', format: 'vega-lite', spec: { mark: 'bar' } },
    ]
    const read = await (await pass(report(), { title: 't', blocks })).read()
    expect(read.title).toBe('t')
    expect(read.blocks.map(({ type }) => type)).toEqual(['markdown', 'image', 'spec'])
    const picture = read.blocks[1]
    expect(picture?.type === 'image' && Buffer.from(picture.data).toString()).toBe('<svg/>')
    await expect(encode(report(), 'text')).rejects.toThrow('no report')
  })
})
