import { describe, expect, it } from 'vitest'
import { Lineage, type LineageNode } from '../../src/lineage/query.ts'
import { appendAll, artifact, openStore, started, succeeded, values } from '../record/support.ts'

function text(nodes: readonly LineageNode[]): string[] {
  return nodes.map((node) =>
    node.type === 'artifact'
      ? `${node.depth} ${node.artifact.meta?.['name'] as string}`
      : `${node.depth} ${node.execution.run}:${node.execution.node}`,
  )
}

const named = (name: string) => artifact(name, { meta: { name } })

describe('lineage', () => {
  it('tells what an artifact was made from, and what from it, across runs', async () => {
    const store = await openStore()
    const lineage = new Lineage(store)
    await appendAll(store, 'one', [
      started(),
      succeeded('load', { inputs: values({ csv: named('csv') }), outputs: values({ rows: named('rows') }) }),
      succeeded('train', {
        inputs: values({ rows: named('rows') }),
        outputs: values({ model: named('model') }),
      }),
    ])
    const up = ['1 one:train', '1 rows', '2 one:load', '2 csv']
    expect(text(await lineage.upstream(named('model').digest))).toEqual(up)
    await appendAll(store, 'two', [
      started(),
      succeeded('score', {
        inputs: values({ model: named('model') }),
        outputs: values({ auc: named('auc') }),
      }),
    ])
    expect(text(await lineage.downstream(named('rows').digest))).toEqual([
      '1 one:train',
      '1 model',
      '2 two:score',
      '2 auc',
    ])
    expect(text(await lineage.upstream(named('csv').digest))).toEqual([])
    expect(await lineage.upstream(artifact('unknown').digest)).toEqual([])
    await store.remove({
      runs: [{ id: 'two', state: 'interrupted', finishedAt: null }],
      blobs: [],
      cacheKeys: [],
    })
    expect(text(await lineage.downstream(named('rows').digest))).toEqual(['1 one:train', '1 model'])
  })
})
