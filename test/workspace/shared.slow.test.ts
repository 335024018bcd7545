import { execFile } from 'node:child_process'
import { chmod, readdir, readFile, rm, stat, symlink, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import {
  definePipeline,
  defineStep,
  directory,
  file,
  list,
  metrics,
  renderExplanation,
  renderRun,
  renderWhy,
  table,
  type Settings,
  type Workspace,
} from 'pipewright'
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import { sha256, type Digest } from '../../src/internal/digest.ts'
import type { Artifact } from '../../src/artifact/artifact.ts'
import { encodeList } from '../../src/artifact/list.ts'
import type { PendingBlob } from '../../src/execute/blobs.ts'
import { decodeEntry, encodeEntry } from '../../src/execute/shared-entry.ts'
import { openFileStore } from '../../src/store/file-store.ts'
import { blobOf } from './damage.ts'
import { artifact } from '../record/support.ts'
import { statesOf, tempFolder, tempWorkspace } from './temp.ts'

const calls: string[] = []

beforeEach(() => {
  calls.length = 0
})

/** A workspace in a folder of its own, as if it were another machine. */
function machine(folder: string, settings: Settings = {}): Promise<Workspace> {
  return tempWorkspace({ store: { folder, shared: true }, ...settings })
}

async function entryFiles(folder: string): Promise<string[]> {
  const names = await readdir(join(folder, 'cache'), { recursive: true, withFileTypes: true })
  return names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
}

function warnings(): () => string[] {
  const spy = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => spy.mockRestore())
  return () =>
    spy.mock.calls.flatMap(([message, options]) =>
      (options as { code?: string }).code === 'PIPEWRIGHT_SHARED_CACHE' ? [String(message)] : [],
    )
}

const Row = z.object({ x: z.number() })

const makes = defineStep({
  name: 'makes',
  version: '1',
  inputs: { n: z.number() },
  outputs: {
    small: z.number(),
    large: z.array(z.number()),
    rows: table(Row),
    empty: table(Row),
    note: file('text/plain'),
    tree: directory(),
    numbers: list(table(Row)),
    notes: list(file('text/plain')),
    score: metrics({ loss: z.number() }),
    none: z.number().optional(),
  },
  run: ({ n }, ctx) => {
    calls.push('makes')
    ctx.param('n', n)
    ctx.metric('loss', Number.NaN)
    ctx.log.info('made')
    ctx.report({ title: 'Made', blocks: [{ type: 'markdown', text: `# ${n}` }] })
    const rows = Array.from({ length: 3_000 }, (_, x) => ({ x: x + n }))
    return {
      small: n + 1,
      large: rows.map(({ x }) => x),
      rows,
      empty: [],
      note: Buffer.from(`note ${n}`),
      tree: ctx.workdir,
      numbers: [rows, [{ x: n }]],
      notes: Array.from({ length: 20 }, (_, at) => Buffer.from(`note ${n} ${at}`)),
      score: { loss: 0.5 },
      none: undefined,
    }
  },
})

const reads = defineStep({
  name: 'reads',
  version: '1',
  inputs: {
    small: z.number(),
    large: z.array(z.number()),
    rows: table(Row),
    empty: table(Row),
    note: file('text/plain'),
    numbers: list(table(Row)),
    notes: list(file('text/plain')),
    salt: z.string(),
  },
  outputs: { text: z.string() },
  run: async ({ small, large, rows, empty, note, numbers, notes, salt }) => {
    calls.push(`reads ${salt}`)
    const texts = await Promise.all(notes.map((one) => one.text()))
    const sizes = [large.length, rows.length, empty.length, ...numbers.map((one) => one.length)]
    return { text: [small, sizes, await note.text(), texts.length, texts.at(-1)].join(' ') }
  },
})

const all = definePipeline({ name: 'all', inputs: { n: z.number(), salt: z.string() } }, (p, input) => {
  const { small, large, rows, empty, note, numbers, notes } = p.step(makes, { n: input.n })
  return p.step(reads, { small, large, rows, empty, note, numbers, notes, salt: input.salt })
})

const stamp = defineStep({
  name: 'stamp',
  version: '1',
  cache: 'content',
  outputs: { run: z.string() },
  run: (_inputs, ctx) => {
    calls.push('stamp')
    return { run: ctx.run.id }
  },
})

