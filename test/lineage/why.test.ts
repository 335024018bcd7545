import { describe, expect, it } from 'vitest'
import { renderWhy } from '../../src/lineage/render-why.ts'
import { why, type Story } from '../../src/lineage/why.ts'
import { appendAll, artifact, openStore, started, succeeded, values } from '../record/support.ts'
import type { Artifact } from '../../src/artifact/artifact.ts'

const csv = artifact('csv', { kind: 'file', meta: { path: 'data/tumours.csv' } })
const rows = artifact('rows', { kind: 'table', meta: { rows: 569 } })
const model = artifact('model', { kind: 'model' })
const other = artifact('other model', { kind: 'model' })
const models = artifact('models', { kind: 'list', meta: { count: 2 } })
const best = artifact('best')

const key = ({ kind, digest }: Artifact): string => `${kind} ${digest}`

function madeBy(story: Story, one: Artifact): string | undefined {
  const making = story.artifacts[key(one)]?.making
  return making === null || making === undefined ? undefined : `${making.run}:${making.node}`
}

async function filled() {
  const store = await openStore()
  const code = { load: 'sha256:10ad', train: 'sha256:7ea1', pick: 'sha256:91c4' } as const
  await appendAll(store, 'one', [
    started({ inputs: values({ csv }), code, pipeline: 'tumours' }),
    succeeded('load', { inputs: values({ csv }), outputs: values({ rows }) }),
    succeeded('trials[0]/train', {
      step: 'train',
      inputs: { rows: { artifact: rows }, rate: { value: 0.1 } },
      outputs: values({ model }),
      facts: { metrics: {}, params: { depth: 3 }, reports: [] },
    }),
    succeeded('trials[1]/train', {
      step: 'train',
      inputs: { rows: { artifact: rows }, rate: { value: 0.2 } },
      outputs: values({ model: other }),
    }),
    succeeded('trials', {
      step: null,
      attempt: 0,
      outputs: values({ models }),
      gathers: { models: { node: 'train', output: 'model' } },
    }),
    succeeded('pick', { inputs: values({ models }), outputs: values({ best }) }),
    succeeded('register', { inputs: values({ model }), outputs: values({ model }) }),
  ])
  return store
}

