import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, list, renderRun, type RunUpdate, type Workspace } from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { attemptsOf, blobOf, damage, failureOf, within, type Damage } from './damage.ts'
import { deferred, statesOf, tempFolder, tempWorkspace } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

const text = file('text/plain')
const small = 'small '
const large = 'large '.repeat(2_000)

/** Files: what is looked up is not read, unlike a small json value of a step with a version. */
const write = defineStep({
  name: 'write',
  version: '1',
  inputs: { content: z.string() },
  outputs: { text },
  run: ({ content }) => {
    calls.push('write')
    return { text: Buffer.from(content) }
  },
})

const upper = defineStep({
  name: 'upper',
  version: '1',
  inputs: { text },
  outputs: { text },
  run: async ({ text }) => {
    const read = await text.text()
    calls.push('upper')
    return { text: Buffer.from(read.toUpperCase()) }
  },
})

const measure = defineStep({
  name: 'measure',
  version: '1',
  cache: 'never',
  inputs: { text, salt: z.number().default(0) },
  outputs: { length: z.number() },
  run: async ({ text }) => {
    const { length } = await text.text()
    calls.push('measure')
    return { length }
  },
})

const measured = definePipeline({ name: 'measured', inputs: { content: z.string() } }, (p, input) =>
  p.step(measure, { text: p.step(write, { content: input.content }).text }),
)

const chain = definePipeline({ name: 'chain', inputs: { content: z.string() } }, (p, input) =>
  p.step(measure, { text: p.step(upper, { text: p.step(write, { content: input.content }).text }).text }),
)

function warningsOf(): { warnings: string[]; onUpdate: (update: RunUpdate) => void } {
  const warnings: string[] = []
  return {
    warnings,
    onUpdate: ({ event }) => {
      if (event.type === 'attempt.log' && event.level === 'warn')
        warnings.push(`${event.node}: ${event.message}`)
    },
  }
}

