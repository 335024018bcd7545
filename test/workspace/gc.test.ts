import { definePipeline, defineStep, file, json, list, type Artifact, type Workspace } from 'pipewright'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import type { RunDetail } from '../../src/record/records.ts'
import { openSqliteMetadata, type SqliteMetadata } from '../../src/record/sqlite/store.ts'
import { tempWorkspace } from './temp.ts'

const hour = 60 * 60 * 1_000

/** Only what asks for the date sees that time passes. */
function stopClock(): { readonly pass: (milliseconds: number) => void } {
  vi.useFakeTimers({ toFake: ['Date'] })
  onTestFinished(() => void vi.useRealTimers())
  return { pass: (milliseconds) => void vi.setSystemTime(Date.now() + milliseconds) }
}

interface Watched {
  readonly pw: Workspace
  readonly metadata: SqliteMetadata
  /** Does something while a collection marks. */
  readonly meanwhile: (work: () => Promise<unknown>) => void
  /** How many blobs were asked for in each call. */
  readonly touches: number[]
}

async function watched(): Promise<Watched> {
  const metadata = await openSqliteMetadata(':memory:')
  const touches: number[] = []
  let work: (() => Promise<unknown>) | undefined
  const pw = await tempWorkspace({
    metadata: {
      ...metadata,
      cacheEntries: async function* () {
        const now = work
        work = undefined
        await now?.()
        yield* metadata.cacheEntries()
      },
      touchBlobs: (digests) => {
        touches.push(digests.length)
        return metadata.touchBlobs(digests)
      },
    },
  })
  return { pw, metadata, touches, meanwhile: (next) => (work = next) }
}

function artifactOf(run: RunDetail, output: string): Artifact {
  const value = run.outputs[output]!
  if (!('artifact' in value)) throw new Error(`${output} is no artifact`)
  return value.artifact
}

const tells = defineStep({
  name: 'tells',
  version: '1',
  outputs: { x: z.number() },
  run: (_, ctx) => {
    ctx.report({ title: 'T', blocks: [{ type: 'markdown', text: 'hello' }] })
    return { x: 2 }
  },
})
const telling = definePipeline({ name: 'telling' }, (p) => p.step(tells, {}))

describe('garbage collection beside runs', () => {
  test('a run that is resumed or pinned while it marks is kept with all its blobs', async () => {
    const clock = stopClock()
    const { pw, meanwhile } = await watched()
    let fails = true
    const step = defineStep({
      name: 'step',
      version: '1',
      cache: 'never',
      outputs: { x: z.number() },
      run: () => {
        if (fails) throw new Error('no')
        return { x: 1 }
      },
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    const failing = await pw.start(pipeline, {})
    await failing.result().catch(() => undefined)
    fails = false
    const other = await pw.run(pipeline, {})
    clock.pass(2 * hour)
    meanwhile(() => pw.resume(failing.id, pipeline))
    const first = await pw.gc({ olderThan: '1h' })
    expect(first).toMatchObject({ runs: [other.run.id], blobs: 0 })
    const resumed = await pw.show(failing.id)
    expect(resumed.state).toBe('succeeded')
    expect(await pw.bytes(artifactOf(resumed, 'x'))).toHaveLength(1)
    clock.pass(2 * hour)
    meanwhile(() => pw.pin(failing.id))
    expect(await pw.gc({ olderThan: '1h' })).toMatchObject({ runs: [], blobs: 0 })
    expect((await pw.show(failing.id)).pinned).toBe(true)
  })

  test('an attempt does not commit a file that was collected while it went on', async () => {
    const clock = stopClock()
    const pw = await tempWorkspace()
    const step = defineStep({
      name: 'step',
      version: '1',
      outputs: { big: file(), late: file() },
      run: () => ({
        big: Buffer.alloc(200_000, 1),
        late: (async function* () {
          yield Buffer.from('x')
          clock.pass(2 * hour)
          expect((await pw.gc({ olderThan: '30d' })).blobs).toBe(1)
        })(),
      }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    await expect(pw.run(pipeline, {})).rejects.toMatchObject({ cause: { code: 'BLOB_MISSING' } })
  })

  test('a list that cannot be read keeps nothing else from being collected', async () => {
    const clock = stopClock()
    const { pw, metadata } = await watched()
    const step = defineStep({
      name: 'step',
      version: '1',
      inputs: { start: z.number() },
      outputs: { xs: list(json(z.number())) },
      run: ({ start }) => ({ xs: [start, start + 1] }),
    })
    const pipeline = definePipeline({ name: 'p', inputs: { start: z.number() } }, (p, input) =>
      p.step(step, { start: input.start }),
    )
    const old = await pw.run(pipeline, { start: 10 })
    clock.pass(3 * hour)
    const broken = artifactOf(await pw.show((await pw.run(pipeline, { start: 20 })).run.id), 'xs')
    const bytes = await metadata.blob(broken.blob)
    await metadata.dropBlob(broken.blob, bytes!)
    const options = { olderThan: '2h' } as const
    expect((await pw.gc({ ...options, dryRun: true })).runs).toEqual([old.run.id])
    const done = await pw.gc(options)
    expect(done.runs).toEqual([old.run.id])
    expect(done.blobs).toBeGreaterThan(0)
    for (const part of broken.parts!) expect(await metadata.blob(part)).toBeDefined()
  })
})

describe('what a hit uses', () => {
  test('the report of a hit outlives the run that made it', async () => {
    const clock = stopClock()
    const { pw, metadata, meanwhile } = await watched()
    const first = await pw.run(telling, {})
    clock.pass(2 * hour)
    let hit: string | undefined
    meanwhile(async () => (hit = (await pw.run(telling, {})).run.id))
    expect((await pw.gc({ olderThan: '1h' })).runs).toEqual([first.run.id])
    const [execution] = (await pw.show(hit!)).executions
    expect(execution!.reused).not.toBeNull()
    expect(await metadata.blob(execution!.reports[0]!.blob)).toBeDefined()
  })

  test('an entry whose report is gone is a miss', async () => {
    const { pw, metadata } = await watched()
    const first = await pw.show((await pw.run(telling, {})).run.id)
    const { blob } = first.executions[0]!.reports[0]!
    await metadata.dropBlob(blob, (await metadata.blob(blob))!)
    const again = await pw.show((await pw.run(telling, {})).run.id)
    expect(again.executions[0]!.reused).toBeNull()
    expect(await metadata.blob(blob)).toBeDefined()
  })

  test('the items of a list are asked for together, one that is gone is a miss', async () => {
    const clock = stopClock()
    const { pw, metadata, touches } = await watched()
    const step = defineStep({
      name: 'step',
      version: '1',
      outputs: { xs: list(json(z.number())) },
      run: () => ({ xs: Array.from({ length: 1_200 }, (_, at) => at) }),
    })
    const pipeline = definePipeline({ name: 'p' }, (p) => p.step(step, {}))
    await pw.run(pipeline, {})
    clock.pass(2 * hour)
    const hit = await pw.show((await pw.run(pipeline, {})).run.id)
    expect(hit.executions[0]!.reused).not.toBeNull()
    expect(touches).toEqual([1_200])
    let items = 0
    for await (const { at } of metadata.smallBlobs()) if (at === Date.now()) items++
    expect(items).toBeGreaterThanOrEqual(1_200)
    for await (const { digest, size } of metadata.smallBlobs())
      if (size === 4) {
        await metadata.dropBlob(digest, (await metadata.blob(digest))!)
        break
      }
    const missed = await pw.show((await pw.run(pipeline, {})).run.id)
    expect(missed.executions[0]!.reused).toBeNull()
  })
})