const stamped = definePipeline({ name: 'stamped' }, (p) => p.step(stamp, {}))

describe('a shared store', () => {
  test('what one workspace has made is a hit in another one, of every kind', async () => {
    const folder = await tempFolder()
    const [one, two] = [await machine(folder), await machine(folder)]
    const first = await one.run(all, { n: 1, salt: 'a' })
    expect(first.outputs.text).toBe('2 3000,3000,0,3000,1 note 1 20 note 1 19')
    const second = await two.run(all, { n: 1, salt: 'a' })
    expect(second.outputs).toEqual(first.outputs)
    expect(await statesOf(two, second.run.id)).toEqual({ makes: 'reused', reads: 'reused' })
    // What was reused can be read here, by a step that was not.
    const third = await two.run(all, { n: 1, salt: 'b' })
    expect(third.outputs).toEqual(first.outputs)
    expect(calls).toEqual(['makes', 'reads a', 'reads b'])
    const { executions } = await two.show(second.run.id)
    const made = executions.find(({ node }) => node === 'makes')!
    expect(made.reused).toEqual({ run: first.run.id, node: 'makes' })
    expect(made.params).toEqual({ n: 1 })
    expect(made.metrics).toMatchObject({ loss: { count: 1 } })
    expect(made.reports).toHaveLength(1)
    expect(made.outputs['none']).toEqual({ absent: true })
  })

  test('a run of another workspace is a stranger to nothing that tells of runs', async () => {
    const folder = await tempFolder()
    const [one, two] = [await machine(folder), await machine(folder)]
    const first = await one.run(all, { n: 1, salt: 'a' })
    const { run } = await two.run(all, { n: 1, salt: 'a' })
    const next = await two.run(all, { n: 1, salt: 'b' })
    expect(renderExplanation(await two.explain(run.id, 'makes'))).toContain(
      `reused from run ${first.run.id}, node makes`,
    )
    const detail = await two.show(run.id)
    expect(renderRun(detail, await two.planOf(run.id))).toContain(`from run ${first.run.id.slice(0, 8)}`)
    const output = detail.outputs['text']!
    if (!('artifact' in output)) throw new Error('no artifact')
    const { digest } = output.artifact
    expect(renderWhy(await two.why(digest))).toContain('reads')
    expect((await two.upstream(digest)).length).toBeGreaterThan(0)
    expect((await two.compare(run.id, next.run.id)).nodes.length).toBeGreaterThan(0)
    await two.pin(run.id)
    await two.gc({ olderThan: 0, spare: 0 })
    await two.run(all, { n: 1, salt: 'a' })
    expect(calls).toEqual(['makes', 'reads a', 'reads b'])
  })

  test('maps are looked up together', async () => {
    const folder = await tempFolder()
    const store = await openFileStore(folder, { shared: true })
    const look = vi.spyOn(store.entries!, 'get')
    const half = defineStep({
      name: 'half',
      version: '1',
      inputs: { n: z.number() },
      outputs: { n: z.number() },
      run: ({ n }) => {
        calls.push('half')
        return { n: n / 2 }
      },
    })
    const halves = definePipeline({ name: 'halves', inputs: { ns: z.array(z.number()) } }, (p, input) => ({
      ns: p.map(input.ns, (n, q) => q.step(half, { n })).n,
    }))
    const ns = Array.from({ length: 200 }, (_, at) => at)
    const one = await machine(folder)
    await one.run(halves, { ns })
    const two = await tempWorkspace({ store })
    expect((await two.run(halves, { ns })).outputs.ns).toEqual(ns.map((n) => n / 2))
    expect(calls).toHaveLength(200)
    const sizes = look.mock.calls.map(([keys]) => keys.length)
    expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(200)
    expect(sizes.length).toBeLessThan(50)
  })

  test('an entry that one workspace has refreshed replaces that of the other', async () => {
    const folder = await tempFolder()
    const [one, two] = [await machine(folder), await machine(folder)]
    const first = await one.run(stamped, {})
    expect((await two.run(stamped, {})).outputs.run).toBe(first.run.id)
    const again = await two.run(stamped, {}, { cache: 'refresh' })
    expect(again.outputs.run).toBe(again.run.id)
    expect((await one.run(stamped, {})).outputs.run).toBe(again.run.id)
    expect((await two.run(stamped, {})).outputs.run).toBe(again.run.id)
    expect(calls).toHaveLength(2)
    expect(await entryFiles(folder)).toHaveLength(1)
  })

  test('an entry that is there is not written again', async () => {
    const store = await openFileStore(await tempFolder(), { shared: true })
    const put = vi.spyOn(store.entries!, 'put')
    const pw = await tempWorkspace({ store })
    await pw.run(stamped, {})
    await pw.run(stamped, {})
    expect(put).toHaveBeenCalledTimes(1)
  })

  test('the entries of every run are shared, not only those of the first', async () => {
    const folder = await tempFolder()
    const one = await machine(folder)
    for (const n of [1, 2, 3]) {
      await one.run(all, { n, salt: 'a' })
      expect(await entryFiles(folder)).toHaveLength(2 * n)
    }
  })

  test('a hit of another workspace is verified with the ctx.now of the execution that made it', async () => {
    const now = defineStep({
      name: 'now',
      version: '1',
      cache: 'content',
      outputs: { at: z.number() },
      run: async (_inputs, ctx) => {
        // Its end is another time than its start.
        await sleep(20)
        return { at: Number(ctx.now()) }
      },
    })
    const nows = definePipeline({ name: 'nows' }, (p) => p.step(now, {}))
    const folder = await tempFolder()
    const one = await machine(folder)
    await one.run(nows, {})
    const matches = { verified: 1, mismatches: [] }
    expect((await one.run(nows, {}, { verifyCache: 1 })).verification).toEqual(matches)
    const two = await machine(folder)
    const { run, verification } = await two.run(nows, {}, { verifyCache: 1 })
    expect(await statesOf(two, run.id)).toEqual({ now: 'reused' })
    expect(verification).toEqual(matches)
  })

  test('what a workspace had before it shared is shared when it is used', async () => {
    const folder = await tempFolder()
    const root = await tempFolder()
    const alone = await tempWorkspace({ root, store: { folder } })
    const first = await alone.run(stamped, {})
    await alone.close()
    const one = await machine(folder, { root })
    await one.run(stamped, {})
    const two = await machine(folder)
    expect((await two.run(stamped, {})).outputs.run).toBe(first.run.id)
    expect(calls).toHaveLength(1)
  })

  test('an expired entry is made again, for all', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const daily = definePipeline({ name: 'daily' }, (p) => p.step(stamp, {}, { cache: { ttl: '1d' } }))
    const folder = await tempFolder()
    const [one, two] = [await machine(folder), await machine(folder)]
    const first = await one.run(daily, {})
    expect((await two.run(daily, {})).outputs.run).toBe(first.run.id)
    vi.setSystemTime(Date.now() + 25 * 60 * 60 * 1_000)
    const second = await two.run(daily, {})
    expect(second.outputs.run).toBe(second.run.id)
    expect((await one.run(daily, {})).outputs.run).toBe(second.run.id)
  })

  test('runs that are readonly or off, and steps that are not cached, leave no entry', async () => {
    const folder = await tempFolder()
    const one = await machine(folder)
    await one.run(stamped, {}, { cache: 'readonly' })
    await one.run(stamped, {}, { cache: 'off' })
    await one.run(
      definePipeline({ name: 'never' }, (p) => p.step(stamp, {}, { cache: 'never' })),
      {},
    )
    expect(await entryFiles(folder)).toEqual([])
  })

  test('a run that is readonly shares nothing that was there before', async () => {
    const [folder, root] = [await tempFolder(), await tempFolder()]
    const alone = await tempWorkspace({ root, store: { folder } })
    await alone.run(stamped, {})
    await alone.close()
    const one = await machine(folder, { root })
    await one.run(stamped, {}, { cache: 'readonly' })
    expect(calls).toEqual(['stamp'])
    expect(await entryFiles(folder)).toEqual([])
  })
})

