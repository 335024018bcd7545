import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, definePredictor, defineStep, file, list, model } from 'pipewright'
import { beforeEach, describe, expect, test } from 'vitest'
import { z } from 'zod'
import { sha256 } from '../../src/internal/digest.ts'
import type { RunEvent } from '../../src/record/event.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { blobOf, damage, within } from './damage.ts'
import { scale as otherScale } from './other-predictor.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

const text = file('text/plain')
const large = 'large '.repeat(2_000)

const measure = defineStep({
  name: 'measure',
  version: '1',
  cache: 'never',
  inputs: { text },
  outputs: { length: z.number() },
  run: async ({ text }) => ({ length: (await text.text()).length }),
})

describe.each([
  ['small', 1],
  ['large', 9_000],
])('several corrupt outputs of one step that are %s', (_size, times) => {
  const contents = ['a', 'b', 'c'].map((letter) => letter.repeat(times))

  test('are made again together', async () => {
    const two = defineStep({
      name: 'two',
      version: '1',
      outputs: { a: text, b: text },
      run: () => {
        calls.push('two')
        return { a: Buffer.from(contents[0]!), b: Buffer.from(contents[1]!) }
      },
    })
    const both = defineStep({
      name: 'both',
      version: '1',
      cache: 'never',
      inputs: { a: text, b: text },
      outputs: { length: z.number() },
      run: async ({ a, b }) => ({ length: (await a.text()).length + (await b.text()).length }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(both, p.step(two, {})))
    const root = await tempFolder()
    const digests = await within(root, async (pw) => {
      const { run } = await pw.run(pipeline, {})
      return [await blobOf(pw, run.id, 'two', 'a'), await blobOf(pw, run.id, 'two', 'b')]
    })
    for (const digest of digests) await damage(root, digest, 'corrupt')
    calls.length = 0
    await within(root, async (pw) => {
      expect((await pw.run(pipeline, {})).outputs.length).toBe(2 * times)
    })
    expect(calls).toEqual(['two'])
    // What is stored is right, not only what was at hand.
    await within(root, async (pw) => {
      for (const [index, blob] of digests.entries())
        expect(Buffer.from(await pw.bytes({ blob } as never)).toString()).toBe(contents[index])
    })
  })

  const split = defineStep({
    name: 'split',
    version: '1',
    outputs: { texts: list(list(text)) },
    run: () => {
      calls.push('split')
      return { texts: [contents.map((content) => Buffer.from(content))] }
    },
  })

  const join = defineStep({
    name: 'join',
    version: '1',
    cache: 'never',
    inputs: { texts: list(list(text)) },
    outputs: { length: z.number() },
    run: async ({ texts }) => {
      let length = 0
      for (const one of texts.flat()) length += (await one.text()).length
      return { length }
    },
  })

  test('are made again together as items of lists, which one reader meets in turn', async () => {
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(join, { texts: p.step(split, {}).texts }))
    const root = await tempFolder()
    await within(root, (pw) => pw.run(pipeline, {}))
    for (const content of contents) await damage(root, sha256(Buffer.from(content)), 'corrupt')
    calls.length = 0
    await within(root, async (pw) => {
      expect((await pw.run(pipeline, {})).outputs.length).toBe(3 * times)
    })
    expect(calls).toEqual(['split'])
    await within(root, async (pw) => {
      for (const content of contents)
        expect((await pw.bytes({ blob: sha256(Buffer.from(content)) } as never)).byteLength).toBe(times)
    })
  })
})

describe('what is made again', () => {
  test('has the ctx.now of the execution that is repeated, also where that was reused', async () => {
    const stamp = defineStep({
      name: 'stamp',
      version: '1',
      cache: 'content',
      outputs: { text },
      run: (_inputs, ctx) => {
        calls.push('stamp')
        return { text: Buffer.from(`${ctx.now().getTime()} ${large}`) }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(measure, p.step(stamp, {})))
    const root = await tempFolder()
    const digest = await within(root, async (pw) =>
      blobOf(pw, (await pw.run(pipeline, {})).run.id, 'stamp', 'text'),
    )
    // The second time the entry names the run that has repaired it.
    for (let time = 0; time < 2; time++) {
      await damage(root, digest, 'corrupt')
      await within(root, async (pw) => {
        const { run } = await pw.run(pipeline, {})
        expect(await blobOf(pw, run.id, 'stamp', 'text')).toBe(digest)
      })
    }
    expect(calls).toEqual(['stamp', 'stamp', 'stamp'])
    const { verification } = await within(root, (pw) => pw.run(pipeline, {}, { verifyCache: 1 }))
    expect(verification).toEqual({ verified: 1, mismatches: [] })
  })

  test('keeps its key where the step has a fingerprint', async () => {
    const source = defineStep({
      name: 'source',
      version: '1',
      outputs: { text },
      fingerprint: () => 'same',
      run: () => ({ text: Buffer.from(large) }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(measure, p.step(source, {})))
    const root = await tempFolder()
    const { digest, key } = await within(root, async (pw) => {
      const { run } = await pw.run(pipeline, {})
      const made = (await pw.show(run.id)).executions.find(({ node }) => node === 'source')!
      return { digest: await blobOf(pw, run.id, 'source', 'text'), key: made.key }
    })
    await damage(root, digest, 'corrupt')
    const id = await within(root, async (pw) => (await pw.run(pipeline, {})).run.id)
    expect((await repairsOf(root, id)).map((event) => event.key)).toEqual([key])
    expect(key).not.toBeNull()
  })

  test('leaves nothing at hand that looks stored when it is refused', async () => {
    let times = 0
    const vary = defineStep({
      name: 'vary',
      version: '1',
      outputs: { same: text, other: text },
      run: () => ({ same: Buffer.from('same'), other: Buffer.from(`${large}${++times}`) }),
    })
    const both = defineStep({
      name: 'both',
      version: '1',
      cache: 'never',
      inputs: { same: text, other: text },
      outputs: { length: z.number() },
      run: async ({ same, other }) => ({
        length: (await other.text()).length + (await same.text()).length,
      }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(both, p.step(vary, {})))
    const root = await tempFolder()
    const [same, other] = await within(root, async (pw) => {
      const { run } = await pw.run(pipeline, {})
      return [await blobOf(pw, run.id, 'vary', 'same'), await blobOf(pw, run.id, 'vary', 'other')]
    })
    await damage(root, same, 'corrupt')
    await damage(root, other, 'corrupt')
    await within(root, async (pw) => {
      await expect(pw.run(pipeline, {})).rejects.toThrow('is not deterministic')
      await expect(pw.bytes({ blob: same } as never)).rejects.toMatchObject({ code: 'BLOB_MISSING' })
    })
  })

  test('replaces the entry of a shared store', async () => {
    const scale = definePredictor({
      name: 'scale',
      version: '1',
      state: z.object({ factor: z.number() }),
      input: z.number(),
      output: z.number(),
      predict: ({ factor }, input) => factor * input,
    })
    const pipelineOf = (predictor: typeof scale) => {
      const train = defineStep({
        name: 'train',
        version: '1',
        outputs: { model: model(predictor), text },
        run: () => ({ model: predictor.of({ factor: 3 }), text: Buffer.from(large) }),
      })
      return definePipeline({ name: 'p' }, (p) => p.step(measure, { text: p.step(train, {}).text }))
    }
    const folder = await tempFolder()
    const store = { folder, shared: true }
    const first = await tempWorkspace({ store })
    const { run } = await first.run(pipelineOf(scale), {})
    const made = (await first.show(run.id)).executions.find(({ node }) => node === 'train')!
    const digest = await blobOf(first, run.id, 'train', 'text')
    await first.close()
    const key = made.key!
    const entry = (): Promise<string> =>
      readFile(join(folder, 'cache', key.slice(7, 9), key.slice(9)), 'utf8')
    const before = await entry()
    const path = join(folder, 'objects', digest.slice(7, 9), digest.slice(9))
    await rm(path)
    await writeFile(path, 'not what was written')
    // The model comes out in other bytes of the same content.
    const second = await tempWorkspace({ store })
    const again = await second.run(pipelineOf(otherScale), {})
    await second.close()
    expect(again.outputs.length).toBe(large.length)
    expect(await entry()).not.toBe(before)
    expect(await entry()).toContain(again.run.id)
  })
})

async function repairsOf(
  root: string,
  run: string,
): Promise<(RunEvent & { readonly type: 'node.repaired' })[]> {
  const metadata = await openSqliteMetadata(join(root, '.pipewright', 'metadata.sqlite'))
  const events: (RunEvent & { readonly type: 'node.repaired' })[] = []
  for await (const { event } of metadata.events(run)) if (event.type === 'node.repaired') events.push(event)
  await metadata.close()
  return events
}
