import { deepStrictEqual, ok, strictEqual } from 'node:assert/strict'
import type { ModelVersion } from '../../../record/records.ts'
import type { MetadataStore } from '../../../record/metadata.ts'
import { collect, type MetadataRules } from './case.ts'
import { appendAll, artifact, key, started, succeeded, values } from './made-events.ts'

const [a, b] = [artifact('a'), artifact('b')]
const twin = artifact('b', { kind: 'metrics' })

/** A chain of two nodes, of which the first gives two values of one content. */
async function chain(store: MetadataStore, run = 'r'): Promise<void> {
  await appendAll(store, run, [
    started({ inputs: values({ a }) }),
    succeeded('s', { inputs: values({ a }), outputs: values({ b, twin }) }),
    succeeded('t', { inputs: values({ b }) }),
  ])
}

/** A version of a model as it is registered. */
export function modelOf(
  name: string,
  content: string,
  run: string | null = 'r',
): Omit<ModelVersion, 'version' | 'aliases'> {
  const model = artifact(content, { kind: 'model' })
  return {
    name,
    digest: model.digest,
    artifact: model,
    registeredAt: 5,
    run,
    node: 'n',
    metadata: { auc: 1 },
  }
}

/** What follows from what: artifacts, edges, models. */
export const lineageRules = {
  async 'gives edges in rising order, with their ends'({ store }) {
    await chain(store)
    const edges = await collect(store.edges())
    deepStrictEqual(
      edges.map(({ direction, run }) => `${direction} ${run}`),
      ['in r', 'out r', 'out r', 'in r'],
    )
    ok(edges.every(({ number }, at) => at === 0 || number > edges[at - 1]!.number))
    deepStrictEqual(await collect(store.edges(edges[1]!.number)), edges.slice(2))
    strictEqual(edges[3]!.artifact, edges.find(({ direction }) => direction === 'out')!.artifact)
  },

  async 'gives the named edges of executions, of artifacts, and of those within a run'({ store }) {
    await chain(store)
    await chain(store, 'again')
    const edges = await collect(store.edges())
    const names = (found: readonly { readonly name: string; readonly direction: string }[]): string[] =>
      found.map(({ name, direction }) => `${direction} ${name}`)
    const first = edges[0]!.execution
    deepStrictEqual(names(await store.edgesOf('execution', [first])), ['in a', 'out b', 'out twin'])
    const middle = edges[1]!.artifact
    deepStrictEqual(names(await store.edgesOf('artifact', [middle])), ['out b', 'in b', 'out b', 'in b'])
    deepStrictEqual(names(await store.edgesWithin('again', [middle])), ['out b', 'in b'])
    deepStrictEqual(await store.edgesOf('artifact', []), [])
  },

  async 'gives artifacts by their digest, by its beginning, and by their numbers'({ store }) {
    await chain(store)
    deepStrictEqual(await store.artifacts(b.digest), [b, twin])
    deepStrictEqual(await store.artifactsByPrefix(b.digest.slice(0, 12)), [b, twin])
    deepStrictEqual(await store.artifactsByPrefix('sha256:zz'), [])
    const [one, two] = await store.artifactNumbers(b.digest)
    deepStrictEqual(await store.artifactsByNumber([two!, 999_999, one!]), [
      { number: two, artifact: twin },
      { number: one, artifact: b },
    ])
    deepStrictEqual(await store.artifacts(key('nothing')), [])
  },

  async 'gives executions by their numbers, in the order asked for'({ store }) {
    await chain(store)
    const [s, t] = await store.executions('r')
    const found = await store.executionsByNumber([t!.number, 999_999, s!.number])
    deepStrictEqual(found, [t, s])
  },

  async 'gives the latest executions of a step that have really run'({ store }) {
    for (const run of ['r1', 'r2', 'r3']) await appendAll(store, run, [started(), succeeded('s')])
    await appendAll(store, 'r4', [
      started(),
      succeeded('s', { attempt: 0, reused: { run: 'r1', node: 's' } }),
    ])
    const runs = async (before: number, limit: number): Promise<string[]> =>
      (await store.executionsOf('s', before, limit)).map(({ run }) => run)
    deepStrictEqual(await runs(Number.MAX_SAFE_INTEGER, 2), ['r3', 'r2'])
    const third = (await store.executionAt('r3', 's'))!
    deepStrictEqual(await runs(third.number, 10), ['r2', 'r1'])
    deepStrictEqual(await runs(third.number, 0), [])
  },

  async 'gives all artifacts of a run'({ store }) {
    await chain(store)
    const facts = { metrics: {}, params: {}, reports: [artifact('report')] }
    await appendAll(store, 'r', [succeeded('u', { facts })])
    await appendAll(store, 'other', [started({ inputs: values({ x: artifact('x') }) })])
    const digests = new Set((await collect(store.artifactsOfRun('r'))).map(({ digest }) => digest))
    deepStrictEqual([...digests].toSorted(), [a.digest, b.digest, artifact('report').digest].toSorted())
  },

  async 'tells when edges are to be read again'({ store }) {
    await chain(store)
    const before = await store.lineageGeneration()
    await appendAll(store, 'other', [started(), succeeded('s', { outputs: values({ a }) })])
    strictEqual(await store.lineageGeneration(), before, 'new edges alone are no reason')
    // A producer that has run again: the edges of its first success are gone.
    await appendAll(store, 'r', [succeeded('s', { inputs: values({ a }), outputs: values({ b }) })])
    ok((await store.lineageGeneration()) > before)
  },

  async 'registers a model of an equal digest once'({ store }) {
    const one = await store.registerModel(modelOf('m', 'x'), 'champion')
    deepStrictEqual(one, { ...modelOf('m', 'x'), version: 1, aliases: ['champion'] })
    const two = await store.registerModel(modelOf('m', 'y'), 'champion')
    deepStrictEqual([two.version, two.aliases], [2, ['champion']])
    deepStrictEqual(await store.registerModel(modelOf('m', 'x'), undefined), { ...one, aliases: [] })
    strictEqual((await store.registerModel(modelOf('other', 'x'), undefined)).version, 1)
    await store.registerModel(modelOf('m', 'x'), 'old')
    const versions = (await store.modelVersions('m')).map(({ version, aliases }) => [version, aliases])
    deepStrictEqual(versions, [
      [2, ['champion']],
      [1, ['old']],
    ])
    strictEqual((await store.modelVersions()).length, 3)
  },
} satisfies MetadataRules