describe('why', () => {
  it('tells who made an artifact first, from what, with which code, down to the source', async () => {
    const store = await filled()
    const story = await why(store, best.digest)
    expect(story.roots).toEqual([key(best)])
    expect(Object.keys(story.artifacts).sort()).toEqual(
      [best, models, model, other, rows, csv].map(key).sort(),
    )
    expect(madeBy(story, best)).toBe('one:pick')
    expect(madeBy(story, models)).toBe('one:trials')
    expect(story.artifacts[key(models)]!.making!.inputs).toEqual({
      models: { list: [{ artifact: key(model) }, { artifact: key(other) }] },
    })
    // Not `register`, which only hands the model on.
    expect(story.artifacts[key(model)]!.making).toEqual({
      run: 'one',
      pipeline: 'tumours',
      node: 'trials[0]/train',
      step: 'train',
      startedAt: 1_000,
      finishedAt: 1_002,
      code: 'sha256:7ea1',
      params: { depth: 3 },
      inputs: { rows: { artifact: key(rows) }, rate: { value: 0.1 } },
      reused: false,
    })
    expect(story.artifacts[key(csv)]).toEqual({ artifact: csv, making: null, path: 'data/tumours.csv' })
  })

  it('tells the first making, also when a later run reused it', async () => {
    const store = await filled()
    const reused = { run: 'one', node: 'trials[0]/train' }
    await appendAll(store, 'two', [
      started(),
      succeeded('train', { inputs: values({ rows }), outputs: values({ model }), attempt: 0, reused }),
    ])
    expect(madeBy(await why(store, model.digest), model)).toBe('one:trials[0]/train')
    await store.remove({
      runs: [{ id: 'one', state: 'interrupted', finishedAt: null }],
      blobs: [],
      cacheKeys: [],
    })
    const story = await why(store, model.digest)
    expect(story.artifacts[key(model)]!.making).toMatchObject({ run: 'two', reused: true })
    expect(story.artifacts[key(rows)]).toMatchObject({ making: null, path: null })
  })

  it('takes the path from the run whose story it tells', async () => {
    const store = await filled()
    const moved = { ...csv, meta: { path: 'elsewhere.csv' } }
    await appendAll(store, 'two', [
      started({ inputs: values({ csv: moved }) }),
      succeeded('count', { inputs: values({ csv: moved }), outputs: values({ n: artifact('n') }) }),
    ])
    const story = await why(store, artifact('n').digest)
    expect(story.artifacts[key(csv)]!.path).toBe('elsewhere.csv')
  })

  it('does not take what was made later for what was read', async () => {
    const store = await openStore()
    const [x, y] = [artifact('x'), artifact('y')]
    await appendAll(store, 'r', [
      started(),
      succeeded('a', { inputs: values({ y }), outputs: values({ x }) }),
      succeeded('b', { inputs: values({ x }), outputs: values({ y }) }),
    ])
    const story = await why(store, x.digest)
    expect(Object.keys(story.artifacts)).toHaveLength(2)
    expect(renderWhy(story).split('\n').at(-1)).toContain('given to the run')
  })

  it('does not recurse: a chain of 3,000 steps', async () => {
    const store = await openStore()
    const chain = Array.from({ length: 3_000 }, (_, at) =>
      succeeded(`n${at}`, {
        inputs: values({ previous: artifact(`a${at}`) }),
        outputs: values({ next: artifact(`a${at + 1}`) }),
      }),
    )
    await appendAll(store, 'r', [started(), ...chain])
    const story = await why(store, artifact('a3000').digest)
    expect(Object.keys(story.artifacts)).toHaveLength(3_001)
    const lines = renderWhy(story).split('\n')
    expect(lines).toHaveLength(203)
    expect(lines.at(-1)).toMatch(/and so on$/)
  }, 30_000)

  it('has every kind that shares the digest, and nothing of an unknown one', async () => {
    const store = await openStore()
    const twin = artifact('x', { kind: 'metrics' })
    await appendAll(store, 'r', [started(), succeeded('a', { outputs: values({ x: artifact('x'), twin }) })])
    expect((await why(store, twin.digest)).roots).toEqual([key(artifact('x')), key(twin)])
    expect(await why(store, artifact('unknown').digest)).toEqual({ roots: [], artifacts: {} })
  })
})

describe('renderWhy', () => {
  it('draws the story, each artifact once', async () => {
    const store = await filled()
    expect(`\n${renderWhy(await why(store, best.digest), { digits: 6 })}\n`).toMatchInlineSnapshot(`
      "
      json 8f4375 (4 bytes)
      | made by pick, in run one of tumours, 1970-01-01T00:00:01.000Z, code 91c4
      \`- models: list 8edcc2 (2 items)
         | gathered by trials, in run one of tumours, 1970-01-01T00:00:01.000Z
         |- models[0]: model 9372c4 (5 bytes)
         |  | made by train (trials[0]/train), in run one of tumours, 1970-01-01T00:00:01.000Z, code 7ea1, depth=3
         |  |- rows: table bc51e9 (569 rows)
         |  |  | made by load, in run one of tumours, 1970-01-01T00:00:01.000Z, code 10ad
         |  |  \`- csv: file 53bb9b (3 bytes)
         |  |       read from data/tumours.csv
         |  \`- rate: 0.1
         \`- models[1]: model c6b7dc (11 bytes)
            | made by train (trials[1]/train), in run one of tumours, 1970-01-01T00:00:01.000Z, code 7ea1
            |- rows: table bc51e9 (569 rows), see above
            \`- rate: 0.2
      "
    `)
  })

  it('counts what it leaves out of a long list', async () => {
    const store = await filled()
    expect(renderWhy(await why(store, models.digest), { items: 1 })).toContain('models: 1 more')
  })
})