describe('garbage collection in a shared store', () => {
  /** A workspace that has made something and gone, and another one. */
  async function left(): Promise<{ folder: string; pw: Workspace }> {
    const folder = await tempFolder()
    const one = await machine(folder)
    await one.run(all, { n: 1, salt: 'a' })
    await one.close()
    return { folder, pw: await machine(folder) }
  }

  async function objects(folder: string): Promise<string[]> {
    const found = await readdir(join(folder, 'objects'), { recursive: true, withFileTypes: true })
    return found.filter((entry) => entry.isFile()).map(({ name }) => name)
  }

  test('removes runs, and no blob or entry: others use them', async () => {
    const { folder, pw } = await left()
    const before = await objects(folder)
    expect(before.length).toBeGreaterThan(0)
    const { run } = await pw.run(all, { n: 1, salt: 'a' })
    const { runs } = await pw.gc({ olderThan: 0, spare: 0 })
    expect(runs).toEqual([run.id])
    expect(await objects(folder)).toEqual(before)
    await pw.run(all, { n: 1, salt: 'a' })
    expect(calls).toEqual(['makes', 'reads a'])
  })

  test('removes what is older than asked for, and what no entry names that stays', async () => {
    vi.useFakeTimers({ toFake: ['Date'] })
    onTestFinished(() => void vi.useRealTimers())
    const { folder, pw } = await left()
    const store = await openFileStore(folder)
    const stray = await store.put(Buffer.from('stray '.repeat(1_000)))
    const day = 24 * 60 * 60 * 1_000
    vi.setSystemTime(Date.now() + 100 * day)
    await pw.run(all, { n: 2, salt: 'b' }, { cache: 'refresh' })
    expect(calls).toEqual(['makes', 'reads a', 'makes', 'reads b'])
    expect(await pw.gc({ olderThan: '1000d', sharedOlderThan: '200d' })).toMatchObject({
      blobs: 0,
      cacheEntries: 0,
    })
    const dry = await pw.gc({ olderThan: '1000d', sharedOlderThan: '90d', dryRun: true })
    expect(await entryFiles(folder)).toHaveLength(4)
    const report = await pw.gc({ olderThan: '1000d', sharedOlderThan: '90d' })
    expect(report).toEqual({ ...dry, dryRun: false })
    expect(report.cacheEntries).toBe(2)
    expect(await entryFiles(folder)).toHaveLength(2)
    expect(await store.has(stray.digest)).toBe(false)
    const three = await machine(folder)
    await three.run(all, { n: 2, salt: 'b' })
    expect(calls).toHaveLength(4)
    await three.run(all, { n: 1, salt: 'a' })
    expect(calls.slice(4)).toEqual(['makes', 'reads a'])
  })

  test('removes no blob while an entry cannot be read that may name it', async () => {
    const { folder, pw } = await left()
    const before = await objects(folder)
    for (const entry of await readdir(join(folder, 'objects'), { recursive: true, withFileTypes: true }))
      if (entry.isFile()) await utimes(join(entry.parentPath, entry.name), 1, 1)
    for (const path of await entryFiles(folder)) {
      if (!(await readFile(path, 'utf8')).includes('"node":"makes"')) continue
      await rm(path)
      // As on a disk that fails.
      await symlink(path, path)
    }
    expect(await pw.gc({ olderThan: '1d', spare: 0, sharedOlderThan: '1h' })).toMatchObject({ blobs: 0 })
    expect(await objects(folder)).toEqual(before)
  })

  test('removes no blob while an entry of a newer version may name it', async () => {
    const { folder, pw } = await left()
    const before = await objects(folder)
    for (const path of await entryFiles(folder)) {
      const newer = (await readFile(path, 'utf8')).replace('"format":1', '"format":99')
      await chmod(path, 0o644)
      await writeFile(path, newer)
    }
    await pw.gc({ olderThan: 0, spare: 0, sharedOlderThan: 0 })
    expect(await objects(folder)).toEqual(before)
  })
})

