import { join } from 'node:path'
import { closure } from '../../src/lineage/closure.ts'
import { LineageGraph } from '../../src/lineage/graph.ts'
import { openConnection } from '../../src/record/sqlite/open.ts'
import { openSqliteMetadata } from '../../src/record/sqlite/store.ts'
import { fastest, once, type Figure } from '../measure.ts'
import { withFolder } from '../workspace.ts'

const executions = 250_000
/** Executions of one run follow one another in most workspaces; here they alternate, which is harder. */
const runs = 1_000

/** The upstream closure over 1,000,000 edges: each execution reads two earlier artifacts and writes two. */
export function lineage(): Promise<Figure[]> {
  return withFolder(async (root) => {
    const path = join(root, 'metadata.sqlite')
    await (await openSqliteMetadata(path)).close()
    const database = await openConnection(path)
    database.exec('begin')
    const insert = database.prepare(
      'insert into edges (execution, artifact, direction, name) values (?, ?, ?, ?)',
    )
    const execution = database.prepare(
      "insert into executions (number, run, node, state, started_at) values (?, ?, ?, 'succeeded', 0)",
    )
    for (let i = 1; i <= executions; i++) {
      execution.run([i, `01890000-0000-7000-8000-${String(i % runs).padStart(12, '0')}`, `n${i}`])
      insert.run([i, Math.max(1, 2 * i - 2), 'in', 'a'])
      insert.run([i, Math.max(1, i), 'in', 'b'])
      insert.run([i, 2 * i, 'out', 'x'])
      insert.run([i, 2 * i + 1, 'out', 'y'])
    }
    database.exec('commit')
    database.close()
    const metadata = await openSqliteMetadata(path)
    const graph = new LineageGraph(metadata)
    const load = await once(() => graph.refresh())
    let reached = 0
    const walk = await fastest(3, () => {
      reached = closure(graph, [2 * executions], 'up').nodes.length
    })
    await metadata.close()
    return [
      { name: 'lineage of 1,000,000 edges, first load', value: load, unit: 'ms' },
      {
        name: `upstream closure over them (${reached.toLocaleString('en')} nodes)`,
        value: walk,
        unit: 'ms',
        budget: '<= 100 ms',
      },
    ]
  })
}
