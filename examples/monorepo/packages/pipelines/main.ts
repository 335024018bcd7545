import { openWorkspace } from 'pipewright'
import { nightly } from './nightly.ts'

const pw = await openWorkspace()
const { run, outputs } = await pw.run(nightly, { series: [1, 2, 1, 2, 90, 1, 2] })
// Steps that run side by side end in any order.
const executions = (await pw.show(run.id)).executions.toSorted((a, b) => (a.node > b.node ? -1 : 1))
for (const { node, reused } of executions) console.log(`${node}: ${reused === null ? 'executed' : 'reused'}`)
console.log(`anomalies at ${outputs.anomalies.join(', ')}`)
await pw.close()