describe('what is wrong with a shared store', () => {
  const large = (text: string) =>
    definePipeline({ name: 'large' }, (p) =>
      p.step(
        defineStep({
          name: 'large',
          version: '1',
          outputs: { text: file('text/plain') },
          run: () => {
            calls.push(text)
            return { text: Buffer.from(text.repeat(9_000)) }
          },
        }),
        {},
      ),
    )

  /** A workspace that has an entry, and another one that has replaced it in the store, by what is gone now. */
  async function replaced(): Promise<{ folder: string; root: string; objectOf: (digest: Digest) => string }> {
    const [folder, root] = [await tempFolder(), await tempFolder()]
    const objectOf = (digest: Digest): string => join(folder, 'objects', digest.slice(7, 9), digest.slice(9))
    const one = await machine(folder, { root })
    await one.run(large('a'), {})
    await one.close()
    const two = await machine(folder)
    const { run } = await two.run(large('b'), {}, { cache: 'refresh' })
    await rm(objectOf(await blobOf(two, run.id, 'large', 'text')))
    await two.close()
    return { folder, root, objectOf }
  }

  test('a later entry whose blobs are gone leaves the entry that a workspace has, which replaces it', async () => {
    const { folder, root } = await replaced()
    const one = await machine(folder, { root })
    const { run } = await one.run(large('c'), {})
    expect(await statesOf(one, run.id)).toEqual({ large: 'reused' })
    await one.close()
    await (await machine(folder)).run(large('d'), {})
    expect(calls).toEqual(['a', 'b'])
  })

  test('entries whose blobs are gone are forgotten, but not by a run that is readonly', async () => {
    const { folder, root, objectOf } = await replaced()
    const one = await machine(folder, { root })
    const blob = sha256('a'.repeat(9_000))
    const bytes = await readFile(objectOf(blob))
    await rm(objectOf(blob))
    await one.run(large('c'), {}, { cache: 'readonly' })
    await writeFile(objectOf(blob), bytes)
    await one.run(large('d'), {}, { cache: 'readonly' })
    expect(calls).toEqual(['a', 'b', 'c'])
    await rm(objectOf(blob))
    const { run } = await one.run(large('e'), {})
    await writeFile(objectOf(blob), bytes)
    expect((await one.run(large('f'), {})).run.id).not.toBe(run.id)
    expect(calls).toEqual(['a', 'b', 'c', 'e'])
  })

  test.each<[string, (text: string) => string]>([
    ['is damaged', (text) => text.replace('"at":', '"at":1')],
    ['is cut off', (text) => text.slice(0, text.length / 2)],
    ['is empty', () => ''],
    ['is nothing of ours', () => 'null\nnull\n'],
  ])('an entry that %s is a miss with a warning, and made again', async (_what, damage) => {
    const folder = await tempFolder()
    const told = warnings()
    const [one, two, three] = [await machine(folder), await machine(folder), await machine(folder)]
    await one.run(stamped, {})
    const [path] = await entryFiles(folder)
    await chmod(path!, 0o644)
    await writeFile(path!, damage(await readFile(path!, 'utf8')))
    const second = await two.run(stamped, {})
    expect(second.outputs.run).toBe(second.run.id)
    expect(told()).toEqual([expect.stringContaining('is not what was written')])
    expect((await three.run(stamped, {})).outputs.run).toBe(second.run.id)
  })

  test('an entry of another key is a miss', async () => {
    const folder = await tempFolder()
    warnings()
    const [one, two] = [await machine(folder), await machine(folder)]
    await one.run(stamped, {})
    const [path] = await entryFiles(folder)
    const text = await readFile(path!)
    await one.run(all, { n: 1, salt: 'a' })
    for (const other of await entryFiles(folder)) {
      await chmod(other, 0o644)
      await writeFile(other, text)
    }
    expect((await two.run(all, { n: 1, salt: 'a' })).outputs.text).toContain('note 1')
    expect(calls).toEqual(['stamp', 'makes', 'reads a', 'makes', 'reads a'])
  })

  test('an entry of a newer version is a miss with a warning, and left alone', async () => {
    const folder = await tempFolder()
    const told = warnings()
    const [one, two] = [await machine(folder), await machine(folder)]
    await one.run(stamped, {})
    const [path] = await entryFiles(folder)
    const newer = (await readFile(path!, 'utf8')).replace('"format":1', '"format":99')
    await chmod(path!, 0o644)
    await writeFile(path!, newer)
    await two.run(stamped, {})
    expect(calls).toHaveLength(2)
    expect(told()).toEqual([expect.stringContaining('newer')])
    expect(await readFile(path!, 'utf8')).toBe(newer)
  })

  test('an entry whose blobs are gone is a miss, made again and replaced', async () => {
    const folder = await tempFolder()
    const [one, two] = [await machine(folder), await machine(folder)]
    await one.run(all, { n: 1, salt: 'a' })
    await rm(join(folder, 'objects'), { recursive: true })
    const second = await two.run(all, { n: 1, salt: 'a' })
    expect(await statesOf(two, second.run.id)).toEqual({ makes: 'succeeded', reads: 'reused' })
    expect(calls).toEqual(['makes', 'reads a', 'makes'])
    const third = await machine(folder)
    await third.run(all, { n: 1, salt: 'b' })
    expect(calls).toEqual(['makes', 'reads a', 'makes', 'reads b'])
  })

  test('one that cannot be written warns once, and no run fails', async () => {
    const folder = await tempFolder()
    const told = warnings()
    await (await machine(folder)).run(stamped, {})
    const store = await openFileStore(folder, {
      shared: true,
      open: () => Promise.reject(Object.assign(new Error('read-only'), { code: 'EROFS' })),
    })
    const two = await tempWorkspace({ store })
    await two.run(stamped, {})
    await two.run(stamped, {}, { cache: 'refresh' })
    await two.run(stamped, {}, { cache: 'refresh' })
    expect(calls).toHaveLength(3)
    expect(told()).toEqual([expect.stringContaining('cannot be written')])
  })

  test('one that fails altogether warns once, and steps run', async () => {
    const told = warnings()
    const store = await openFileStore(await tempFolder(), { shared: true })
    vi.spyOn(store.entries!, 'get').mockRejectedValue(new Error('down'))
    vi.spyOn(store.entries!, 'put').mockRejectedValue(new Error('down'))
    const pw = await tempWorkspace({ store })
    await pw.run(stamped, {})
    await pw.run(stamped, {})
    expect(calls).toHaveLength(1)
    expect(told()).toEqual([
      expect.stringContaining('cannot be read'),
      expect.stringContaining('cannot be written'),
    ])
  })
})

