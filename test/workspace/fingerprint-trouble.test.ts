import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { definePipeline, defineStep, file, type Workspace } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { blobOf, damage } from './damage.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

const text = file('text/plain')
const big = 'x'.repeat(9_000)

async function within<T>(root: string, work: (pw: Workspace) => Promise<T>): Promise<T> {
  const pw = await tempWorkspace({ root })
  try {
    return await work(pw)
  } finally {
    await pw.close()
  }
}

const until = async (is: () => boolean): Promise<void> => {
  while (!is()) await new Promise((resolve) => setTimeout(resolve, 5))
}

test('a lost input that a fingerprint reads is made again, and the step is cached', async () => {
  const root = await tempFolder()
  const write = defineStep({
    name: 'write',
    version: '1',
    outputs: { text },
    run: () => ({ text: Buffer.from(big) }),
  })
  const look = defineStep({
    name: 'look',
    version: '1',
    inputs: { text, salt: z.number() },
    outputs: { n: z.number() },
    fingerprint: async ({ text }) => (await text.text()).length,
    run: async ({ text }) => ({ n: (await text.text()).length }),
  })
  const pipe = definePipeline({ name: 'p', inputs: { salt: z.number() } }, (p, i) =>
    p.step(look, { text: p.step(write, {}).text, salt: i.salt }),
  )
  const digest = await within(root, async (pw) =>
    blobOf(pw, (await pw.run(pipe, { salt: 1 })).run.id, 'write', 'text'),
  )
  await damage(root, digest, 'corrupt')
  await within(root, async (pw) => {
    const { run } = await pw.run(pipe, { salt: 2 })
    const e = await pw.explain(run.id, 'look')
    expect([e.verdict, e.reason]).toEqual(['executed', null])
  })
})

test('a running step with a fingerprint may finish after a failure, and is cached', async () => {
  let fail!: () => void
  const failing = new Promise<void>((r) => (fail = r))
  let started = false
  const bad = defineStep({
    name: 'bad',
    version: '1',
    cache: 'never',
    run: async () => {
      await failing
      throw new Error('bad')
    },
  })
  const slow = defineStep({
    name: 'slow',
    version: '1',
    outputs: { n: z.number() },
    fingerprint: () => 'same',
    run: async () => {
      started = true
      await new Promise((r) => setTimeout(r, 300))
      return { n: 1 }
    },
  })
  const pipe = definePipeline({ name: 'p' }, (p) => {
    p.step(bad, {})
    return p.step(slow, {})
  })
  const pw = await tempWorkspace()
  const handle = await pw.start(pipe, {}, { concurrency: 2 })
  await until(() => started)
  fail()
  await handle.result().catch(() => undefined)
  const e = await pw.explain(handle.id, 'slow')
  expect([e.verdict, e.reason]).toEqual(['executed', null])
})

test('a fingerprint may be any text', async () => {
  const s = defineStep({
    name: 's',
    version: '1',
    outputs: { n: z.number() },
    fingerprint: () => 'aborted',
    run: () => ({ n: 1 }),
  })
  const pipe = definePipeline({ name: 'p' }, (p) => p.step(s, {}))
  const pw = await tempWorkspace()
  const { run } = await pw.run(pipe, {})
  const e = await pw.explain(run.id, 's')
  expect([e.verdict, e.reason]).toEqual(['executed', null])
})

test.each([
  ['before the run is recorded', 1],
  ['in the run', 2],
])(
  'what was not selected and is cancelled while its fingerprint is asked %s is no gap',
  async (_when, hangs) => {
    let asked = 0
    let hang = false
    const s = defineStep({
      name: 's',
      version: '1',
      outputs: { n: z.number() },
      fingerprint: () => {
        asked++
        return hang && asked === hangs ? new Promise<never>(() => undefined) : 1
      },
      run: () => ({ n: 1 }),
    })
    const t = defineStep({
      name: 't',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: ({ n }) => ({ n }),
    })
    const pipe = definePipeline({ name: 'p' }, (p) => p.step(t, p.step(s, {})))
    const pw = await tempWorkspace()
    await pw.run(pipe, {})
    hang = true
    asked = 0
    const stop = new AbortController()
    const starting = pw.start(pipe, {}, { select: { only: ['t'] }, signal: stop.signal })
    await until(() => asked === hangs)
    stop.abort()
    const h = await starting
    await h.result().catch(() => undefined)
    const d = await pw.show(h.id)
    expect(d.executions.map((e) => [e.node, e.state])[0]).toEqual(['s', 'cancelled'])
  },
)

