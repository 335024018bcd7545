// DBOS workflows on PostgreSQL. It has no cache: a workflow id stands for one result.
import { DBOS } from '@dbos-inc/dbos-sdk'
import { body, join } from './body.mjs'

const [flow, size, mode] = process.argv.slice(2)
const workflowID = 'peers'

const step = (state) => DBOS.runStep(async () => body(state), { name: 'step' })

const chain = DBOS.registerWorkflow(
  async (length) => {
    let state = { value: 0 }
    for (let i = 0; i < length; i++) state = await step(state)
    return state
  },
  { name: 'chain' },
)

const fanOut = DBOS.registerWorkflow(
  async (width) => {
    const states = await Promise.all(Array.from({ length: width }, (_, value) => step({ value })))
    return DBOS.runStep(async () => join(states), { name: 'gather' })
  },
  { name: 'map' },
)

async function fork() {
  const steps = await DBOS.listWorkflowSteps(workflowID)
  const failed = steps.find(({ error }) => error)
  return DBOS.forkWorkflow(workflowID, failed.functionID)
}

DBOS.setConfig({
  name: 'peers',
  systemDatabaseUrl: process.env.PEERS_DATABASE,
  runAdminServer: false,
  executorID: 'peers',
  applicationVersion: '1',
  logLevel: 'warn',
})
await DBOS.launch()
try {
  // Opening alone makes its tables.
  if (flow !== 'open') {
    const start = DBOS.startWorkflow(flow === 'map' ? fanOut : chain, { workflowID })
    const handle = mode === 'resume' ? await fork() : await start(Number(size))
    await handle.getResult()
  }
} finally {
  await DBOS.shutdown()
}