describe('an entry of others that was made by hand', () => {
  const local = defineStep({
    name: 'local',
    version: '1',
    outputs: { texts: list(file('text/plain')) },
    run: () => {
      calls.push('local')
      return { texts: [Buffer.from('mine')] }
    },
  })
  const reader = defineStep({
    name: 'reader',
    version: '1',
    cache: 'never',
    inputs: { texts: list(file('text/plain')) },
    outputs: { text: z.string() },
    run: async ({ texts }) => ({ text: await texts[0]!.text() }),
  })
  const reading = definePipeline({ name: 'reading' }, (p) =>
    p.step(reader, { texts: p.step(local, {}).texts }),
  )

  /** Puts an entry with a list of its own making in the place of that of `local`. */
  async function forge(
    make: (put: (bytes: Uint8Array) => Promise<{ digest: Digest; size: number }>) => Promise<Artifact>,
  ): Promise<string> {
    const folder = await tempFolder()
    const one = await machine(folder)
    await one.run(
      definePipeline({ name: 'locals' }, (p) => p.step(local, {})),
      {},
    )
    await one.close()
    const [path] = await entryFiles(folder)
    const key: Digest = `sha256:${path!.slice(-65).replace('/', '')}`
    const found = decodeEntry(key, await readFile(path!))
    if (typeof found === 'string') throw new Error(found)
    const blobs: PendingBlob[] = []
    const texts = await make((bytes) => {
      const digest = sha256(bytes)
      blobs.push({ digest, bytes })
      return Promise.resolve({ digest, size: bytes.byteLength })
    })
    const entry = { ...found.entry, at: found.entry.at + 1, outputs: { texts: { artifact: texts } } }
    const bytes = encodeEntry({ entry, blobs })
    expect(decodeEntry(key, bytes)).toMatchObject({ entry: { at: entry.at } })
    const store = await openFileStore(folder, { shared: true })
    await store.entries!.put(new Map([[key, bytes]]))
    return folder
  }

  const listOf = (made: string, digest: Digest): Artifact => ({
    ...artifact(made, { kind: 'list', mediaType: 'application/vnd.pipewright.list+json' }),
    blob: digest,
  })
  const json = (value: unknown): Uint8Array => Buffer.from(JSON.stringify(value))
  type Put = Parameters<Parameters<typeof forge>[0]>[0]

  async function withItem(put: Put, item: object): Promise<Artifact> {
    return encodeList([{ ...artifact('x', { kind: 'file', mediaType: 'text/plain' }), ...item }], {
      blobs: { put },
    } as never)
  }

  test.each<[string, (put: Put, secret: string) => Promise<Artifact>]>([
    [
      'a file of this machine as an item',
      async (put, secret) => {
        const { size, mtimeNs } = await stat(secret, { bigint: true })
        const external = { path: secret, size: Number(size), mtimeNs: String(mtimeNs) }
        return withItem(put, { external })
      },
    ],
    [
      'a list in a list with such an item',
      async (put, secret) => {
        const { size, mtimeNs } = await stat(secret, { bigint: true })
        const external = { path: secret, size: Number(size), mtimeNs: String(mtimeNs) }
        return encodeList([await withItem(put, { external })], { blobs: { put } } as never)
      },
    ],
    ['an item that is a path', (put, secret) => withItem(put, { blob: `sha256:ab/../../../..${secret}` })],
    [
      'an item with a part that is a path',
      (put, secret) => withItem(put, { parts: [`sha256:ab/../../../..${secret}`] }),
    ],
    ['parts that are no list', (put) => withItem(put, { parts: 1 })],
    [
      'a page that is a path',
      async (put, secret) => {
        const pages = [`sha256:../../../../../../../../../../..${secret}`]
        return listOf('pages', (await put(json({ count: 1, pages }))).digest)
      },
    ],
    ['a list without pages', async (put) => listOf('none', (await put(json({ count: 1 }))).digest)],
    ['a list that is no JSON', async (put) => listOf('text', (await put(Buffer.from('text'))).digest)],
    [
      'items that are none',
      async (put) => {
        const { digest } = await put(json([1, 'x', {}]))
        return listOf('items', (await put(json({ count: 3, pages: [digest] }))).digest)
      },
    ],
  ])('with %s is a miss, and no collection fails by it', async (_what, make) => {
    const secret = join(await tempFolder(), 'secret.txt')
    await writeFile(secret, '{"text":"the secret"}')
    const folder = await forge((put) => make(put, secret))
    const two = await machine(folder)
    await two.gc({ olderThan: '1d', sharedOlderThan: '1d', dryRun: true })
    const { outputs } = await two.run(reading, {})
    expect(outputs.text).toBe('mine')
    expect(calls).toEqual(['local', 'local'])
    expect(await readFile(secret, 'utf8')).toContain('the secret')
    // Replaced by what was made.
    await (await machine(folder)).run(reading, {})
    expect(calls).toEqual(['local', 'local'])
  })
})

