import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  definePipeline,
  definePredictor,
  defineStep,
  file,
  list,
  model,
  renderRun,
  renderWhy,
  table,
  type RunResult,
} from 'pipewright'
import { registerModel } from 'pipewright/registry'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { tempFolder, tempWorkspace } from './temp.ts'

const Row = z.object({ x: z.number(), y: z.number() })

const slope = definePredictor({
  name: 'slope',
  state: z.object({ slope: z.number() }),
  input: z.object({ x: z.number() }),
  output: z.object({ y: z.number() }),
  predict: (state, { x }) => ({ y: state.slope * x }),
})

const load = defineStep({
  name: 'load',
  inputs: { csv: file('text/csv') },
  outputs: { rows: table(Row) },
  run: async ({ csv }) => ({ rows: await csv.readCsv(Row) }),
})

const fit = defineStep({
  name: 'fit',
  inputs: { rows: table(Row), shrink: z.number() },
  outputs: { model: model(slope), loss: z.number() },
  run: ({ rows, shrink }, ctx) => {
    const [xs, ys] = [rows.column('x'), rows.column('y')]
    let value = 0
    for (let i = 0; i < rows.length; i++) value += ys[i]! / xs[i]! / rows.length
    ctx.metric('slope', value)
    return { model: slope.of({ slope: value * shrink }), loss: 1 - shrink }
  },
})

const best = defineStep({
  name: 'best',
  inputs: { models: list(model(slope)), losses: z.array(z.number()) },
  outputs: { model: model(slope) },
  run: ({ models, losses }) => ({ model: models[losses.indexOf(Math.min(...losses))]! }),
})

const slopes = definePipeline(
  { name: 'slopes', inputs: { csv: file('text/csv'), shrinks: z.array(z.number()) } },
  (p, input) => {
    const { rows } = p.step(load, { csv: input.csv })
    const fits = p.map(input.shrinks, (shrink, q) => q.step(fit, { rows, shrink }), { id: 'fits' })
    const chosen = p.step(best, { models: fits.model, losses: fits.loss })
    const registered = p.step(registerModel({ name: 'slope', alias: 'champion', predictor: slope }), {
      model: chosen.model,
    })
    return { model: registered.model, version: registered.version }
  },
)

async function csvFile(text: string): Promise<string> {
  const path = join(await tempFolder(), 'rows.csv')
  await writeFile(path, text)
  return path
}