describe('a lost blob', () => {
  describe.each<[string, string]>([
    ['small', small],
    ['large', large],
  ])('that is %s', (_size, content) => {
    test('and corrupt, of a node that was reused: its step runs again in the same run', async () => {
      const root = await tempFolder()
      const digest = await within(root, async (pw) =>
        blobOf(pw, (await pw.run(measured, { content })).run.id, 'write', 'text'),
      )
      await damage(root, digest, 'corrupt')
      calls.length = 0
      const { warnings, onUpdate } = warningsOf()
      const pw = await tempWorkspace({ root })
      const { run, outputs } = await pw.run(measured, { content }, { onUpdate })
      expect(outputs.length).toBe(content.length)
      expect(calls).toEqual(['write', 'measure'])
      expect(warnings).toEqual([`write: what it made is gone or corrupt (${digest}): it is made again`])
      expect(await statesOf(pw, run.id)).toEqual({ write: 'reused', measure: 'succeeded' })
      const made = (await pw.show(run.id)).executions.find(({ node }) => node === 'write')!
      expect(made.attempts).toMatchObject([
        { number: 1, end: 'succeeded', repaired: { digest, by: 'measure' } },
      ])
      expect(renderRun(await pw.show(run.id), await pw.planOf(run.id))).toContain('made again for measure')
      // What it missed cost the consumer no try.
      expect(await attemptsOf(pw, run.id, 'measure')).toEqual([
        [1, 'lost-input'],
        [2, 'succeeded'],
      ])
      await pw.close()
      // The entry names good bytes, for another process too.
      calls.length = 0
      expect((await within(root, (again) => again.run(measured, { content }))).outputs.length).toBe(
        content.length,
      )
      expect(calls).toEqual(['measure'])
    })

    test.each<Damage>(['missing', 'corrupt'])('and %s, with another one behind it', async (how) => {
      const root = await tempFolder()
      const digests = await within(root, async (pw) => {
        const { run } = await pw.run(chain, { content })
        return [await blobOf(pw, run.id, 'write', 'text'), await blobOf(pw, run.id, 'upper', 'text')]
      })
      calls.length = 0
      const pw = await tempWorkspace({ root })
      const gate = holdPauses()
      const handle = await pw.start(gated(), { content })
      // Both are reused by now.
      await untilReused(pw, handle.id, 'upper')
      for (const digest of digests) await damage(root, digest, how)
      gate.resolve()
      expect((await handle.result()).outputs.length).toBe(content.length)
      expect(calls.filter((call) => call !== 'measure')).toEqual(['write', 'upper'])
    })
  })

  test('that a step hands on is made again by the step that made it', async () => {
    const pass = defineStep({
      name: 'pass',
      version: '1',
      inputs: { text },
      outputs: { text },
      run: ({ text }) => {
        calls.push('pass')
        return { text }
      },
    })
    const passed = definePipeline({ name: 'passed', inputs: { content: z.string() } }, (p, input) =>
      p.step(measure, { text: p.step(pass, { text: p.step(write, { content: input.content }).text }).text }),
    )
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(passed, { content: large })).run.id, 'pass', 'text'),
    )
    await damage(root, digest, 'corrupt')
    calls.length = 0
    await within(root, (pw) => pw.run(passed, { content: large }))
    expect(calls).toEqual(['write', 'measure'])
  })

  test('of a node that this run has executed', async () => {
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const gate = holdPauses()
    const handle = await pw.start(gated(), { content: large })
    await untilReused(pw, handle.id, 'upper')
    await damage(root, await blobOf(pw, handle.id, 'upper', 'text'), 'missing')
    gate.resolve()
    expect((await handle.result()).outputs.length).toBe(large.length)
    expect(calls).toEqual(['write', 'upper', 'upper', 'measure'])
    expect(await attemptsOf(pw, handle.id, 'upper')).toEqual([
      [1, 'succeeded'],
      [2, 'succeeded'],
    ])
  })

  test('is made again once for all who miss it, in the one slot that there is', async () => {
    const two = definePipeline({ name: 'two', inputs: { content: z.string() } }, (p, input) => {
      const { text } = p.step(write, { content: input.content })
      const lengths = p.map([1, 2, 3], (salt, q) => q.step(measure, { text, salt }))
      return { lengths: lengths.length }
    })
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(measured, { content: large })).run.id, 'write', 'text'),
    )
    for (const concurrency of [1, 4]) {
      await damage(root, digest, 'corrupt')
      calls.length = 0
      const { outputs } = await within(root, (pw) => pw.run(two, { content: large }, { concurrency }))
      expect(outputs.lengths).toEqual([large.length, large.length, large.length])
      expect(calls.filter((call) => call === 'write')).toEqual(['write'])
    }
  })

  test('of items of a map: gathered as a list, and of the list itself', async () => {
    const join = defineStep({
      name: 'join',
      version: '1',
      cache: 'never',
      inputs: { texts: list(text) },
      outputs: { length: z.number() },
      run: async ({ texts }) => {
        let length = 0
        for (const one of texts) length += (await one.text()).length
        return { length }
      },
    })
    const mapped = definePipeline({ name: 'mapped' }, (p) => {
      const texts = p.map([large, `${large}!`, small], (content, q) => q.step(write, { content }), {
        id: 'texts',
      })
      return { length: p.step(join, { texts: texts.text }).length }
    })
    const root = await tempFolder()
    const expected = large.length * 2 + 1 + small.length
    const blobs = await within(root, async (pw) => {
      const { run } = await pw.run(mapped, {})
      return {
        item: await blobOf(pw, run.id, 'texts[1]/write', 'text'),
        little: await blobOf(pw, run.id, 'texts[2]/write', 'text'),
      }
    })
    await damage(root, blobs.item, 'corrupt')
    await damage(root, blobs.little, 'corrupt')
    calls.length = 0
    await within(root, async (pw) => {
      const { run, outputs } = await pw.run(mapped, {})
      expect(outputs.length).toBe(expected)
      expect(calls).toEqual(['write', 'write'])
      expect((await attemptsOf(pw, run.id, 'texts[1]/write')).length).toBe(1)
    })
  })

  test('of a list that a step returned', async () => {
    const split = defineStep({
      name: 'split',
      version: '1',
      outputs: { texts: list(text) },
      run: () => {
        calls.push('split')
        return { texts: [Buffer.from(large), Buffer.from(small)] }
      },
    })
    const listed = definePipeline({ name: 'listed' }, (p) => {
      const lengths = p.map(p.step(split, {}).texts, (one, q) => q.step(measure, { text: one }), {
        id: 'each',
      })
      return { lengths: lengths.length }
    })
    const root = await tempFolder()
    const digests = await within(root, async (pw) => {
      const { run } = await pw.run(listed, {})
      const { inputs } = (await pw.show(run.id)).executions.find(({ node }) => node === 'each[0]/measure')!
      const item = inputs['text']!
      if (!('artifact' in item)) throw new Error('not stored')
      return { item: item.artifact.blob, list: await blobOf(pw, run.id, 'split', 'texts') }
    })
    for (const digest of [digests.item, digests.list]) {
      await damage(root, digest, 'corrupt')
      calls.length = 0
      const { outputs } = await within(root, (pw) => pw.run(listed, {}))
      expect(outputs.lengths).toEqual([large.length, small.length])
      expect(calls.toSorted()).toEqual(['measure', 'measure', 'split'])
    }
  })
})

