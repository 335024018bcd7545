import { appendFile, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  definePipeline,
  defineStep,
  file,
  list,
  metrics,
  type RunFailedError,
  type RunUpdate,
} from 'pipewright'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

// With a version: what the tests record is a value that the steps reach, and would count otherwise.
const parity = defineStep({
  name: 'parity',
  version: '1',
  inputs: { value: z.number() },
  outputs: { odd: z.boolean() },
  run: ({ value }) => {
    calls.push('parity')
    return { odd: value % 2 === 1 }
  },
})

const describeParity = defineStep({
  name: 'describe',
  version: '1',
  inputs: { odd: z.boolean() },
  outputs: { text: z.string() },
  run: ({ odd }) => {
    calls.push('describe')
    return { text: odd ? 'odd' : 'even' }
  },
})

const parities = definePipeline({ name: 'parities', inputs: { value: z.number() } }, (p, input) => ({
  text: p.step(describeParity, { odd: p.step(parity, { value: input.value }).odd }).text,
}))

describe('the cache', () => {
  test('a second run is all hits, and shows what it reused', async () => {
    const pw = await tempWorkspace()
    const first = await pw.run(parities, { value: 3 })
    const second = await pw.run(parities, { value: 3 })
    expect(second.outputs).toEqual(first.outputs)
    expect(calls).toEqual(['parity', 'describe'])
    expect(await statesOf(pw, second.run.id)).toEqual({ parity: 'reused', describe: 'reused' })
    const { executions } = await pw.show(second.run.id)
    expect(executions[0]?.reused).toEqual({ run: first.run.id, node: 'parity' })
  })

  test('an equal upstream output stops the ripple', async () => {
    const pw = await tempWorkspace()
    await pw.run(parities, { value: 3 })
    const { run } = await pw.run(parities, { value: 5 })
    expect(calls).toEqual(['parity', 'describe', 'parity'])
    expect(await statesOf(pw, run.id)).toEqual({ parity: 'succeeded', describe: 'reused' })
  })

  test('is there for another process that opens the workspace', async () => {
    const root = await tempFolder()
    const one = await tempWorkspace({ root })
    await one.run(parities, { value: 3 })
    await one.close()
    const two = await tempWorkspace({ root })
    await two.run(parities, { value: 3 })
    expect(calls).toHaveLength(2)
  })

  test('a file counts by its content, not by its path or time', async () => {
    const size = defineStep({
      name: 'size',
      version: '1',
      inputs: { data: file('text/plain') },
      outputs: { size: z.number() },
      run: async ({ data }) => {
        calls.push('size')
        return { size: (await data.text()).length }
      },
    })
    const pipeline = definePipeline({ name: 'sizes', inputs: { data: file('text/plain') } }, (p, input) =>
      p.step(size, { data: input.data }),
    )
    const pw = await tempWorkspace()
    const folder = await tempFolder()
    await writeFile(join(folder, 'a.txt'), 'hello')
    await writeFile(join(folder, 'b.txt'), 'hello')
    expect((await pw.run(pipeline, { data: join(folder, 'a.txt') })).outputs.size).toBe(5)
    await pw.run(pipeline, { data: join(folder, 'b.txt') })
    expect(calls).toEqual(['size'])
    await appendFile(join(folder, 'a.txt'), '!')
    expect((await pw.run(pipeline, { data: join(folder, 'a.txt') })).outputs.size).toBe(6)
    expect(calls).toEqual(['size', 'size'])
  })

  test('what says so is not cached: never, effects, steps that read their execution', async () => {
    const note = (name: string) => () => void calls.push(name)
    const never = defineStep({ name: 'never', version: '1', cache: 'never', run: note('never') })
    const effect = defineStep({ name: 'effect', effect: true, run: note('effect') })
    const timed = defineStep({
      name: 'timed',
      version: '1',
      outputs: { at: z.string() },
      run: (_inputs, ctx) => {
        calls.push('timed')
        return { at: ctx.now().toISOString() }
      },
    })
    const stated = defineStep({
      name: 'stated',
      version: '1',
      cache: 'content',
      outputs: { run: z.string() },
      run: (_inputs, ctx) => {
        calls.push('stated')
        return { run: ctx.run.id }
      },
    })
    const made = defineStep({ name: 'made', run: note('made') })
    const pipeline = definePipeline({ name: 'uncached' }, (p) => {
      for (const step of [never, effect, made]) p.step(step, {})
      p.step(timed, {})
      p.step(stated, {})
      return {}
    })
    const pw = await tempWorkspace()
    await pw.run(pipeline, {})
    calls.length = 0
    const { run } = await pw.run(pipeline, {})
    expect(calls.toSorted()).toEqual(['effect', 'made', 'never', 'timed'])
    const { executions } = await pw.show(run.id)
    const reasons = Object.fromEntries(executions.map(({ node, uncached }) => [node, uncached]))
    expect(reasons).toEqual({
      never: "the step says cache: 'never'",
      effect: 'the step is an effect',
      timed: 'the step read ctx.now',
      // What it has captured no text tells.
      made: 'it is made inside a function or a loop: give it a `version`',
      stated: null,
    })
  })

  test('a version stands for the code, not for what is declared', async () => {
    const pw = await tempWorkspace()
    const make = (schema: z.ZodType<number>) => {
      const step = defineStep({
        name: 'made',
        version: '1',
        outputs: { n: schema },
        run: () => {
          calls.push('made')
          return { n: 3 }
        },
      })
      return definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    }
    await pw.run(make(z.number()), {})
    await pw.run(make(z.number()), {})
    expect(calls).toEqual(['made'])
    await expect(pw.run(make(z.number().max(2)), {})).rejects.toThrow("output 'n'")
  })

  test('equal executions at the same time run once', async () => {
    let running = 0
    const slow = defineStep({
      name: 'slow',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: async ({ n }) => {
        running++
        await new Promise((resolve) => setTimeout(resolve, 30))
        return { n }
      },
    })
    const pipeline = definePipeline({ name: 'twins' }, (p) => {
      const twins = p.map([7, 7, 7, 7], (n, q) => q.step(slow, { n }))
      return { n: twins.n }
    })
    const pw = await tempWorkspace()
    const [a, b] = await Promise.all([pw.run(pipeline, {}), pw.run(pipeline, {})])
    expect(a.outputs).toEqual({ n: [7, 7, 7, 7] })
    expect(b.outputs).toEqual(a.outputs)
    expect(running).toBe(1)
  })

  test('equal executions that leave no entry run side by side', async () => {
    let live = 0
    let most = 0
    const reads = defineStep({
      name: 'reads',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: async ({ n }, ctx) => {
        void ctx.node
        most = Math.max(most, ++live)
        await new Promise((resolve) => setTimeout(resolve, 30))
        live--
        return { n }
      },
    })
    const pw = await tempWorkspace({ concurrency: 8 })
    const pipeline = definePipeline({ name: 'p', inputs: { list: z.array(z.number()) } }, (p, input) => ({
      all: p.map(input.list, (_n, q) => q.step(reads, { n: 1 })).n,
    }))
    await pw.run(pipeline, { list: [1, 2, 3, 4, 5, 6, 7, 8] })
    expect(most).toBe(7)
  })

  test('small outputs that are corrupt or gone are made again', async () => {
    const metadata = await openSqliteMetadata(':memory:')
    const pw = await tempWorkspace({ metadata })
    const first = await pw.run(parities, { value: 3 })
    const odd = (await pw.show(first.run.id)).executions[0]!.outputs['odd']!
    if (!('artifact' in odd)) throw new Error('not stored')
    const { blob } = odd.artifact
    await metadata.dropBlob(blob, (await metadata.blob(blob))!)
    expect((await (await tempWorkspace({ metadata })).run(parities, { value: 3 })).outputs.text).toBe('odd')
    expect(calls).toEqual(['parity', 'describe', 'parity'])
    // One that is checked when it is found is found to be corrupt.
    const stated = definePipeline({ name: 'stated' }, (p) =>
      p.step(
        defineStep({
          name: 'stated',
          version: '1',
          outputs: { odd: z.boolean() },
          run: () => {
            calls.push('stated')
            return { odd: true }
          },
        }),
        {},
      ),
    )
    await pw.run(stated, {})
    let bad = 1
    const worn = await tempWorkspace({
      metadata: {
        ...metadata,
        blob: async (digest) => (digest === blob && bad-- > 0 ? Buffer.from('fals') : metadata.blob(digest)),
        dropBlob: () => metadata.dropBlob(blob, Buffer.from('true')),
      },
    })
    const warnings: string[] = []
    const onUpdate = ({ event }: RunUpdate): void => {
      if (event.type === 'attempt.log') warnings.push(`${event.level} ${event.message}`)
    }
    expect((await worn.run(stated, {}, { onUpdate })).outputs.odd).toBe(true)
    expect(warnings).toEqual(['warn what an earlier execution made is gone or corrupt: it is made again'])
    expect(calls.slice(3)).toEqual(['stated', 'stated'])
  })

  test('a schema that does not take what it gives does no harm to hits', async () => {
    const parsed = z.preprocess((text) => JSON.parse(text as string) as unknown, z.object({ n: z.number() }))
    const step = defineStep({
      name: 'parsed',
      version: '1',
      outputs: {
        parsed,
        length: z.string().transform((text) => text.length),
        piped: z
          .string()
          .refine((text) => text.startsWith('a'))
          .transform((text) => text.slice(1))
          .pipe(z.string()),
      },
      run: () => {
        calls.push('parsed')
        return { parsed: '{"n":1}' as never, length: 'abc', piped: 'abc' }
      },
    })
    const pw = await tempWorkspace()
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    for (let time = 0; time < 2; time++)
      expect((await pw.run(pipeline, {})).outputs).toEqual({ parsed: { n: 1 }, length: 3, piped: 'bc' })
    expect(calls).toEqual(['parsed'])
  })

  test('an output that today’s schema refuses is no hit', async () => {
    const pw = await tempWorkspace()
    const make = (most: number, value: number) =>
      definePipeline({ name: 'p' }, (p) =>
        p.step(
          defineStep({
            name: 'make',
            version: '1',
            outputs: {
              value: z.number().refine((n) => n <= most),
              record: z.object({ n: z.number().default(1) }),
              text: z.string().transform(Number),
              rates: metrics({ rate: z.number().refine((n) => n <= most) }),
            },
            run: () => {
              calls.push('make')
              return { value, record: {}, text: '5', rates: { rate: value } }
            },
          }),
          {},
        ),
      )
    await pw.run(make(9, 8), {})
    await pw.run(make(9, 8), {})
    expect(calls).toHaveLength(1)
    await pw.run(make(7, 6), {})
    expect(calls).toHaveLength(2)
  })

  test('a source that changes while a step reads it fails the step, also within a list', async () => {
    const root = await tempFolder()
    const path = join(root, 'source.txt')
    const lines = file('text/plain', { copy: false })
    const read = defineStep({
      name: 'read',
      version: '1',
      inputs: { files: list(lines) },
      outputs: { first: z.string() },
      run: async ({ files }) => {
        // Only the beginning is read.
        for await (const chunk of files[0]!.stream()) {
          await writeFile(path, 'B'.repeat(5_000_000))
          return { first: String(chunk).slice(0, 1) }
        }
        return { first: '' }
      },
    })
    const pipeline = definePipeline({ name: 'p', inputs: { files: list(lines) } }, (p, input) =>
      p.step(read, { files: input.files }),
    )
    const pw = await tempWorkspace({ root })
    await writeFile(path, 'A'.repeat(5_000_000))
    await utimes(path, 1_700_000_000, 1_700_000_000)
    const error: unknown = await pw.run(pipeline, { files: [path] }).catch((thrown: unknown) => thrown)
    expect((error as RunFailedError).failures[0]?.cause).toMatchObject({ code: 'SOURCE_CHANGED' })
  })

  test('when the one that runs fails, the next in line runs under its own policy', async () => {
    let calls = 0
    const flaky = defineStep({
      name: 'flaky',
      version: '1',
      outputs: { n: z.number() },
      run: async () => {
        await new Promise((resolve) => setTimeout(resolve, 10))
        if (++calls === 1) throw new Error('first')
        return { n: 1 }
      },
    })
    const pipeline = definePipeline({ name: 'twins' }, (p) => p.step(flaky, {}))
    const pw = await tempWorkspace()
    const results = await Promise.allSettled([pw.run(pipeline, {}), pw.run(pipeline, {})])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected'])
    expect(calls).toBe(2)
  })

  test('ctx.random draws the same numbers for the same key, others for other inputs', async () => {
    const draw = defineStep({
      name: 'draw',
      version: '1',
      cache: 'never',
      inputs: { seed: z.number() },
      outputs: { numbers: z.array(z.number()) },
      run: (_inputs, ctx) => ({ numbers: [ctx.random(), ctx.random()] }),
    })
    const pipeline = definePipeline({ name: 'draws', inputs: { seed: z.number() } }, (p, input) =>
      p.step(draw, { seed: input.seed }),
    )
    const pw = await tempWorkspace()
    const one = await pw.run(pipeline, { seed: 1 })
    expect((await pw.run(pipeline, { seed: 1 })).outputs).toEqual(one.outputs)
    expect((await pw.run(pipeline, { seed: 2 })).outputs).not.toEqual(one.outputs)
    expect(one.outputs.numbers.every((n) => n >= 0 && n < 1)).toBe(true)
  })

  test('values that differ only as JSON does not tell are one key; others are not', async () => {
    const seen: unknown[] = []
    const take = defineStep({
      name: 'take',
      version: '1',
      inputs: { value: z.json() },
      run: ({ value }) => {
        seen.push(value)
      },
    })
    const pipeline = definePipeline({ name: 'takes', inputs: { value: z.json() } }, (p, input) => {
      p.step(take, { value: input.value })
      return {}
    })
    const pw = await tempWorkspace()
    for (const value of [
      1,
      1.0,
      '1',
      true,
      null,
      0,
      -0,
      { a: 1, b: 2 },
      { b: 2, a: 1 },
      [1, 2],
      [2, 1],
      ['1y2', '3'],
      ['1', '2y3'],
    ])
      await pw.run(pipeline, { value })
    expect(seen).toEqual([1, '1', true, null, 0, { a: 1, b: 2 }, [1, 2], [2, 1], ['1y2', '3'], ['1', '2y3']])
  })
})