describe('what is remembered without being asked', () => {
  test('the story of a model goes back to bytes and code', async () => {
    const pw = await tempWorkspace()
    const csv = await csvFile('x,y\n1,2\n2,4\n')
    const { outputs, run } = await pw.run(slopes, { csv, shrinks: [0.5, 1] })
    expect(await outputs.model.predict({ x: 3 })).toEqual({ y: 6 })
    const { digest } = outputs.model
    const story = renderWhy(await pw.why(digest!))
    for (const part of ['fits[1]/fit', 'shrink: 1', 'load', 'rows.csv', 'code ', run.id])
      expect(story).toContain(part)
    const up = await pw.upstream(digest!)
    expect(up.filter(({ type }) => type === 'execution')).not.toHaveLength(0)
    expect(up.some((node) => node.type === 'artifact' && node.artifact.kind === 'file')).toBe(true)
    const source = (await pw.show(run.id)).inputs.csv!
    const down = 'artifact' in source ? await pw.downstream(source.artifact.digest) : []
    expect(down.some((node) => node.type === 'artifact' && node.artifact.digest === digest)).toBe(true)
  })

  test('environment, tags, times; runs are listed, filtered and paged', async () => {
    const pw = await tempWorkspace()
    const csv = await csvFile('x,y\n1,2\n')
    const ids: string[] = []
    for (const tag of ['a', 'b', 'a'])
      ids.push((await pw.run(slopes, { csv, shrinks: [1] }, { tags: [tag] })).run.id)
    expect((await pw.runs()).items.map(({ id }) => id)).toEqual(ids.toReversed())
    expect((await pw.runs({ tag: 'a' })).items).toHaveLength(2)
    expect((await pw.runs({ pipeline: 'other' })).items).toEqual([])
    expect((await pw.runs({ state: 'succeeded', since: new Date(0) })).items).toHaveLength(3)
    const first = await pw.runs({ orderBy: 'startedAt', limit: 2 })
    expect(first.items.map(({ id }) => id)).toEqual(ids.slice(0, 2))
    const rest = await pw.runs({ orderBy: 'startedAt', limit: 2, after: first.next! })
    expect(rest).toMatchObject({ items: [{ id: ids[2] }], next: undefined })
    await expect.poll(async () => (await pw.show(ids[0]!)).environment?.node).toBe(process.versions.node)
    expect((await pw.show(ids[0]!.slice(0, 23))).id).toMatch(/^0/)
    expect(renderRun(await pw.show(ids[2]!), await pw.planOf(ids[2]!))).toContain('↺ load  reused')
  })

  test('the registry: an equal model keeps its version, the alias moves', async () => {
    const pw = await tempWorkspace()
    const csv = await csvFile('x,y\n1,2\n')
    const one = await pw.run(slopes, { csv, shrinks: [1] })
    const again = await pw.run(slopes, { csv, shrinks: [1] })
    expect([one.outputs.version, again.outputs.version]).toEqual([1, 1])
    const two = await pw.run(slopes, { csv: await csvFile('x,y\n1,3\n'), shrinks: [1] })
    expect(two.outputs.version).toBe(2)
    const champion = await pw.registry.get('slope@champion')
    expect(champion).toMatchObject({ name: 'slope', version: 2, aliases: ['champion'], run: two.run.id })
    expect(await (await champion.load(slope)).predict({ x: 1 })).toEqual({ y: 3 })
    expect((await pw.registry.get('slope@1')).aliases).toEqual([])
    expect((await pw.registry.list()).map(({ version }) => version)).toEqual([2, 1])
    await expect(pw.registry.get('slop@champion')).rejects.toThrow("did you mean 'slope'?")
    await expect(pw.registry.get('slope@winner')).rejects.toThrow('slope@champion')
  })

  test('an alias is a word: numbers are versions', () => {
    for (const alias of ['1', 'a@b', '']) expect(() => registerModel({ name: 'm', alias })).toThrow('alias')
  })

  test('code that cannot be read is its own only within its process', async () => {
    const root = await tempFolder()
    const make = (k: number, version?: string) =>
      definePredictor({
        name: 'made',
        version,
        state: z.object({}),
        input: z.number(),
        output: z.number(),
        predict: (_state, x) => k * x,
      })
    const one = make(1)
    const train = (predictor: ReturnType<typeof make>) =>
      definePipeline({ name: 'trains' }, (p) =>
        p.step(registerModel({ name: 'made', predictor }), {
          model: p.step(
            defineStep({
              name: 'train',
              version: '1',
              cache: 'never',
              outputs: { model: model(predictor) },
              run: () => ({ model: predictor.of({}) }),
            }),
            {},
          ).model,
        }),
      )
    const pw = await tempWorkspace({ root })
    await pw.run(train(one), {})
    const registered = await pw.registry.get('made')
    expect(await (await registered.load(one)).predict(3)).toBe(3)
    await expect(registered.load(make(1000))).rejects.toMatchObject({
      code: 'PREDICTOR_CHANGED',
      fix: expect.stringContaining('`version`') as string,
    })
    await pw.run(train(make(2, '2')), {})
    expect(await (await (await pw.registry.get('made')).load(make(2, '2'))).predict(3)).toBe(6)
  })

  test('compare tells what differs', async () => {
    const pw = await tempWorkspace()
    const csv = await csvFile('x,y\n1,2\n')
    const a = await pw.run(slopes, { csv, shrinks: [1] })
    const b = await pw.run(slopes, { csv, shrinks: [0.5] })
    const { inputs, nodes } = await pw.compare(a.run.id, b.run.id)
    expect(inputs.map(({ name, equal }) => [name, equal])).toEqual([
      ['csv', true],
      ['shrinks', false],
    ])
    expect(nodes.find(({ node }) => node === 'load')?.equal).toBe(true)
    expect(nodes.find(({ node }) => node === 'fits[0]/fit')).toMatchObject({ equal: false, codeEqual: true })
  })
})