const isLong = defineStep({
  name: 'is-long',
  inputs: { content: z.string() },
  outputs: { long: z.boolean(), info: z.object({ words: z.array(z.string()), count: z.number() }) },
  run: ({ content }) => ({
    long: content.length > 3,
    info: { words: content.split(' '), count: content.length },
  }),
})

const say = defineStep({
  name: 'say',
  inputs: { word: z.union([z.string(), z.number()]) },
  outputs: { said: z.string() },
  run: ({ word }) => ({ said: `${word}!` }),
})

const inner = definePipeline(
  { name: 'inner', inputs: { count: z.number().transform((count) => count + 1) } },
  (p, input) => p.step(say, { word: input.count }),
)

/** Reads small values where no step does: as a condition, as a list, as a part, as an input of a pipeline. */
const wired = definePipeline({ name: 'wired', inputs: { content: z.string() } }, (p, input) => {
  const { long, info } = p.step(isLong, { content: input.content })
  const branch = p.when(long, (q) => q.step(say, { word: 'long' }), { id: 'branch' })
  const words = p.map(p.pick(info, 'words'), (word, q) => q.step(say, { word }), { id: 'words' })
  const count = p.step(say, { word: p.pick(info, 'count') }, { id: 'count' })
  const sub = p.step(inner, { count: p.pick(info, 'count') }, { id: 'sub' })
  return { long, info, branch: branch.said, words: words.said, count: count.said, sub: sub.said }
})