test('a folder that a user may only read gives hits', async () => {
  const script = fileURLToPath(new URL('./programs/shared.ts', import.meta.url))
  const asNobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}
  const run = async (...parameters: string[]): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', script, ...parameters],
      asNobody,
    )
    return JSON.parse(stdout)
  }
  const [folder, one, two] = [await tempFolder(), await tempFolder(), await tempFolder()]
  for (const path of [folder, one, two]) await chmod(path, 0o777)
  expect(await run(one, folder, 'one')).toEqual({ by: 'one 999', reused: [], warnings: 0 })
  const all = await readdir(folder, { recursive: true, withFileTypes: true })
  const folders = all
    .filter((entry) => entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))
  for (const path of [folder, ...folders]) await chmod(path, 0o555)
  onTestFinished(async () => {
    for (const path of [folder, ...folders]) await chmod(path, 0o755)
  })
  expect(await run(two, folder, 'two', 'more')).toEqual({
    by: 'one 999',
    reused: ['small', 'large'],
    warnings: 1,
  })
}, 60_000)

test('a mistake in the setting is told', async () => {
  for (const store of [{ folder: '' }, { folder: 1 }, { folder: 'a', share: true }, {}, null, 1] as never[])
    await expect(tempWorkspace({ store })).rejects.toMatchObject({ code: 'CONFIG_INVALID' })
})