describe('garbage collection', () => {
  test('dry run tells, a real one removes what nothing needs; pinned runs and registered models survive', async () => {
    const pw = await tempWorkspace()
    const big = 'y'.repeat(10_000)
    const make = defineStep({
      name: 'make',
      version: '1',
      inputs: { text: z.string() },
      outputs: { text: z.string() },
      run: ({ text }) => ({ text: text + big }),
    })
    const pipeline = definePipeline({ name: 'makes', inputs: { text: z.string() } }, (p, input) =>
      p.step(make, { text: input.text }),
    )
    const csv = await csvFile('x,y\n1,2\n')
    const model = await pw.run(slopes, { csv, shrinks: [1] })
    const pinned = await pw.run(pipeline, { text: 'pinned' })
    const old = await pw.run(pipeline, { text: 'old' })
    await pw.pin(pinned.run.id)
    const options = { olderThan: 0, spare: 0 } as const
    const dry = await pw.gc({ ...options, dryRun: true })
    expect(dry).toMatchObject({ dryRun: true, runs: [old.run.id] })
    expect((await pw.runs()).items).toHaveLength(3)
    const done = await pw.gc(options)
    expect(done.runs).toEqual([old.run.id])
    expect(done.bytes).toBeGreaterThan(10_000)
    expect((await pw.runs()).items.map(({ id }) => id)).toEqual([pinned.run.id, model.run.id])
    expect(await (await (await pw.registry.get('slope')).load(slope)).predict({ x: 1 })).toEqual({ y: 2 })
    // What was collected runs again, what was kept is a hit.
    const again = await pw.run(pipeline, { text: 'old' })
    expect((await pw.show(again.run.id)).executions[0]?.reused).toBeNull()
    const hit = await pw.run(pipeline, { text: 'pinned' })
    expect((await pw.show(hit.run.id)).executions[0]?.reused).not.toBeNull()
  })

  test('what a run finds by its key meanwhile stays', async () => {
    const metadata = await openSqliteMetadata(':memory:')
    let meanwhile = async (): Promise<void> => undefined
    const pw = await tempWorkspace({
      metadata: {
        ...metadata,
        remove: async (request) => {
          await meanwhile()
          return metadata.remove(request)
        },
      },
    })
    const make = defineStep({
      name: 'make',
      version: '1',
      outputs: { large: z.string(), small: z.string() },
      run: () => ({ large: 'z'.repeat(10_000), small: 'z' }),
    })
    const pipeline = definePipeline({ name: 'makes' }, (p) => p.step(make, {}))
    await pw.run(pipeline, {})
    await new Promise((resolve) => setTimeout(resolve, 30))
    let found: RunResult<{ large: string; small: string }> | undefined
    meanwhile = async () => {
      found = await pw.run(pipeline, {})
    }
    expect((await pw.gc({ olderThan: 10, spare: 20 })).runs).toHaveLength(1)
    const { outputs } = await pw.show(found!.run.id)
    for (const value of Object.values(outputs))
      if ('artifact' in value && value.artifact.size > 1_000)
        expect(await pw.bytes(value.artifact)).toHaveLength(10_002)
  })

  test('young blobs are spared', async () => {
    const pw = await tempWorkspace()
    const make = defineStep({
      name: 'make',
      version: '1',
      outputs: { text: z.string() },
      run: () => ({ text: 'z'.repeat(10_000) }),
    })
    await pw.run(
      definePipeline({ name: 'makes' }, (p) => p.step(make, {})),
      {},
    )
    const report = await pw.gc({ olderThan: 0 })
    expect(report.runs).toHaveLength(1)
    expect(report.blobs).toBe(0)
  })
})