describe('a lost value that no step reads', () => {
  test.each<Damage>(['missing', 'corrupt'])('is made again when it is %s', async (how) => {
    const root = await tempFolder()
    const expected = {
      long: true,
      info: { words: ['a', 'bcd'], count: 5 },
      branch: 'long!',
      words: ['a!', 'bcd!'],
      count: '5!',
      sub: '6!',
    }
    const digests = await within(root, async (pw) => {
      const { run, outputs } = await pw.run(wired, { content: 'a bcd' })
      expect(outputs).toEqual(expected)
      return [await blobOf(pw, run.id, 'is-long', 'long'), await blobOf(pw, run.id, 'is-long', 'info')]
    })
    if (how === 'corrupt') {
      for (const digest of digests) await damage(root, digest, how)
      await within(root, async (pw) => {
        const { run, outputs } = await pw.run(wired, { content: 'a bcd' })
        expect(outputs).toEqual(expected)
        expect((await statesOf(pw, run.id))['is-long']).toBe('reused')
        expect(await attemptsOf(pw, run.id, 'is-long')).toEqual([[1, 'succeeded']])
      })
      return
    }
    // Gone between the look-up and the reading.
    await within(root, async (pw) => {
      const handle = await pw.start(wired, { content: 'a bcd' })
      for await (const { event } of handle.events()) {
        if (event.type !== 'node.succeeded' || event.node !== 'is-long') continue
        for (const digest of digests) await damage(root, digest, how)
        break
      }
      expect((await handle.result()).outputs).toEqual(expected)
    })
  })

  test('as an output of the run', async () => {
    const only = definePipeline({ name: 'only', inputs: { content: z.string() } }, (p, input) => ({
      info: p.step(isLong, { content: input.content }).info,
      all: p.map(['x', 'y'], (word, q) => q.step(say, { word }), { id: 'all' }).said,
    }))
    const root = await tempFolder()
    const digests = await within(root, async (pw) => {
      const { run } = await pw.run(only, { content: 'a bcd' })
      return [await blobOf(pw, run.id, 'is-long', 'info'), await blobOf(pw, run.id, 'all[1]/say', 'said')]
    })
    for (const digest of digests) await damage(root, digest, 'corrupt')
    await within(root, async (pw) => {
      const { run, outputs } = await pw.run(only, { content: 'a bcd' })
      expect(outputs).toEqual({ info: { words: ['a', 'bcd'], count: 5 }, all: ['x!', 'y!'] })
      const { executions } = await pw.show(run.id)
      const repaired = executions.flatMap(({ node, attempts }) =>
        attempts.flatMap((attempt) => (attempt.repaired === undefined ? [] : [[node, attempt.repaired.by]])),
      )
      expect(repaired).toEqual([
        ['is-long', ''],
        ['all[1]/say', ''],
      ])
    })
  })

  test('as a list that a map has gathered: it is gathered again', async () => {
    const broken = { now: true }
    const last = defineStep({
      name: 'last',
      version: '1',
      cache: 'never',
      inputs: { words: z.array(z.string()), picked: z.array(z.number()) },
      outputs: { text: z.string() },
      run: ({ words, picked }) => {
        if (broken.now) throw new Error('broken')
        return { text: `${words.join(' ')} ${picked.join(' ')}` }
      },
    })
    const gathered = definePipeline(
      { name: 'gathered', inputs: { words: z.array(z.string()) } },
      (p, input) => {
        const outer = p.map(
          [1, 2],
          (_n, q) => {
            const inside = q.map(
              input.words,
              (word, r) => {
                const { info } = r.step(isLong, { content: word })
                return { said: r.step(say, { word }).said, count: r.pick(info, 'count') }
              },
              { id: 'inside' },
            )
            return {
              said: q.step(joined, { words: inside.said }).text,
              counts: q.step(sum, { of: inside.count }).sum,
            }
          },
          { id: 'outer' },
        )
        return p.step(last, { words: outer.said, picked: outer.counts })
      },
    )
    const root = await tempFolder()
    const words = ['a', 'bcd', 'ef']
    const { id, digests } = await within(root, async (pw) => {
      const { run } = await failureOf(pw.run(gathered, { words }))
      return {
        id: run,
        digests: [
          await blobOf(pw, run, 'outer', 'said'),
          await blobOf(pw, run, 'outer[0]/inside', 'said'),
          await blobOf(pw, run, 'outer[0]/joined', 'text'),
        ],
      }
    })
    for (const digest of digests) await damage(root, digest, 'missing')
    broken.now = false
    await within(root, async (pw) => {
      expect((await pw.resume(id, gathered)).outputs).toEqual({ text: 'a! bcd! ef! a! bcd! ef! 6 6' })
      expect((await pw.show(id)).state).toBe('succeeded')
    })
    const before = await within(root, (pw) => pw.show(id))
    expect(before.executions.find(({ node }) => node === 'outer[0]/joined')!.attempts).toMatchObject([
      { number: 1 },
      { number: 2, repaired: { digest: digests[2], by: 'last' } },
    ])
    // Folding the log again tells the same.
    const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
    const repaired: string[] = []
    for await (const { event } of metadata.events(id))
      if (event.type === 'node.repaired') repaired.push(event.node)
    await metadata.rebuild()
    await metadata.close()
    expect(repaired).toEqual(['outer', 'outer[0]/inside', 'outer[0]/joined'])
    expect((await within(root, (pw) => pw.show(id))).executions).toEqual(before.executions)
  })
})

const joined = defineStep({
  name: 'joined',
  inputs: { words: z.array(z.string()) },
  outputs: { text: z.string() },
  run: ({ words }) => ({ text: words.join(' ') }),
})

const sum = defineStep({
  name: 'sum',
  inputs: { of: z.array(z.number()) },
  outputs: { sum: z.number() },
  run: ({ of }) => ({ sum: of.reduce((all, one) => all + one, 0) }),
})

