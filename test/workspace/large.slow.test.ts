import { open, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'
import { definePipeline, defineStep, file } from 'pipewright'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { tempFolder, tempWorkspace } from './temp.ts'

const MiB = 1024 ** 2

/** The most resident memory, beyond what there was at the start, while something runs. */
async function growthWhile(run: () => Promise<unknown>): Promise<number> {
  const before = process.memoryUsage.rss()
  let most = before
  const timer = setInterval(() => (most = Math.max(most, process.memoryUsage.rss())), 20)
  await run()
  clearInterval(timer)
  return most - before
}

async function largeFile(size: number): Promise<string> {
  const path = join(await tempFolder(), 'large.bin')
  const handle = await open(path, 'w')
  const block = Buffer.alloc(MiB, 'pipewright')
  for (let at = 0; at < size; at += MiB) {
    block.writeUInt32LE(at / MiB)
    await handle.write(block)
  }
  await handle.close()
  return path
}

async function digestOf(stream: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of stream) hash.update(chunk as Buffer)
  return `sha256:${hash.digest('hex')}`
}

const digest = defineStep({
  name: 'digest',
  version: '1',
  inputs: { data: file() },
  outputs: { digest: z.string(), copy: file(), size: z.number() },
  run: async ({ data }) => {
    const path = await data.path()
    return { digest: await digestOf(data.stream()), copy: path, size: (await stat(path)).size }
  },
})

const digests = definePipeline({ name: 'digests', inputs: { data: file() } }, (p, input) =>
  p.step(digest, { data: input.data }),
)

const referenced = definePipeline(
  { name: 'referenced', inputs: { data: file('application/octet-stream', { copy: false }) } },
  (p, input) => ({
    digest: p.step(digest, { data: input.data }).digest,
  }),
)

test('a 2 GiB file goes in, through a step and out without sitting in memory', async () => {
  const path = await largeFile(2 * 1024 * MiB)
  const expected = await digestOf(createReadStream(path))
  const pw = await tempWorkspace()
  const growth = await growthWhile(async () => {
    const { outputs } = await pw.run(digests, { data: path })
    expect(outputs).toMatchObject({ digest: expected, size: 2 * 1024 * MiB })
    expect(outputs.copy.digest).toBe(expected)
  })
  expect(growth).toBeLessThan(300 * MiB)
})

test('a source that is not copied is read in place, and refused when it changes while it is read', async () => {
  const path = await largeFile(64 * MiB)
  const pw = await tempWorkspace()
  const { outputs, run } = await pw.run(referenced, { data: path })
  expect(outputs.digest).toBe(await digestOf(createReadStream(path)))
  const input = (await pw.show(run.id)).inputs.data!
  expect('artifact' in input && input.artifact.external?.path).toBe(path)
  const changing = defineStep({
    name: 'changing',
    version: '1',
    inputs: { data: file() },
    run: async ({ data }) => {
      await data.bytes()
      const handle = await open(path, 'a')
      await handle.write('more')
      await handle.close()
    },
  })
  const pipeline = definePipeline(
    { name: 'changes', inputs: { data: file('application/octet-stream', { copy: false }) } },
    (p, input) => {
      p.step(changing, { data: input.data })
      return {}
    },
  )
  await expect(pw.run(pipeline, { data: path })).rejects.toThrow('changed while it was read')
})

test('a JSON value of 200 MB passes whole; one that is no JSON text fits in is refused with the way out', async () => {
  const pw = await tempWorkspace()
  const rows = Array.from({ length: 200 }, (_, i) => `${i}${'x'.repeat(1_000_000)}`)
  const make = defineStep({
    name: 'make',
    version: '1',
    outputs: { rows: z.array(z.string()) },
    run: () => ({ rows }),
  })
  const count = defineStep({
    name: 'count',
    version: '1',
    inputs: { rows: z.array(z.string()) },
    outputs: { n: z.number() },
    run: ({ rows: given }) => ({ n: given.reduce((sum, row) => sum + row.length, 0) }),
  })
  const pipeline = definePipeline({ name: 'wide' }, (p) => p.step(count, { rows: p.step(make, {}).rows }))
  expect((await pw.run(pipeline, {})).outputs.n).toBe(rows.reduce((sum, row) => sum + row.length, 0))
  const huge = defineStep({
    name: 'huge',
    version: '1',
    outputs: { rows: z.array(z.string()) },
    run: () => ({ rows: [...rows, ...rows, ...rows] }),
  })
  const refused = definePipeline({ name: 'refused' }, (p) => ({ rows: p.step(huge, {}).rows }))
  await expect(pw.run(refused, {})).rejects.toMatchObject({
    cause: { code: 'VALUE_NOT_STORABLE', message: expect.stringContaining('return it as a file') as string },
  })
})

test('a map of 10,000 items keeps its order and its count', async () => {
  const pw = await tempWorkspace()
  const square = defineStep({
    name: 'square',
    version: '1',
    inputs: { n: z.number() },
    outputs: { n: z.number() },
    run: ({ n }) => ({ n: n * n }),
  })
  const pipeline = definePipeline(
    { name: 'squares', inputs: { items: z.array(z.number()) } },
    (p, input) => ({
      squares: p.map(input.items, (n, q) => q.step(square, { n })).n,
    }),
  )
  const items = Array.from({ length: 10_000 }, (_, i) => i)
  const { outputs, run } = await pw.run(pipeline, { items })
  expect(outputs.squares).toEqual(items.map((n) => n * n))
  const again = await pw.run(pipeline, { items: [...items.slice(0, 5_000), -1, ...items.slice(5_000)] })
  expect(again.outputs.squares).toHaveLength(10_001)
  const { executions } = await pw.show(again.run.id)
  expect(
    executions.filter(({ step, reused }) => step !== null && reused === null).map(({ node }) => node),
  ).toEqual(['map[5000]/square'])
  expect((await pw.show(run.id)).executions).toHaveLength(10_001)
})