test('a preview writes nothing to the store', async () => {
  const root = await tempFolder()
  const one = defineStep({
    name: 'one',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n }),
  })
  const pipe = definePipeline({ name: 'p', inputs: { ns: z.array(z.number()) } }, (p, i) =>
    p.map(i.ns, (n, q) => q.step(one, { n })),
  )
  await within(root, async (pw) => {
    await pw.run(pipe, { ns: Array.from({ length: 60 }, (_, i) => i) })
  })
  const files = async () =>
    (await readdir(join(root, '.pipewright', 'objects'), { recursive: true, withFileTypes: true })).filter(
      (e) => e.isFile(),
    ).length
  const before = await files()
  await within(root, async (pw) => {
    await pw.preview(pipe, { ns: Array.from({ length: 50 }, (_, i) => i) })
  })
  expect(await files()).toBe(before)
})

test('two previews at once do not take the files of each other', async () => {
  const root = await tempFolder()
  const problems: string[] = []
  const make = defineStep({
    name: 'make',
    version: '1',
    outputs: { text },
    run: () => ({ text: Buffer.from('x'.repeat(9000)) }),
  })
  const look = defineStep({
    name: 'look',
    version: '1',
    inputs: { text },
    outputs: { n: z.number() },
    fingerprint: async ({ text }) => {
      const path = await text.path()
      await new Promise((r) => setTimeout(r, 200))
      try {
        return (await readFile(path)).length
      } catch (e) {
        problems.push(String(e))
        throw e
      }
    },
    run: () => ({ n: 1 }),
  })
  const pipe = definePipeline({ name: 'p' }, (p) => p.step(look, { text: p.step(make, {}).text }))
  const pw = await tempWorkspace({ root })
  await pw.run(pipe, {})
  const one = pw.preview(pipe, {})
  await new Promise((r) => setTimeout(r, 100))
  const two = pw.preview(pipe, {})
  await Promise.all([one, two])
  expect(problems).toEqual([])
})

test('a workspace closes although a preview asks for a fingerprint that never comes', async () => {
  const s = defineStep({
    name: 's',
    version: '1',
    outputs: { n: z.number() },
    fingerprint: () => new Promise<never>(() => undefined),
    run: () => ({ n: 1 }),
  })
  const pipe = definePipeline({ name: 'p' }, (p) => p.step(s, {}))
  const pw = await tempWorkspace()
  const preview = pw.preview(pipe, {}).catch(String)
  await new Promise((r) => setTimeout(r, 500))
  const closed = await Promise.race([
    pw.close().then(() => 'closed'),
    new Promise((r) => setTimeout(() => r('still open'), 8000)),
  ])
  expect(closed).toBe('closed')
  await preview
})

test('the verification of a hit whose outside has changed meanwhile is no mismatch', async () => {
  const outside = { n: 1 }
  const read = defineStep({
    name: 'read',
    version: '1',
    outputs: { n: z.number() },
    fingerprint: () => outside.n,
    run: () => ({ n: outside.n }),
  })
  const change = defineStep({
    name: 'change',
    version: '1',
    cache: 'never',
    inputs: { n: z.number() },
    run: () => void outside.n++,
  })
  const pipeline = definePipeline({ name: 'p' }, (p) => {
    const { n } = p.step(read, {})
    p.step(change, { n })
    return { n }
  })
  const pw = await tempWorkspace()
  await pw.run(pipeline, {})
  outside.n = 1
  // One hit is drawn in any case, when all else has run.
  const { verification } = await pw.run(pipeline, {}, { verifyCache: 1e-12 })
  expect(verification).toEqual({ verified: 0, mismatches: [] })
})