describe('a resumed run', () => {
  test('has made again what it lost since: lists that its maps read, and what steps still read', async () => {
    const broken = { now: true }
    const check = defineStep({
      name: 'check',
      version: '1',
      inputs: { word: z.string(), text },
      outputs: { ok: z.boolean() },
      run: async ({ text, word }) => {
        const { length } = await text.text()
        if (broken.now && word === 'b') throw new Error('broken')
        return { ok: length > 0 }
      },
    })
    const checks = definePipeline({ name: 'checks', inputs: { content: z.string() } }, (p, input) => {
      const { info } = p.step(isLong, { content: 'a b c' })
      const { text } = p.step(write, { content: input.content })
      return {
        ok: p.map(p.pick(info, 'words'), (word, q) => q.step(check, { word, text }), { id: 'each' }).ok,
      }
    })
    const root = await tempFolder()
    const { id, digests } = await within(root, async (pw) => {
      const { run } = await failureOf(pw.run(checks, { content: large }, { failure: 'continue' }))
      return {
        id: run,
        digests: [await blobOf(pw, run, 'is-long', 'info'), await blobOf(pw, run, 'write', 'text')],
      }
    })
    for (const digest of digests) await damage(root, digest, 'corrupt')
    broken.now = false
    calls.length = 0
    await within(root, async (pw) => {
      expect((await pw.resume(id, checks)).outputs).toEqual({ ok: [true, true, true] })
      expect(calls).toEqual(['write'])
      expect(await attemptsOf(pw, id, 'is-long')).toEqual([
        [1, 'succeeded'],
        [2, 'succeeded'],
      ])
      expect(await attemptsOf(pw, id, 'each[1]/check')).toEqual([
        [1, 'failed'],
        [2, 'lost-input'],
        [3, 'succeeded'],
      ])
    })
  })
})

describe('a lost blob that cannot be made again', () => {
  test('since its step is an effect', async () => {
    const send = defineStep({
      name: 'send',
      effect: true,
      outputs: { text },
      run: () => {
        calls.push('send')
        return { text: Buffer.from(large) }
      },
    })
    const pipeline = definePipeline({ name: 'effects' }, (p) => {
      const sent = p.step(send, {})
      return p.step(measure, { text: sent.text }, { after: [p.step(pause, { text: sent.text })] })
    })
    const root = await tempFolder()
    const pw = await tempWorkspace({ root })
    const gate = holdPauses()
    const handle = await pw.start(pipeline, {})
    await untilReused(pw, handle.id, 'send')
    const digest = await blobOf(pw, handle.id, 'send', 'text')
    await damage(root, digest, 'missing')
    gate.resolve()
    const { failures } = await failureOf(handle.result())
    expect(failures.map(({ node }) => node)).toEqual(['measure'])
    expect(failures[0]!.cause).toMatchObject({
      code: 'VALUE_LOST',
      details: { node: 'measure', maker: 'send', digest },
    })
    expect((failures[0]!.cause as Error).message).toContain(
      `'measure' (step 'measure') needs ${digest}, made by 'send'`,
    )
    expect((failures[0]!.cause as Error).message).toContain('an effect')
    expect(calls).toEqual(['send'])
  })

  test('since it comes out otherwise', async () => {
    let times = 0
    const vary = defineStep({
      name: 'vary',
      version: '1',
      outputs: { text },
      run: () => ({ text: Buffer.from(`${large}${++times}`) }),
    })
    const pipeline = definePipeline({ name: 'varies' }, (p) =>
      p.step(measure, { text: p.step(vary, {}).text }),
    )
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'vary', 'text'),
    )
    await damage(root, digest, 'corrupt')
    await within(root, async (pw) => {
      const { failures } = await failureOf(pw.run(pipeline, {}))
      expect(failures[0]!.cause).toMatchObject({
        code: 'NOT_DETERMINISTIC',
        details: { node: 'measure', maker: 'vary', digest },
      })
      expect((failures[0]!.cause as Error).message).toContain("step 'vary' is not deterministic")
      expect(times).toBe(2)
      // The next run misses, and goes on with what is there then.
      expect((await pw.run(pipeline, {})).outputs.length).toBe(large.length + 1)
    })
  })

  test('since it fails this time, after as many tries as its step is given', async () => {
    const broken = { now: false }
    const flaky = defineStep({
      name: 'flaky',
      version: '1',
      retry: { attempts: 2, delay: 1 },
      outputs: { text },
      run: () => {
        calls.push('flaky')
        if (broken.now) throw new Error('no more')
        return { text: Buffer.from(large) }
      },
    })
    const pipeline = definePipeline({ name: 'fails' }, (p) =>
      p.step(measure, { text: p.step(flaky, {}).text }),
    )
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'flaky', 'text'),
    )
    await damage(root, digest, 'corrupt')
    broken.now = true
    calls.length = 0
    await within(root, async (pw) => {
      const failed = await failureOf(pw.run(pipeline, {}))
      expect(failed.failures[0]!.cause).toMatchObject({ code: 'VALUE_LOST', cause: { message: 'no more' } })
      expect(calls).toEqual(['flaky', 'flaky'])
      expect(await statesOf(pw, failed.run)).toEqual({ flaky: 'reused', measure: 'failed' })
      broken.now = false
      expect((await pw.resume(failed.run, pipeline)).outputs).toEqual({ length: large.length })
      expect(await attemptsOf(pw, failed.run, 'flaky')).toEqual([
        [1, 'failed'],
        [2, 'failed'],
        [3, 'succeeded'],
      ])
    })
  })

  test('since it is a source; a new run reads that again', async () => {
    const root = await tempFolder()
    const path = join(root, 'source.txt')
    await writeFile(path, large)
    const pipeline = definePipeline({ name: 'sources', inputs: { text } }, (p, input) =>
      p.step(measure, { text: input.text }, { after: [p.step(pause, { text: input.text })] }),
    )
    const pw = await tempWorkspace({ root })
    const gate = holdPauses()
    const handle = await pw.start(pipeline, { text: path })
    const input = (await pw.show(handle.id)).inputs['text']!
    if (!('artifact' in input)) throw new Error('not stored')
    await damage(root, input.artifact.blob, 'missing')
    gate.resolve()
    const { failures } = await failureOf(handle.result())
    expect(failures[0]!.cause).toMatchObject({ code: 'VALUE_LOST', details: { input: 'text' } })
    expect((failures[0]!.cause as Error).message).toContain('source.txt')
    expect((await pw.run(pipeline, { text: path })).outputs.length).toBe(large.length)
  })

  test('while a run is cancelled: it ends as cancelled', async () => {
    const hold = { now: false }
    const slow = defineStep({
      name: 'slow',
      version: '1',
      outputs: { text },
      run: (_inputs, ctx) => {
        calls.push('slow')
        if (!hold.now) return { text: Buffer.from(large) }
        return new Promise((_resolve, reject) =>
          ctx.signal.addEventListener('abort', () => reject(ctx.signal.reason as Error)),
        )
      },
    })
    const pipeline = definePipeline({ name: 'slow' }, (p) => p.step(measure, { text: p.step(slow, {}).text }))
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'slow', 'text'),
    )
    await damage(root, digest, 'corrupt')
    hold.now = true
    calls.length = 0
    const pw = await tempWorkspace({ root })
    const handle = await pw.start(pipeline, {})
    while (calls.length === 0) await new Promise((resolve) => setTimeout(resolve, 5))
    handle.cancel()
    await failureOf(handle.result())
    expect((await pw.show(handle.id)).state).toBe('cancelled')
    expect(await statesOf(pw, handle.id)).toEqual({ slow: 'reused', measure: 'cancelled' })
    hold.now = false
    expect((await pw.resume(handle.id, pipeline)).outputs).toEqual({ length: large.length })
  })
})

/** A step that waits until the test lets it go. */
let paused: Promise<void> = Promise.resolve()
const pause = defineStep({ name: 'pause', version: '1', cache: 'never', inputs: { text }, run: () => paused })

function holdPauses(): { resolve: () => void } {
  const { promise, resolve } = deferred()
  paused = promise
  return { resolve }
}

/** The chain, with a step before its last that waits. */
function gated() {
  return definePipeline({ name: 'chain', inputs: { content: z.string() } }, (p, input) => {
    const texts = p.step(upper, { text: p.step(write, { content: input.content }).text })
    return p.step(measure, { text: texts.text }, { after: [p.step(pause, { text: texts.text })] })
  })
}

async function untilReused(pw: Workspace, run: string, node: string): Promise<void> {
  while (!['reused', 'succeeded'].includes((await statesOf(pw, run))[node] ?? ''))
    await new Promise((resolve) => setTimeout(resolve, 5))
}
